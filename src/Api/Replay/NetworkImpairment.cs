namespace Pipeline.Api.Replay;

/// <summary>How bad the simulated network is. The default is a perfect one.</summary>
public sealed record NetworkConditions
{
    public static readonly NetworkConditions Perfect = new();

    /// <summary>Part of the packets that never leave, each by its own luck; 0 … 1.</summary>
    public double Loss { get; init; }
    /// <summary>Each packet is late by 0 … this, uniformly; it still never overtakes one of its own stream, as in a queue.</summary>
    public TimeSpan Jitter { get; init; }
    /// <summary>Part of the packets that are held until 1 to 3 later ones of their stream have left; 0 … 1.</summary>
    public double Reorder { get; init; }
    /// <summary>Part of the packets that leave twice, the copy late by 0 … <see cref="Jitter"/> on its own way; 0 … 1.</summary>
    public double Duplicate { get; init; }
    public int Seed { get; init; } = 1;
}

public enum DeliveryKind { Sent, Duplicate, Lost }

/// <param name="Packet">Index in the packets given.</param>
/// <param name="Time">When it leaves; for a lost one, when it would have.</param>
public readonly record struct Delivery(int Packet, TimeSpan Time, DeliveryKind Kind);

/// <param name="Packets">All, the lost ones too.</param>
/// <param name="Reordered">Left behind at least one later packet of their stream.</param>
public readonly record struct ImpairmentStatistics(int Packets, int Lost, int Duplicated, int Reordered);

/// <summary>What becomes of packets on a bad network. The same packets, conditions and seed give the same deliveries.</summary>
public sealed record NetworkImpairment(IReadOnlyList<Delivery> Deliveries, ImpairmentStatistics Statistics)
{
    private const int FurthestReorder = 3;

    /// <param name="packets">In the order of their times. What befalls a stream does not depend on the others.</param>
    /// <returns>Every packet once as sent or lost, some a second time as duplicate, in the order of their times.</returns>
    public static NetworkImpairment Apply(IReadOnlyList<ReplayPacket> packets, NetworkConditions conditions)
    {
        ThrowIfNoShare(conditions.Loss, nameof(conditions.Loss));
        ThrowIfNoShare(conditions.Reorder, nameof(conditions.Reorder));
        ThrowIfNoShare(conditions.Duplicate, nameof(conditions.Duplicate));
        ArgumentOutOfRangeException.ThrowIfLessThan(conditions.Jitter, TimeSpan.Zero);

        var streams = packets.Select((packet, index) => (packet.Stream, index)).GroupBy(p => p.Stream, p => p.index);
        var links = streams.Select(s => (Link: new Link(packets, conditions, s.Key), Packets: s)).ToList();
        foreach (var (link, indices) in links) link.SendAll(indices);
        return new NetworkImpairment(
            [.. links.SelectMany(l => l.Link.Deliveries).OrderBy(d => d.Time)],   // stable: equal times stay in order
            new ImpairmentStatistics(packets.Count, links.Sum(l => l.Link.Lost), links.Sum(l => l.Link.Duplicated), links.Sum(l => l.Link.Reordered)));
    }

    private static void ThrowIfNoShare(double value, string name)
    {
        if (value is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(name, value, "A share of packets lies between 0 and 1.");
    }

    /// <summary>The way of one stream.</summary>
    private sealed class Link(IReadOnlyList<ReplayPacket> packets, NetworkConditions conditions, int stream)
    {
        private readonly Random random = new(unchecked(conditions.Seed * 1_000_003 + stream));
        private readonly List<(int Packet, TimeSpan Ready, int Behind, double CopyDelay, bool Copied, bool Overtaken)> held = [];
        private TimeSpan last;

        public List<Delivery> Deliveries { get; } = [];
        public int Lost { get; private set; }
        public int Duplicated { get; private set; }
        public int Reordered { get; private set; }

        public void SendAll(IEnumerable<int> indices)
        {
            foreach (int index in indices) Send(index);
            foreach (var late in held) Release(late);   // nobody came to overtake them
        }

        private void Send(int index)
        {
            // Every packet draws all its luck, so that changing one condition leaves what the others do as it was.
            bool lost = random.NextDouble() < conditions.Loss;
            double delay = random.NextDouble();
            bool hold = random.NextDouble() < conditions.Reorder;
            int behind = random.Next(1, FurthestReorder + 1);
            bool copied = random.NextDouble() < conditions.Duplicate;
            double copyDelay = random.NextDouble();

            var time = packets[index].Time;
            if (lost)
            {
                Lost++;
                Deliveries.Add(new Delivery(index, time, DeliveryKind.Lost));
                return;
            }
            time += delay * conditions.Jitter;
            if (hold)
            {
                held.Add((index, time, behind, copyDelay, copied, false));
                return;
            }
            Leave(index, time, copied, copyDelay);
            for (int i = 0; i < held.Count; i++) held[i] = held[i] with { Behind = held[i].Behind - 1, Overtaken = true };
            foreach (var due in held.FindAll(h => h.Behind <= 0)) Release(due);
            held.RemoveAll(h => h.Behind <= 0);
        }

        private void Release((int Packet, TimeSpan Ready, int Behind, double CopyDelay, bool Copied, bool Overtaken) late)
        {
            if (late.Overtaken) Reordered++;
            Leave(late.Packet, late.Ready, late.Copied, late.CopyDelay);
        }

        private void Leave(int index, TimeSpan ready, bool copied, double copyDelay)
        {
            last = ready > last ? ready : last;
            Deliveries.Add(new Delivery(index, last, DeliveryKind.Sent));
            if (!copied) return;
            Duplicated++;
            Deliveries.Add(new Delivery(index, last + copyDelay * conditions.Jitter, DeliveryKind.Duplicate));
        }
    }
}
