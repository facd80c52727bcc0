namespace Pipeline.Ingest.Repair;

/// <summary>A lost packet's payload, found in a later one. Lives no longer than that one.</summary>
internal readonly ref struct RecoveredPacket(long sequence, long timestamp, ReadOnlySpan<byte> payload)
{
    public long Sequence { get; } = sequence;
    public long Timestamp { get; } = timestamp;
    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>One track's RED: opens its packets, and finds in them those that are missing.</summary>
/// <param name="inner">What they may carry; null: the same as each packet's own.</param>
internal sealed class RedReceiver(byte? inner)
{
    private readonly RecentPackets recent = new();
    private int epoch = -1;

    /// <summary>Payloads that were not RED, or carried what is not this track's.</summary>
    public long Refused { get; private set; }

    /// <summary>Takes note of a packet that came, RED or not.</summary>
    public void Note(int packetEpoch, long sequence, long timestamp)
    {
        if (packetEpoch < epoch) return;
        if (packetEpoch > epoch)
        {
            recent.Clear();
            epoch = packetEpoch;
        }
        recent.Add(sequence, timestamp);
    }

    /// <summary>What a RED packet carries. False: nothing of this track's.</summary>
    public bool TryOpen(ReadOnlySpan<byte> payload, out RedPacket red)
    {
        if (RedPacket.TryParse(payload, out red) && red.PayloadType == (inner ?? red.PayloadType)) return true;
        Refused++;
        return false;
    }

    /// <summary>The earlier packet in a RED packet's block, if it is missing; from then on it is not.</summary>
    /// <param name="sequence">The RED packet's, as its timestamp and its epoch.</param>
    public bool TryRecover(in RedPacket red, int back, int packetEpoch, long sequence, long timestamp, out RecoveredPacket recovered)
    {
        recovered = default;
        var block = red.Block(back);
        if (packetEpoch != epoch || block.PayloadType != red.PayloadType || block.Payload.IsEmpty) return false;
        long at = timestamp - block.TimestampOffset;
        if (!recent.TryPlace(sequence, back, at, out long place)) return false;
        recent.Add(place, at);
        recovered = new RecoveredPacket(place, at, block.Payload);
        return true;
    }
}
