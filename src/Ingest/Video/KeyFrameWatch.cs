namespace Pipeline.Ingest.Video;

/// <summary>
/// Follows one stream's packets as they arrive, keeping none: can what comes be shown? Not before its first key frame, nor after a packet was lost until the
/// next. A missing packet counts as lost when it was not repaired in time to ask for a key frame instead.
/// </summary>
/// <param name="format">What its packets are; of a stream of its own.</param>
internal sealed class KeyFrameWatch(PayloadFormat format)
{
    /// <summary>A repair takes a round trip or two.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);
    private const int Window = 1024;                                                 // packets a missing one is waited for

    private readonly ulong[] received = new ulong[Window / 64];                      // of those behind a hole, a bit each, by number modulo the window
    private int epoch = -1;
    private long next, highest;                                                      // the first that is missing; the last that came
    private long lastKey = long.MinValue, lastLost = long.MinValue;                  // sequence numbers
    private TimeSpan holeSince;
    private TimeSpan? lostSince;

    /// <summary>True while nothing that comes can be shown before a key frame.</summary>
    public bool NeedsKeyFrame => lastKey <= lastLost;
    public TimeSpan LastPacket { get; private set; }
    /// <summary>Meeting time from which on something is missing that was sent; null where nothing is, or a key frame made up for it.</summary>
    public TimeSpan? LostSince => NeedsKeyFrame ? lostSince : null;

    /// <param name="packetEpoch">Rises with each restart of the stream, where sequence numbers begin anew.</param>
    /// <param name="isWithheld">Its payload was not to be kept.</param>
    public void Receive(int packetEpoch, long sequence, ReadOnlySpan<byte> payload, bool isWithheld, TimeSpan arrival)
    {
        if (packetEpoch != epoch || sequence - next >= Window) Begin(packetEpoch, sequence, arrival);
        LastPacket = arrival;
        if (isWithheld)
        {
            lastLost = Math.Max(lastLost, sequence);
            lostSince = null;
        }
        else if (!payload.IsEmpty && format.BeginsKeyFrame(payload)) lastKey = Math.Max(lastKey, sequence);
        if (sequence < next) return;                                                 // it was given up

        var (before, wasWhole) = (next, next > highest);
        highest = Math.Max(highest, sequence);
        Mark(sequence);
        if (sequence == next) Pass();
        if (next <= highest && (wasWhole || next != before)) holeSince = arrival;
    }

    /// <summary>Gives up what has been missing for too long.</summary>
    public void Advance(TimeSpan now)
    {
        while (next <= highest && now - holeSince >= Patience)
        {
            Lose(next, holeSince);
            while (!IsMarked(next)) next++;
            Pass();
            holeSince = now;
        }
    }

    private void Begin(int packetEpoch, long sequence, TimeSpan arrival)
    {
        if (packetEpoch == epoch) Lose(sequence - 1, arrival);
        else (lastKey, lastLost, lostSince) = (long.MinValue, long.MinValue, null);
        (epoch, next, highest) = (packetEpoch, sequence, sequence - 1);
        Array.Clear(received);
    }

    private void Lose(long sequence, TimeSpan since)
    {
        if (!NeedsKeyFrame) lostSince = since;
        lastLost = Math.Max(lastLost, sequence);
        if (!NeedsKeyFrame) lostSince = null;                                        // a key frame has come meanwhile
    }

    private void Pass()
    {
        for (; next <= highest && IsMarked(next); next++) received[(next & Window - 1) >> 6] &= ~(1UL << (int)(next & 63));
    }

    private void Mark(long sequence) => received[(sequence & Window - 1) >> 6] |= 1UL << (int)(sequence & 63);

    private bool IsMarked(long sequence) => (received[(sequence & Window - 1) >> 6] & 1UL << (int)(sequence & 63)) != 0;
}
