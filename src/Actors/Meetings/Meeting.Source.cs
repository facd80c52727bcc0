namespace Pipeline.Actors.Meetings;

/// <summary>
/// Where the node fetches the meeting's media itself. Who watches the source says how it does; a room that was there and is gone for a
/// minute ends the meeting. One that was never there is waited for, as people who are still to come are.
/// </summary>
public sealed partial record Meeting
{
    /// <summary>For a room to be there again: a Janus that was started anew has only those its configuration names, until somebody makes the others.</summary>
    public static readonly TimeSpan SourceGrace = TimeSpan.FromSeconds(60);

    private List<MeetingEvent> Seen(MeetingCommand.SourceSeen seen, DateTimeOffset now)
    {
        if (Source is not { } was) return [];
        var state = seen.IsWatching
            ? new SourceState(SourceStatus.Watching, seen.Detail)
            : was with
            {
                Status = was.Status == SourceStatus.Connecting ? SourceStatus.Connecting : SourceStatus.Lost,
                Detail = seen.Detail,
                GoneSince = was.GoneSince ?? (seen.IsGone && was.Status != SourceStatus.Connecting ? now : null),
            };
        return state == was ? [] : [new SourceChanged(state, now)];
    }

    /// <summary>Time the node was down counts for nothing: it could not have seen the room come back.</summary>
    private bool IsSourceEnded(DateTimeOffset now) =>
        Source is { GoneSince: { } gone } && now - (gone > ListeningSince ? gone : ListeningSince) >= SourceGrace;
}
