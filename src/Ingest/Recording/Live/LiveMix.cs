namespace Pipeline.Ingest.Recording.Live;

/// <summary>
/// What can be heard of a meeting while it runs: the parts of all its runs, one after the other, with a hole where nothing was recorded. Thread-safe.
/// </summary>
/// <param name="openEarlier">Opens the parts of runs before this one; called once, when somebody wants to hear.</param>
public sealed class LiveMix(Func<IReadOnlyList<LivePart>> openEarlier) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Lazy<IReadOnlyList<LivePart>> earlier = new(openEarlier);
    private readonly List<LivePart> parts = [];
    private volatile bool isOver;

    /// <summary>In their order.</summary>
    /// <exception cref="IOException">Those of runs before this one cannot be read.</exception>
    public IReadOnlyList<LivePart> Parts
    {
        get { lock (gate) return [.. earlier.Value, .. parts]; }
    }

    /// <summary>Nothing more comes from this run.</summary>
    public bool IsOver => isOver;

    internal void Add(LivePart part)
    {
        lock (gate) parts.Add(part);
    }

    /// <summary>Says so.</summary>
    public void End() => isOver = true;

    /// <summary>Whoever is reading a part is cut off.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            foreach (var part in parts) part.Dispose();
            if (earlier.IsValueCreated) foreach (var part in earlier.Value) part.Dispose();
        }
    }
}
