using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;

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
        if (work.WithPorts(work.Asked(tracks, id, isNew: false)) is not { } asked) return new AddTracksResult.NoCapacity(NoPort);
        AddTracksResult? result = null;
        try
        {
            return result = await CommandAsync(tenant, id, new MeetingCommand.AddTracks(asked), ct) switch
            {
                null => new AddTracksResult.NotFound(),
                { Refusal: Refusal.AmbiguousTrack refused } => new AddTracksResult.AmbiguousTrack(refused.Index),
                { Refusal: Refusal.TooManyTracks } => new AddTracksResult.TooManyTracks(),
                { Refusal: Refusal.InvalidState refused } => new AddTracksResult.InvalidState(refused.Status),
                { Meeting: var meeting } => new AddTracksResult.Added([.. meeting.Tracks.Where(t => asked.Any(a => a.Id == t.Track.Id))]),
            };
        }
        finally
        {
            if (result is not AddTracksResult.Added) work.Release(asked);            // those its media took meanwhile, it has
        }
    }

    private const string NoPort = "every port of the range is in use";

    public async Task<EndTrackResult> EndTrackAsync(TenantId tenant, MeetingId id, TrackId track, CancellationToken ct) =>
        await CommandAsync(tenant, id, new MeetingCommand.EndTrack(track, IsUnwanted: true), ct) switch
        {
            null => EndTrackResult.NoSuchMeeting,
            { Refusal: Refusal.NoSuchTrack } => EndTrackResult.NoSuchTrack,
            { Refusal: Refusal.InvalidState } => EndTrackResult.InvalidState,
            _ => EndTrackResult.Ended,
        };

    public async Task<PatchTrackResult> PatchTrackAsync(TenantId tenant, MeetingId id, TrackId track, TrackPatch patch, CancellationToken ct) =>
        await CommandAsync(tenant, id, new MeetingCommand.PatchTrack(track, patch), ct) switch
        {
            null => new PatchTrackResult.NoSuchMeeting(),
            { Refusal: Refusal.NoSuchTrack } => new PatchTrackResult.NoSuchTrack(),
            { Refusal: Refusal.InvalidState refused } => new PatchTrackResult.InvalidState(refused.Status),
            { Refusal: Refusal.TrackIsOver } => new PatchTrackResult.TrackIsOver(),
            { Refusal: Refusal.AmbiguousTrack, Meeting: var meeting } =>
                new PatchTrackResult.AmbiguousTrack(meeting.Tracks.First(t => t.Track.Id == track).Track.Spec with { Ssrc = patch.Ssrc?.Ssrc }),
            { Meeting: var meeting } => new PatchTrackResult.Patched(meeting.Tracks.First(t => t.Track.Id == track), meeting.Port ?? 0),
        };

    public async Task<PatchMeetingResult> PatchAsync(TenantId tenant, MeetingId id, MeetingPatch patch, CancellationToken ct) =>
        await CommandAsync(tenant, id, new MeetingCommand.PatchMeeting(patch), ct) switch
        {
            null => new PatchMeetingResult.NotFound(),
            { Refusal: Refusal.TooMuchMetadata } => new PatchMeetingResult.TooMuchMetadata(),
            { Refusal: Refusal.OtherVersion } => new PatchMeetingResult.OtherVersion(),
            { Meeting: var meeting } => new PatchMeetingResult.Patched(meeting.View()),
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

        while (true)
        {
            if (await store.FindAsync(tenant, id, ct) is not { } meeting) return null;
            if (!meeting.IsOver) throw new OperationCanceledException("The server is stopping.");
            var decided = meeting.Decide(command, meeting.Now(clock));
            var after = meeting.Apply(decided);
            try
            {
                if (decided.Count > 0) await store.CommitAsync(after, decided);
                return new Outcome(after, meeting.Refuse(command));
            }
            catch (StaleMeetingException)
            {
                // Somebody else changed it in between: decide again on what it is now.
            }
        }
    }
}
