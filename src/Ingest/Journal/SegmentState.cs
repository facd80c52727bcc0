namespace Pipeline.Ingest.Journal;

/// <summary>What one segment was found to be.</summary>
public sealed class SegmentState(int number)
{
    private readonly List<JournalDamage> damage = [];

    public int Number { get; } = number;
    /// <summary>The last of those that are missing in a row; else the same number.</summary>
    public int Last { get; internal init; } = number;
    /// <summary>True where there is no such file, and one before or after it, or its key, is there.</summary>
    public bool Missing { get; internal init; }
    /// <summary>0 where the header does not say.</summary>
    public int Run { get; internal set; }
    /// <summary>Meeting time.</summary>
    public TimeSpan Opened { get; internal set; }
    public long Bytes { get; internal init; }
    /// <summary>Blocks that are whole: by their seals, or without keys by their headers.</summary>
    public int Blocks { get; internal set; }
    /// <summary>Packets in blocks whose seals were opened, whole or their header only.</summary>
    public long Packets { get; internal set; }
    /// <summary>Decisions in blocks whose seals were opened.</summary>
    public int Decisions { get; internal set; }
    /// <summary>Where a block begins that was never written to its end, at the end of the file; null where there is none.</summary>
    public long? TornAt { get; internal set; }
    public IReadOnlyList<JournalDamage> Damage => damage;
    public bool IsWhole => damage.Count == 0;

    internal void Add(long offset, string what) => damage.Add(new JournalDamage(Number, offset, what));
}
