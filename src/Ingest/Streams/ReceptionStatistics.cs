using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Streams;

/// <summary>What of one SSRC arrived and what did not (RFC 3550 §6.4.1, §A.1, §A.3, §A.8). A duplicate never hides a loss.</summary>
public sealed class ReceptionStatistics(int clockRate)
{
    /// <summary>How far back a packet can be told from its duplicate: 1024 packets, 20 s of speech.</summary>
    private const int Window = 1024;
    private static readonly TimeSpan MaxLate = TimeSpan.FromSeconds(3);

    private readonly ulong[] seen = new ulong[Window / 64];
    private readonly ulong[] restored = new ulong[Window / 64];                      // came by another way, whether or not by their own too
    private readonly uint[] timestamps = new uint[Window];                           // of those seen
    private long baseSequence, highest = long.MinValue, unique;
    private double jitter;
    private long lastTransit;
    private long reportedExpected, reportedReceived;                                 // up to the last report

    /// <summary>Unique packets, in or out of order.</summary>
    public long Received => unique;
    public long Duplicates { get; private set; }
    /// <summary>Expected minus received, §A.3.</summary>
    public long CumulativeLost => highest == long.MinValue ? 0 : highest - baseSequence + 1 - unique;
    /// <summary>Of those received; its timestamp below. There is none before the first.</summary>
    public long Highest => highest;
    public uint HighestTimestamp => timestamps[Place(highest)];
    /// <summary>In timestamp units, §A.8.</summary>
    public double InterarrivalJitter => jitter;
    public TimeSpan Jitter => TimeSpan.FromSeconds(jitter / clockRate);

    /// <summary>True for a packet between the first and the newest that never came, by no way, where that can still be told.</summary>
    public bool IsMissing(long extendedSequence) =>
        extendedSequence > baseSequence && extendedSequence < highest && extendedSequence > highest - Window && !IsSeen(extendedSequence) && !IsRestored(extendedSequence);

    /// <summary>A packet that is missing came by another way. It is not received by that: where losses are counted, it stays lost.</summary>
    public void Restore(long extendedSequence) { var (word, bit) = Slot(extendedSequence); restored[word] |= bit; }

    /// <summary>True for one of the last packets, where it was restored.</summary>
    public bool IsRestored(long extendedSequence) { var (word, bit) = Slot(extendedSequence); return (restored[word] & bit) != 0; }

    /// <summary>What a receiver report says, but for the source and its own report; the next one's fraction counts from here.</summary>
    public ReportBlock TakeReport()
    {
        if (highest == long.MinValue) return default;
        long expected = highest - baseSequence + 1, received = unique + Duplicates;  // here they do count as received, §6.4.1
        long newlyExpected = expected - reportedExpected, newlyLost = newlyExpected - (received - reportedReceived);
        (reportedExpected, reportedReceived) = (expected, received);
        return new ReportBlock
        {
            FractionLost = newlyExpected <= 0 || newlyLost <= 0 ? (byte)0 : (byte)Math.Min((newlyLost << 8) / newlyExpected, 255),
            CumulativeLost = (int)Math.Clamp(expected - received, -0x800000, 0x7FFFFF),
            ExtendedHighestSequence = (uint)highest,
            Jitter = (uint)jitter,
        };
    }

    /// <param name="extendedSequence">Unwrapped, within one run of the sequence.</param>
    /// <param name="extendedTimestamp">Unwrapped, in clock ticks.</param>
    /// <returns>False for a packet that was counted before, or is too old to know.</returns>
    public bool Receive(long extendedSequence, long extendedTimestamp, TimeSpan arrival)
    {
        if (highest == long.MinValue)
        {
            baseSequence = extendedSequence;
            highest = extendedSequence - 1;
        }
        if (extendedSequence <= highest - Window || (extendedSequence <= highest && IsSeen(extendedSequence)))
        {
            Duplicates++;
            return false;
        }

        if (extendedSequence > highest)
        {
            long from = Math.Max(highest + 1, extendedSequence - Window + 1);
            for (long s = from; s <= extendedSequence; s++) Forget(s);
            highest = extendedSequence;
        }
        baseSequence = Math.Min(baseSequence, extendedSequence);                     // reordered right at the start
        Remember(extendedSequence);
        timestamps[Place(extendedSequence)] = (uint)extendedTimestamp;
        unique++;

        long transit = arrival.Ticks * clockRate / TimeSpan.TicksPerSecond - extendedTimestamp;
        if (unique > 1) jitter += (Math.Abs(transit - lastTransit) - jitter) / 16;   // §A.8
        lastTransit = transit;
        return true;
    }

    /// <summary>
    /// False for a packet, not the newest, that cannot be one of this run: its number was another timestamp's, its timestamp is far from those
    /// of the numbers around it, or it comes again so late that no network does it.
    /// </summary>
    /// <param name="elapsed">Since the newest came.</param>
    public bool IsCredible(long sequence, uint timestamp, TimeSpan elapsed)
    {
        int age = (int)(HighestTimestamp - timestamp);
        bool soon = TimeSpan.FromSeconds(age / (double)clockRate) + elapsed < MaxLate;
        if (sequence <= highest - Window) return soon && age > 0;
        if (IsSeen(sequence)) return soon && timestamps[Place(sequence)] == timestamp;
        long before = sequence - 1, after = sequence + 1;
        while (before > highest - Window && !IsSeen(before)) before--;
        while (!IsSeen(after)) after++;
        int tolerance = clockRate / 4;                                               // pictures are not always sent in their order
        bool notEarly = before <= highest - Window ? soon : (int)(timestamp - timestamps[Place(before)]) > -tolerance;
        return notEarly && (int)(timestamps[Place(after)] - timestamp) > -tolerance;
    }

    private static int Place(long sequence) => (int)(sequence & (Window - 1));

    private static (int Word, ulong Bit) Slot(long sequence) =>
        (Place(sequence) >> 6, 1UL << (int)(sequence & 63));

    private bool IsSeen(long sequence) { var (word, bit) = Slot(sequence); return (seen[word] & bit) != 0; }
    private void Remember(long sequence) { var (word, bit) = Slot(sequence); seen[word] |= bit; }
    private void Forget(long sequence)
    {
        var (word, bit) = Slot(sequence);
        seen[word] &= ~bit;
        restored[word] &= ~bit;
    }
}
