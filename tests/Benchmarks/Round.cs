namespace Pipeline.Benchmarks;

/// <summary>What one round of packets cost.</summary>
internal sealed record Round
{
    /// <summary>Those measured; warm-up not counted.</summary>
    public required long Packets { get; init; }
    public required TimeSpan Wall { get; init; }
    /// <summary>CPU of all threads but the sender's, in nanoseconds.</summary>
    public required long ProcessNs { get; init; }
    /// <summary>Of it, CPU of the loop's thread; 0 where that was not told apart.</summary>
    public long LoopNs { get; init; }
    /// <summary>Of that, CPU for placing packets on the meeting's time line, for the recording.</summary>
    public long PlaceNs { get; init; }
    /// <summary>Bytes, on the loop's thread.</summary>
    public long LoopAllocated { get; init; }
    /// <summary>Bytes, on all threads.</summary>
    public long ProcessAllocated { get; init; }
    /// <summary>By the sender's count, warm-up included.</summary>
    public required long Sent { get; init; }
    /// <summary>By the journals' files.</summary>
    public required long Read { get; init; }

    public double ReceivedPerCpuSecond => Packets * 1e9 / (ProcessNs - PlaceNs);
    public double PlacedPerCpuSecond => Packets * 1e9 / ProcessNs;
    public double PlacedPerSecond => Packets / Wall.TotalSeconds;
    public double Cores => ProcessNs / 1e9 / Wall.TotalSeconds;
}
