using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Meetings;

/// <summary>
/// What is being said in one meeting, past the mailbox: the newest partial of each segment that has no stored final. Kept in memory
/// alone, a few for each track; for any number of readers, who see the newest and never all. Any thread.
/// </summary>
public sealed class OpenSegments
{
    private readonly ChangeSignal changed = new();
    private readonly Lock gate = new();
    private readonly Dictionary<Guid, Caption> open = [];
    private readonly HashSet<Guid> ending = [];

    /// <summary>Completes with the next change.</summary>
    public Task Next => changed.Next;

    /// <summary>The next revision of a segment; of one whose final is known, nothing.</summary>
    public void Revise(Caption partial)
    {
        lock (gate)
        {
            if (ending.Contains(partial.Segment)) return;
            open[partial.Segment] = partial;
        }
        changed.Pulse();
    }

    /// <summary>Its final is on its way to the archive: nobody is shown a partial after it, and nobody takes it for lost.</summary>
    public void End(Guid segment)
    {
        lock (gate)
            if (open.Remove(segment)) ending.Add(segment);
    }

    /// <summary>Its final is stored, or there will be none.</summary>
    public void Settle(Guid segment)
    {
        bool known;
        lock (gate) known = open.Remove(segment) | ending.Remove(segment);
        if (known) changed.Pulse();
    }

    /// <summary>The newest revisions, and of which segments the final is on its way.</summary>
    public (IReadOnlyList<Caption> Open, IReadOnlySet<Guid> Ending) Look()
    {
        lock (gate) return ([.. open.Values], ending.ToHashSet());
    }
}
