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
    /// <summary>A stream of which nothing came for so long does not flow.</summary>
    public static readonly TimeSpan Flows = TimeSpan.FromSeconds(1);
    private const int MostSettings = 8;                                              // packets in front of a key frame's picture
    private const int Window = 1024;                                                 // packets a missing one is waited for

    private readonly ulong[] received = new ulong[Window / 64];                      // of those behind a hole, a bit each, by number modulo the window
    private int epoch = -1;
    private long next, highest;                                                      // the first that is missing; the last that came
    private long settings = long.MinValue, settingsAhead;                            // where the last were that no picture has had; how far ahead they come
    private bool hasSettings;                                                        // some have come
    private long lastKey = long.MinValue, lastLost = long.MinValue;                  // sequence numbers
    private TimeSpan holeSince, holesSince;                                          // the first, as far as it is known; all there have been without a break
    private TimeSpan? lostSince;
    private (TimeSpan From, TimeSpan To)? ended;
    private TimeSpan lastKeyAt = TimeSpan.FromDays(-1);
    private (long Sequence, TimeSpan At) keyBehind = (long.MaxValue, default);       // the first key frame behind the hole

    /// <summary>True while nothing that comes can be shown before a key frame.</summary>
    public bool NeedsKeyFrame => lastKey <= lastLost;
    public TimeSpan LastPacket { get; private set; }
    /// <summary>Its packets have come without a break since then.</summary>
    public TimeSpan FlowsSince { get; private set; } = TimeSpan.FromDays(-1);
    /// <summary>When its last key frame began to come; long before the meeting while none did.</summary>
    public TimeSpan LastKeyAt => lastKeyAt;
    /// <summary>Meeting time from which on something is missing that was sent; null where nothing is, or a key frame made up for it.</summary>
    public TimeSpan? LostSince => NeedsKeyFrame ? lostSince : null;

    /// <summary>A span that had no picture and has ended; null where there is none that was not taken yet.</summary>
    public (TimeSpan From, TimeSpan To)? TakeEnded()
    {
        var taken = ended;
        ended = null;
        return taken;
    }

    /// <param name="packetEpoch">Rises with each restart of the stream, where sequence numbers begin anew.</param>
    /// <param name="isWithheld">Its payload was not to be kept.</param>
    public void Receive(int packetEpoch, long sequence, ReadOnlySpan<byte> payload, bool isWithheld, TimeSpan arrival)
    {
        if (packetEpoch != epoch || sequence - next >= Window) Begin(packetEpoch, sequence, arrival);
        if (arrival - LastPacket >= Flows || FlowsSince < TimeSpan.Zero) FlowsSince = arrival;
        LastPacket = arrival;
        if (isWithheld)
        {
            lastLost = Math.Max(lastLost, sequence);
            lostSince = null;
        }
        else if (!payload.IsEmpty && TryFindKey(sequence, format.KeyFrameIn(payload), out long first)) TakeKey(first, arrival);
        if (sequence < next) return;                                                 // it was given up

        var (before, wasWhole) = (next, next > highest);
        highest = Math.Max(highest, sequence);
        Mark(sequence);
        if (sequence == next) Pass();
        if (next <= highest && (wasWhole || next != before)) holeSince = arrival;
        if (wasWhole) holesSince = arrival;
    }

    /// <summary>Gives up what has been missing for too long.</summary>
    public void Advance(TimeSpan now)
    {
        if (next <= highest && now - holeSince >= Patience) GiveUp(now);
    }

    /// <summary>No more packets come: what is missing is lost.</summary>
    public void Finish()
    {
        while (next <= highest) GiveUp(holeSince);
    }

    private void GiveUp(TimeSpan now)
    {
        Lose(next, holesSince);
        while (!IsMarked(next)) next++;
        Pass();
        holeSince = now;
    }

    private void Begin(int packetEpoch, long sequence, TimeSpan arrival)
    {
        if (packetEpoch == epoch) Lose(sequence - 1, arrival);
        else (lastKey, lastLost, lostSince) = (long.MinValue, long.MinValue, null);
        (epoch, next, highest, keyBehind, settings) = (packetEpoch, sequence, sequence - 1, (long.MaxValue, default), long.MinValue);
        Array.Clear(received);
    }

    /// <summary>A key frame begins with its settings. Where they come in a packet of their own and were not seen, they are missing, or are still to come.</summary>
    private bool TryFindKey(long sequence, KeyFrameStart start, out long first)
    {
        first = sequence;
        hasSettings |= (start & KeyFrameStart.Settings) != 0;
        if (start == KeyFrameStart.Settings) settings = sequence;
        if ((start & KeyFrameStart.Picture) == 0) return false;
        if (start == KeyFrameStart.Picture)
        {
            if (settings < sequence && settings >= sequence - MostSettings) settingsAhead = sequence - settings;
            if (!hasSettings && !format.KnowsSettings) return false;
            first = sequence - settingsAhead;
        }
        else settingsAhead = 0;
        settings = long.MinValue;
        return true;
    }

    private void TakeKey(long sequence, TimeSpan arrival)
    {
        if (NeedsKeyFrame && sequence > lastLost && lostSince is { } since) ended = (since, arrival);
        if (sequence > lastKey) (lastKey, lastKeyAt) = (sequence, arrival);
        if (sequence > next && sequence < keyBehind.Sequence) keyBehind = (sequence, arrival);
    }

    private void Lose(long sequence, TimeSpan since)
    {
        if (!NeedsKeyFrame) lostSince = since;
        lastLost = Math.Max(lastLost, sequence);
        if (!NeedsKeyFrame && keyBehind.Sequence < long.MaxValue) ended = (since, keyBehind.At);   // it has come meanwhile
    }

    private void Pass()
    {
        for (; next <= highest && IsMarked(next); next++) received[(next & Window - 1) >> 6] &= ~(1UL << (int)(next & 63));
        if (next > keyBehind.Sequence) keyBehind = lastKey > next ? (lastKey, lastKeyAt) : (long.MaxValue, default);
    }

    private void Mark(long sequence) => received[(sequence & Window - 1) >> 6] |= 1UL << (int)(sequence & 63);

    private bool IsMarked(long sequence) => (received[(sequence & Window - 1) >> 6] & 1UL << (int)(sequence & 63)) != 0;
}
