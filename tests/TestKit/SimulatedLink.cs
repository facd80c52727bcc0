namespace Pipeline.TestKit;

/// <summary>
/// A network in simulated time: loses, delays, reorders, doubles and holds back what is sent, the same for the same seed. Keeps an
/// account of what it did, for tests to compare a receiver's own counters with.
/// </summary>
/// <typeparam name="T">What is carried; handed over as it was given.</typeparam>
public sealed class SimulatedLink<T>(int seed)
{
    private readonly Random random = new(seed);
    private readonly PriorityQueue<T, (TimeSpan Arrival, long Order)> underWay = new();
    private readonly List<T> lost = [];
    private long order;
    private TimeSpan lastArrival;

    /// <summary>Share of packets that never arrive.</summary>
    public double Loss { get; init; }
    /// <summary>Share of packets that arrive twice.</summary>
    public double Duplication { get; init; }
    /// <summary>Share of packets that others overtake.</summary>
    public double Reordering { get; init; }
    /// <summary>By how much an overtaken packet comes later, at most.</summary>
    public TimeSpan ReorderedBy { get; init; } = TimeSpan.FromMilliseconds(80);
    /// <summary>What the quickest packet takes.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(30);
    /// <summary>What a packet takes longer than the quickest, evenly spread; alone it keeps the order, as a queue does.</summary>
    public TimeSpan Jitter { get; init; }
    /// <summary>Spans in which nothing arrives: at their end all of it does.</summary>
    public IReadOnlyList<(TimeSpan From, TimeSpan To)> Holds { get; init; } = [];
    /// <summary>Packets that no other overtakes.</summary>
    public Predicate<T> KeepsOrder { get; init; } = _ => false;

    public IReadOnlyList<T> Lost => lost;
    public int Duplicated { get; private set; }

    public void Send(T packet, TimeSpan at)
    {
        if (random.NextDouble() < Loss)
        {
            lost.Add(packet);
            return;
        }
        bool overtaken = random.NextDouble() < Reordering && !KeepsOrder(packet);
        var arrival = Max(at + Delay + random.NextDouble() * Jitter, lastArrival);
        if (!overtaken) lastArrival = arrival;
        else arrival += random.NextDouble() * ReorderedBy;
        Enqueue(packet, arrival);

        if (random.NextDouble() >= Duplication) return;
        Duplicated++;
        Enqueue(packet, arrival + random.NextDouble() * ReorderedBy);
    }

    /// <summary>What arrives up to <paramref name="now"/>, in the order it does.</summary>
    public IEnumerable<(T Packet, TimeSpan Arrival)> Deliver(TimeSpan now)
    {
        while (underWay.TryPeek(out _, out var next) && next.Arrival <= now)
            yield return (underWay.Dequeue(), next.Arrival);
    }

    public IEnumerable<(T Packet, TimeSpan Arrival)> DeliverAll() => Deliver(TimeSpan.MaxValue);

    private void Enqueue(T packet, TimeSpan arrival)
    {
        foreach (var (from, to) in Holds)
            if (arrival >= from && arrival < to) arrival = to;
        underWay.Enqueue(packet, (arrival, order++));
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
