using Pipeline.Actors.Sources;

namespace Pipeline.Actors.Meetings;

/// <summary>Where the node fetches the meeting's media itself: it is watched while the meeting records, and tells the meeting what it finds as anybody would.</summary>
internal sealed partial class MeetingActor
{
    private IMeetingSource? source;                  // from the first media of this life on
    private Task? sourceEnding;                      // what was asked of it is taken back; never faults

    public async Task<IReadOnlyList<Track>?> AddTracksAsync(IReadOnlyList<TrackSpec> tracks, CancellationToken ct)
    {
        var add = new MeetingCommand.AddTracks(work.Asked(tracks, id, isNew: false));
        return await AskAsync(add, ct) is { Refusal: null, Meeting: var after }
            ? [.. after.Tracks.Select(t => t.Track).Where(t => add.Tracks.Any(asked => asked.Id == t.Id))]
            : null;
    }

    public async Task<Meeting?> TellAsync(MeetingCommand command, CancellationToken ct) => (await AskAsync(command, ct))?.Meeting;

    private void FollowSource()
    {
        if (sources is null || sourceEnding is not null || meeting is not { Spec.Source: not null } m) return;
        if (m.Status != MeetingStatus.Recording) sourceEnding = (source ?? sources.CleanUp(m)).EndAsync();
        else if (media is not null) source ??= sources.Watch(m, this);
    }

    /// <summary>While the meeting goes on, what is forwarded stays for its next life.</summary>
    private async Task LeaveSourceAsync()
    {
        if (sourceEnding is not null) await sourceEnding;
        else if (source is not null) await source.DisposeAsync();
    }
}
