using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Jitter;

/// <summary>A packet whose place in the meeting is decided. Valid until the next call on its timeline.</summary>
/// <param name="Start">First sample at 48 kHz since the meeting began; never before the end of the packet placed last.</param>
/// <param name="Duration">In samples at 48 kHz.</param>
/// <param name="Lost">Packets between the last one placed and this that never came.</param>
/// <param name="Missing">Samples those should have filled, right before <paramref name="Start"/>.</param>
/// <param name="Fresh">True where it does not go on from the last one: another sender, or a jump in time.</param>
public readonly record struct PlacedPacket(BufferedPacket Packet, long Start, int Duration, int Lost, int Missing, bool Fresh);

/// <summary>
/// Puts one track's packets in order and on the meeting's time line, 48 kHz samples since the meeting began. Within an epoch a
/// packet's place is its RTP timestamp plus an offset; arrival only bounds it. The offset is the least of arrival − timestamp, what
/// the quickest packet took. Where that least grows and stays (a browser whose microphone stalled for 100 ms goes on as if nothing
/// had been), the packets behind the stall begin a new stretch, placed by their arrival; the hole is silence.
/// <code>
/// arrival − timestamp   · ·  ··  ·                  each · is a packet; the offset is the line below them,
///                                      · ··  · ·    looked for one second ahead of the packet to be placed
///                       ‾‾‾‾‾‾‾‾‾‾‾|‾‾‾‾‾‾‾‾‾‾‾    | is where the stall was
/// </code>
/// Looking ahead is possible as packets wait: <see cref="Advance"/> gives a packet only when its place is older than the delay.
/// </summary>
public sealed class TrackTimeline(JitterBuffer buffer)
{
    private const int Rate = OpusPacket.ClockRate;
    /// <summary>How far ahead the least offset is looked for.</summary>
    private const int LookAhead = Rate;
    /// <summary>15 ms: above what the quickest of fifty packets varies by, below what is heard between two files.</summary>
    private const long Tolerance = 15 * Rate / 1000;
    /// <summary>A new level is believed when packets so far on still say so: the last few before a stall may all be late. Unless it is this large.</summary>
    private const int EnoughPackets = 16;
    private const long CertainJump = 200 * Rate / 1000;
    /// <summary>A track that runs ahead gives up a packet when nobody speaks, or at once beyond 60 ms.</summary>
    private const long UrgentShrink = 60 * Rate / 1000;
    private const int QuietLevel = 60;      // −dBov
    private const int QuietPayload = 12;    // bytes: what encoders send for silence

    private int epoch = -1;
    private bool afterHeader;                                                        // of the last packet only the header was kept
    private long offset, end, lastSequence, lastTimestamp, lastDuration;

    /// <summary>Packets that came after their place had been passed.</summary>
    public long Late { get; private set; }
    /// <summary>Packets left out because the track had run ahead of the meeting, or no decoder could take them.</summary>
    public long Dropped { get; private set; }
    /// <summary>Samples at 48 kHz the sender announced as silence by sending nothing (DTX, RFC 7587 §3.1.3).</summary>
    public long DtxSamples { get; private set; }

    /// <summary>Takes in a packet that its stream accepted.</summary>
    /// <param name="packetEpoch">Rises by one with each new stream or restart of the track.</param>
    public void Insert(int packetEpoch, long sequence, long timestamp, TimeSpan arrival, int audioLevel, ReadOnlySpan<byte> payload)
    {
        if (packetEpoch < epoch || (packetEpoch == epoch && sequence <= lastSequence)) { Late++; return; }
        if (OpusPacket.Duration(payload) == 0) { Dropped++; return; }
        if (buffer.IsFull) { Dropped++; return; }
        buffer.Insert(packetEpoch, sequence, timestamp, arrival, audioLevel, payload);
    }

    /// <summary>Takes in a packet of which only the header was kept: it has its place and no sound.</summary>
    public void InsertHeader(int packetEpoch, long sequence, long timestamp, TimeSpan arrival)
    {
        if (packetEpoch < epoch || (packetEpoch == epoch && sequence <= lastSequence)) return;
        if (!buffer.IsFull) buffer.Insert(packetEpoch, sequence, timestamp, arrival, -1, default);
    }

    /// <summary>Places the next packet. False when there is none, or its place is after <paramref name="horizon"/>.</summary>
    /// <param name="horizon">Sample at 48 kHz up to which the reader wants packets now.</param>
    public bool Advance(long horizon, out PlacedPacket placed)
    {
        placed = default;
        while (buffer.Count > 0)
        {
            var (packet, _, _, transit) = buffer.Waiting[0];
            bool another = packet.Epoch != epoch;
            if (!another && packet.Timestamp + LeastOffset(packet, transit) > horizon) return false;   // most calls end here, without a look ahead

            long place = packet.Timestamp + NextOffset(packet, transit, another);
            if (place > horizon) return false;

            if (packet.Payload.IsEmpty)                                              // a header alone: others are not inserted without one
            {
                Accept(packet, another, place - packet.Timestamp, 0);
                afterHeader = true;
                buffer.Release();
                continue;
            }
            int duration = OpusPacket.Duration(packet.Payload);
            long overlap = end - place;
            if (overlap > duration / 2)                                              // the track ran ahead: this one's time is taken
            {
                Accept(packet, another, place - packet.Timestamp, duration);
                Dropped++;
                buffer.Release();
                continue;
            }
            long start = Math.Max(place, end);

            int lost = another || afterHeader ? 0 : (int)Math.Min(packet.Sequence - lastSequence - 1, int.MaxValue);
            long sinceLast = packet.Timestamp - (lastTimestamp + lastDuration);
            bool jumped = another || afterHeader || place - packet.Timestamp != offset;
            if (!another && !afterHeader && lost == 0 && sinceLast > 0) DtxSamples += Math.Min(sinceLast, start - end);
            int missing = lost > 0 ? (int)Math.Clamp(Math.Min(sinceLast, start - end), 0, int.MaxValue) : 0;

            Accept(packet, another, start - packet.Timestamp, duration);
            end = start + duration;
            placed = new PlacedPacket(packet, start, duration, lost, missing, Fresh: another || (jumped && lost == 0));
            afterHeader = false;
            buffer.Release();                                                        // its bytes stay until the next insertion
            return true;
        }
        return false;
    }

    private void Accept(BufferedPacket packet, bool another, long newOffset, int duration)
    {
        if (another) epoch = packet.Epoch;
        (offset, lastSequence, lastTimestamp, lastDuration) = (newOffset, packet.Sequence, packet.Timestamp, duration);
    }

    private long NextOffset(BufferedPacket packet, long transit, bool another)
    {
        var (least, reach) = LeastAhead(buffer.Waiting);
        if (another) return least;
        if (transit - offset < -UrgentShrink) return least;                          // it would lie after its own arrival

        long growth = least - offset;
        if (growth > CertainJump || (growth > Tolerance && reach >= EnoughPackets)) return least;
        if (growth is >= -UrgentShrink and < -Tolerance && IsQuiet(packet)) return least;
        return offset;
    }

    /// <summary>
    /// The least of arrival − timestamp among the first packet and those up to a second after it, and how many packets on one still
    /// says about as much.
    /// </summary>
    private static (long Offset, int Reach) LeastAhead(ReadOnlySpan<WaitingPacket> waiting)
    {
        ref readonly var head = ref waiting[0];
        long least = long.MaxValue;
        int count = 0;
        foreach (ref readonly var packet in waiting)
        {
            if (packet.Epoch != head.Epoch || packet.Timestamp - head.Timestamp > LookAhead) break;
            least = Math.Min(least, packet.Transit);
            count++;
        }
        int reach = count - 1;
        while (waiting[reach].Transit > least + Tolerance) reach--;
        return (least, reach);
    }

    /// <summary>What <see cref="NextOffset"/> never goes below within the epoch, whatever is ahead.</summary>
    private long LeastOffset(BufferedPacket packet, long transit) =>
        transit - offset < -UrgentShrink ? long.MinValue / 2 : IsQuiet(packet) ? offset - UrgentShrink : offset;

    private static bool IsQuiet(BufferedPacket packet) =>
        packet.AudioLevel >= 0 ? packet.AudioLevel >= QuietLevel : packet.Payload.Length <= QuietPayload;
}
