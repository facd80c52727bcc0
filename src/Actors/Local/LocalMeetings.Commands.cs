using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Local;

/// <summary>What meetings are told by the outside: passed on to their owners.</summary>
public sealed partial class LocalMeetings
{
    public async Task<AddTracksResult> AddTracksAsync(TenantId tenant, MeetingId id, IReadOnlyList<TrackSpec> tracks, CancellationToken ct)
    {
        if (tracks.Any(t => t.OfferedSrtp is not null))                              // sealing needs a meeting that has its key
        {
            await ReadyToWorkAsync(ct);
            if (await store.FindAsync(tenant, id, ct) is not { } found) return new AddTracksResult.NotFound();
            if (found.IsOver) return new AddTracksResult.InvalidState(found.Status);
        }
        var add = new MeetingCommand.AddTracks(Asked(tracks, id, isNew: false, clock.GetUtcNow()));
        return await CommandAsync(tenant, id, add, ct) switch
        {
            null => new AddTracksResult.NotFound(),
            { Refusal: Refusal.AmbiguousTrack refused } => new AddTracksResult.AmbiguousTrack(refused.Index),
            { Refusal: Refusal.InvalidState refused } => new AddTracksResult.InvalidState(refused.Status),
            { Meeting: var meeting } => new AddTracksResult.Added(
                [.. meeting.Tracks.Where(t => add.Tracks.Any(asked => asked.Id == t.Track.Id))]),
        };
    }

    public async Task<EndTrackResult> EndTrackAsync(TenantId tenant, MeetingId id, TrackId track, CancellationToken ct) =>
        await CommandAsync(tenant, id, new MeetingCommand.EndTrack(track), ct) switch
        {
            null => EndTrackResult.NoSuchMeeting,
            { Refusal: Refusal.NoSuchTrack } => EndTrackResult.NoSuchTrack,
            { Refusal: Refusal.InvalidState } => EndTrackResult.InvalidState,
            _ => EndTrackResult.Ended,
        };

    public async Task<StopMeetingResult> StopAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        await CommandAsync(tenant, id, new MeetingCommand.Stop("requested"), ct) is { } outcome
            ? new StopMeetingResult.Accepted(outcome.Meeting.View())
            : new StopMeetingResult.NotFound();

    public Task<PauseMeetingResult> PauseAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        PauseAsync(tenant, id, new MeetingCommand.PauseRecording(), ct);

    public Task<PauseMeetingResult> ResumeAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        PauseAsync(tenant, id, new MeetingCommand.ResumeRecording(), ct);

    private async Task<PauseMeetingResult> PauseAsync(TenantId tenant, MeetingId id, MeetingCommand command, CancellationToken ct) =>
        await CommandAsync(tenant, id, command, ct) switch
        {
            null => new PauseMeetingResult.NotFound(),
            { Refusal: Refusal.InvalidState refused } => new PauseMeetingResult.InvalidState(refused.Status),
            { Meeting: var meeting } => new PauseMeetingResult.Done(meeting.View()),
        };

    /// <summary>Null where there is no such meeting. One that is over has no owner, but its rules still answer.</summary>
    private async Task<Outcome?> CommandAsync(TenantId tenant, MeetingId id, MeetingCommand command, CancellationToken ct)
    {
        await ReadyToWorkAsync(ct);
        if (await store.FindAsync(tenant, id, ct) is null) return null;
        if (owners.TryGetValue(id, out var owner) && await owner.AskAsync(command, ct) is { } outcome) return outcome;

        if (await store.FindAsync(tenant, id, ct) is not { } meeting) return null;
        if (!meeting.IsOver) throw new OperationCanceledException("The server is stopping.");
        return new Outcome(meeting, meeting.Refuse(command));
    }

    /// <summary>With their keys sealed: from here on nobody but the meeting's media sees them.</summary>
    private List<NewTrack> Asked(IReadOnlyList<TrackSpec> tracks, MeetingId meeting, bool isNew, DateTimeOffset now) =>
        [.. tracks.Select(t => new NewTrack(TrackId.New(now), t.OfferedSrtp is { } offered
            ? t with { OfferedSrtp = null, Srtp = work.Seal(meeting, offered, isNew) }
            : t))];
}
