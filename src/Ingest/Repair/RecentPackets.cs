namespace Pipeline.Ingest.Repair;

/// <summary>
/// Timestamps of a stream's newest packets, by sequence number: between which of them something belongs that comes with a timestamp
/// alone. Redundant blocks do (RFC 2198 §3). Most senders carry the packets right before, some one that is three back; which, those tell
/// that came twice.
/// </summary>
internal sealed class RecentPackets
{
    private const int Size = 64;                                                     // a power of two > RedPacket.MaxRedundant

    private readonly (long Sequence, long Timestamp)[] recent = new (long, long)[Size];
    private long? skipped;                                                           // packets between a carrier and the nearest it carries

    public RecentPackets() => Clear();

    public void Clear()
    {
        Array.Fill(recent, (long.MinValue, 0));
        skipped = null;
    }

    /// <summary>Takes note of a packet that is there.</summary>
    public void Add(long sequence, long timestamp)
    {
        ref var slot = ref recent[sequence & (Size - 1)];
        if (sequence >= slot.Sequence) slot = (sequence, timestamp);
    }

    /// <summary>Where among those that are missing a packet of this timestamp was. False: it is there, or nothing says where it was.</summary>
    /// <param name="carrier">The packet that it came with.</param>
    /// <param name="back">1: the nearest of those it carries, 2: the one before, …</param>
    public bool TryPlace(long carrier, int back, long timestamp, out long sequence)
    {
        sequence = default;
        if (!Has(carrier, out long after)) return false;
        long next = carrier;                                                         // those from `before` to `next`, without them, are missing
        for (long before = carrier - 1; before > carrier - Size; before--)
        {
            if (!Has(before, out long known)) continue;
            if (known == timestamp)
            {
                skipped = carrier - back - before;
                return false;
            }
            if (known > timestamp)
            {
                (next, after) = (before, known);
                continue;
            }
            sequence = Place(before, known, next, after, timestamp, counted: carrier - back);
            return sequence > before && sequence < next;
        }
        return false;
    }

    private long Place(long before, long first, long next, long last, long timestamp, long counted)
    {
        long packets = next - before, duration = (last - first) / packets;
        bool equallyLong = duration > 0 && duration * packets == last - first && (timestamp - first) % duration == 0;
        if (last <= timestamp) return before;                                        // that is nowhere between
        if (counted - skipped is { } known && known > before && known < next) return known;
        return packets == 2 ? before + 1 : equallyLong ? before + (timestamp - first) / duration : counted;
    }

    private bool Has(long sequence, out long timestamp)
    {
        (long stored, timestamp) = recent[sequence & (Size - 1)];
        return stored == sequence;
    }
}
