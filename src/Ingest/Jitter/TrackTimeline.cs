using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Jitter;

/// <summary>A packet whose place in the meeting is decided. Valid until the next call on its timeline.</summary>
/// <param name="Start">First sample at 48 kHz since the meeting began; clocks that differ make it a little before the end of the last one, or after.</param>
/// <param name="Duration">In samples at 48 kHz.</param>
/// <param name="Lost">Packets between the last one placed and this that never came.</param>
/// <param name="Missing">Samples those should have filled, right before <paramref name="Start"/>.</param>
/// <param name="Fresh">True where it does not go on from the last one: another sender, or a jump in time.</param>
public readonly record struct PlacedPacket(BufferedPacket Packet, long Start, int Duration, int Lost, int Missing, bool Fresh)
{
    /// <summary>The same in the track's file, where packets lie one behind the other unaltered; never before the end of the last one.</summary>
    public long FileStart { get; init; } = Start;
    /// <summary>False: left out of the file, which had fallen behind.</summary>
    public bool InFile { get; init; } = true;
    /// <summary>True where the distance from timestamp to place is not the last one's; packets lost in between may hide it.</summary>
    public bool Jumped { get; init; } = Fresh;
    /// <summary>What that distance grows by with each sample, as the sender's clock is slower than ours.</summary>
    public double OffsetSlope { get; init; }
}

/// <summary>A sender report that waits for the packets before it.</summary>
/// <param name="Timestamp">Unwrapped, comparable within the epoch.</param>
public readonly record struct WaitingReport(int Epoch, ulong NtpTime, long Timestamp, TimeSpan Arrival);

/// <summary>
/// Puts one track's packets in order and on the meeting's time line, 48 kHz samples since the meeting began. Within an epoch a
/// packet's place is its RTP timestamp plus an offset; arrival only bounds it. The offset is the least of arrival − timestamp, what
/// the quickest packet took, and <see cref="RtpClock"/> follows it as the sender's clock drifts. Where that least grows and stays (a
/// browser whose microphone stalled for 100 ms goes on as if nothing had been), the packets behind the stall begin a new stretch,
/// placed by their arrival; the hole is silence.
/// <code>
/// arrival − timestamp   · ·  ··  ·                  each · is a packet; the offset is the line below them,
///                                      · ··  · ·    looked for one second ahead of the packet to be placed
///                       ‾‾‾‾‾‾‾‾‾‾‾|‾‾‾‾‾‾‾‾‾‾‾    | is where the stall was
/// </code>
/// Looking ahead is possible as packets wait: <see cref="Advance"/> gives a packet only when its place is older than the delay. All that
/// decides about a place is looked at in the order of the packets, so a journal played later gives the same.
/// </summary>
public sealed class TrackTimeline(JitterBuffer buffer, AudioCodec codec)
{
    private const int Rate = OpusPacket.ClockRate;
    /// <summary>How far ahead the least offset is looked for.</summary>
    private const int LookAhead = Rate;
    /// <summary>15 ms: above what the quickest of fifty packets varies by, below what is heard between two files.</summary>
    private const long Tolerance = 15 * Rate / 1000;
    /// <summary>
    /// A new level is believed when packets so far on still say so: the last few before a stall may all be late. Of long packets there are few, whose
    /// least varies by more. Unless it is this large.
    /// </summary>
    private const int EnoughPackets = 15, FewPackets = 6;
    private const long FarEnough = 300 * Rate / 1000, CertainJump = 200 * Rate / 1000;
    /// <summary>A track that runs ahead gives up a packet when nobody speaks, or at once beyond 60 ms.</summary>
    private const long UrgentShrink = 60 * Rate / 1000;
    private const int MaxReports = 64;
    /// <summary>What the network held back comes within this, which is less than the recording waits.</summary>
    private static readonly TimeSpan BurstLength = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportsApart = TimeSpan.FromMilliseconds(200);  // and a second and more by most senders, RFC 3550 §6.2

    private readonly RtpClock clock = new(Rate);
    private readonly FileTimeline file = new(codec);
    private readonly Queue<WaitingReport> reports = new(MaxReports);
    private int epoch = -1;
    private uint ssrc;
    private bool afterHeader;                                                        // of the last packet only the header was kept
    private long end, lastSequence, lastTimestamp, lastDuration, longest;            // packet of the epoch
    private TimeSpan lastReport = TimeSpan.MinValue;

    /// <summary>Packets that came after their place had been passed.</summary>
    public long Late { get; private set; }
    /// <summary>Packets left out because the track had run ahead of the meeting, or no decoder could take them.</summary>
    public long Dropped { get; private set; }
    /// <summary>Samples at 48 kHz the sender announced as silence by sending nothing (DTX, RFC 7587 §3.1.3).</summary>
    public long DtxSamples { get; private set; }
    /// <summary>What the sender's clock gains on ours, parts per million; 0 until known.</summary>
    public double DriftPpm => clock.DriftPpm;
    /// <summary>Samples of silence the file was given to keep up with the meeting.</summary>
    public long AddedSilence => file.Added;
    /// <summary>Samples of silence left out of the file.</summary>
    public long RemovedSilence => file.Removed;

    /// <summary>Takes in a packet that its stream accepted.</summary>
    /// <param name="packetEpoch">Rises by one with each new stream or restart of the track.</param>
    /// <param name="source">The SSRC: another has another clock.</param>
    public void Insert(
        int packetEpoch, uint source, long sequence, long timestamp, TimeSpan arrival, int audioLevel, ReadOnlySpan<byte> payload,
        Recovery recovery = Recovery.None)
    {
        if (packetEpoch < epoch || (packetEpoch == epoch && sequence <= lastSequence))
        {
            if (recovery == Recovery.None) Late++;
            return;
        }
        if (codec.Duration(payload) == 0) { Dropped++; return; }
        if (buffer.IsFull) { Dropped++; return; }
        buffer.Insert(packetEpoch, sequence, timestamp, arrival, audioLevel, payload, source, recovery);
    }

    /// <summary>Takes in a packet of which only the header was kept: it has its place and no sound.</summary>
    public void InsertHeader(int packetEpoch, uint source, long sequence, long timestamp, TimeSpan arrival)
    {
        if (packetEpoch < epoch || (packetEpoch == epoch && sequence <= lastSequence)) return;
        if (!buffer.IsFull) buffer.Insert(packetEpoch, sequence, timestamp, arrival, -1, default, source);
    }

    /// <summary>Takes in a sender report, at most five a second: it counts from the packet on that arrives next.</summary>
    public void InsertReport(in WaitingReport report)
    {
        if (report.Arrival - ReportsApart < lastReport || reports.Count == MaxReports) return;
        lastReport = report.Arrival;
        reports.Enqueue(report);
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

            if (!TryPlace(packet, transit, another, horizon, out long offset, out bool jumped)) return false;
            long place = packet.Timestamp + offset;

            Follow(packet, transit, offset, another, jumped);
            if (packet.Payload.IsEmpty)                                              // a header alone: others are not inserted without one
            {
                Accept(packet, duration: 0);
                afterHeader = true;
                buffer.Release();
                continue;
            }
            int duration = codec.Duration(packet.Payload);
            if (end - place > (jumped ? duration / 2 : Math.Max(duration / 2, Tolerance)))   // the track ran ahead: this one's time is taken
            {
                Accept(packet, duration);
                Dropped++;
                buffer.Release();
                continue;
            }
            jumped |= afterHeader;
            long start = jumped ? Math.Max(place, end) : place;

            int lost = another || afterHeader ? 0 : (int)Math.Min(packet.Sequence - lastSequence - 1, int.MaxValue);
            var (silent, missing) = another || afterHeader ? default : Hole(packet.Timestamp - (lastTimestamp + lastDuration), Math.Max(0, start - end), lost, duration);
            DtxSamples += silent - missing;

            placed = new PlacedPacket(packet, start, duration, lost, missing, Fresh: another || (jumped && lost == 0))
            {
                FileStart = file.Place(packet, start, duration, jumped, silent - missing, missing, out bool inFile),
                InFile = inFile,
                Jumped = jumped,
                OffsetSlope = clock.OffsetSlope,
            };
            Accept(packet, duration);
            end = start + duration;
            afterHeader = false;
            buffer.Release();                                                        // its bytes stay until the next insertion
            return true;
        }
        return false;
    }

    private void Accept(BufferedPacket packet, int duration)
    {
        (lastSequence, lastTimestamp, lastDuration) = (packet.Sequence, packet.Timestamp, duration);
        longest = Math.Max(longest, duration);
    }

    /// <summary>What of the time since the last packet nobody sent, and what of it was lost.</summary>
    /// <param name="span">In samples, by the timestamps.</param>
    /// <param name="room">By the places.</param>
    private (long Silent, int Missing) Hole(long span, long room, int lost, int duration)
    {
        long neighbours = (long)lost * Math.Max(duration, lastDuration);
        if (span < 0 || span > room + CertainJump) return (Math.Min(room, neighbours), (int)Math.Min(room, neighbours));   // timestamps jumped: they say nothing
        span = Math.Min(span, room + Tolerance);
        // Packets are as long as those beside them, or as the longest there were; what no packet can have filled is silence that nobody sent.
        long missing = span <= (long)lost * longest ? span : neighbours;
        return (span, (int)Math.Min(missing, int.MaxValue));
    }

    /// <summary>Tells the clock of the packet, and of what its sender reported before.</summary>
    private void Follow(BufferedPacket packet, long transit, long offset, bool another, bool jumped)
    {
        if (jumped) clock.Begin(packet.Timestamp, offset, sameClock: !another || (epoch >= 0 && packet.Ssrc == ssrc), sameTimestamps: !another);
        if (another) longest = 0;
        (epoch, ssrc) = (packet.Epoch, packet.Ssrc);
        while (reports.TryPeek(out var report) && report.Arrival <= packet.Arrival)
        {
            reports.Dequeue();
            if (report.Epoch == epoch) clock.Add(report.NtpTime, report.Timestamp);
        }
        if (transit < WaitingPacket.NoTransit) clock.Add(packet.Timestamp, transit);
    }

    /// <summary>Decides where the packet lies. False: after the horizon, or it is not known yet.</summary>
    /// <param name="offset">Place − timestamp.</param>
    /// <param name="jumped">Not the one that holds so far.</param>
    private bool TryPlace(BufferedPacket packet, long transit, bool another, long horizon, out long offset, out bool jumped)
    {
        var waiting = buffer.Waiting;
        var (least, reach) = LeastAhead(waiting);
        bool unknown = least == WaitingPacket.NoTransit;                             // all of them were recovered
        if (unknown) least = OpusPacket.ToSamples(packet.Arrival) - packet.Timestamp;
        offset = another ? least : clock.OffsetAt(packet.Timestamp);
        long growth = unknown ? 0 : least - offset;
        bool early = transit - offset < -UrgentShrink;                               // it would lie after its own arrival
        bool late = !early && (growth > CertainJump || (growth > Tolerance && IsLasting(waiting, reach, growth)));
        if (late && WasHeldBack(waiting, offset)) late = false;
        else if (late && OpusPacket.ToSamples(packet.Arrival) > horizon) { jumped = false; return false; }   // what held it back may yet show
        jumped = another || early || late || (growth is >= -UrgentShrink and < -Tolerance && file.IsQuiet(packet));
        if (jumped) offset = least;
        return packet.Timestamp + offset <= horizon;
    }

    private static bool IsLasting(ReadOnlySpan<WaitingPacket> waiting, int reach, long growth) =>
        reach >= (growth > 2 * Tolerance ? FewPackets : EnoughPackets) && waiting[reach].Timestamp - waiting[0].Timestamp >= FarEnough;

    /// <summary>
    /// Of those that came in the second after the first packet two took no longer than usual: the network had kept the others, and gave all at once. One alone may
    /// have a timestamp that cannot be.
    /// </summary>
    private static bool WasHeldBack(ReadOnlySpan<WaitingPacket> waiting, long offset)
    {
        ref readonly var head = ref waiting[0];
        int usual = 0;
        foreach (ref readonly var packet in waiting)
        {
            if (packet.Epoch != head.Epoch) break;
            bool soon = packet.Packet.Arrival - head.Packet.Arrival <= BurstLength;
            if (soon && packet.Transit - offset <= Tolerance && ++usual == 2) return true;
        }
        return false;
    }

    /// <summary>
    /// The least of arrival − timestamp among the first packet and those up to a second after it, and how many packets on one still
    /// says about as much.
    /// </summary>
    private static (long Offset, int Reach) LeastAhead(ReadOnlySpan<WaitingPacket> waiting)
    {
        ref readonly var head = ref waiting[0];
        long least = WaitingPacket.NoTransit;
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

    /// <summary>What <see cref="TryPlace"/> never goes below within the epoch, whatever is ahead.</summary>
    private long LeastOffset(BufferedPacket packet, long transit)
    {
        long offset = clock.OffsetAt(packet.Timestamp);
        return transit - offset < -UrgentShrink ? long.MinValue / 2 : file.IsQuiet(packet) ? offset - UrgentShrink : offset;
    }
}
