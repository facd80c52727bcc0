using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Video;

/// <summary>
/// Puts one video stream's packets in order and its pictures on the meeting's time line, in the way <see cref="Jitter.TrackTimeline"/> does it for sound: a
/// picture lies at its RTP timestamp plus what the quickest packet took, followed as the sender's clock drifts, and where that grows and stays, a new stretch
/// begins. What differs: a picture is many packets, of which the first counts; a picture's place need be only as exact as the eye is; and nothing fills a hole,
/// as the picture before it stays.
/// </summary>
internal sealed class VideoTimeline
{
    public const int Rate = 90_000;
    /// <summary>How far ahead the least offset is looked for.</summary>
    private const int LookAhead = Rate;
    /// <summary>40 ms: what sound and picture may differ by. Frames of different size take their way at different speed, so less says nothing.</summary>
    private const long Tolerance = 40 * Rate / 1000;
    /// <summary>A new level is believed when frames so far on still say so, unless it is this large.</summary>
    private const int EnoughFrames = 6;
    private const long CertainJump = 200 * Rate / 1000;
    private const long Millisecond = Rate / 1000;

    private readonly VideoBuffer buffer = new();
    private readonly RtpClock clock = new(Rate);
    private readonly Queue<(int Epoch, ulong NtpTime, long Timestamp, TimeSpan Arrival)> reports = new(MaxReports);
    private const int MaxReports = 64;
    private int epoch = -1;
    private long lastSequence, timestamp, place, floor = long.MinValue, latest = long.MinValue;

    /// <summary>Packets that came after their place had been passed.</summary>
    public long Late { get; private set; }
    /// <summary>True while no packet waits.</summary>
    public bool IsEmpty => buffer.Count == 0;
    /// <summary>What the sender's clock gains on ours, parts per million; 0 until known.</summary>
    public double DriftPpm => clock.DriftPpm;

    public static long ToTicks(TimeSpan time) => time.Ticks * (Rate / 10_000) / (TimeSpan.TicksPerSecond / 10_000);
    public static TimeSpan ToTime(long ticks) => TimeSpan.FromTicks(ticks * (TimeSpan.TicksPerSecond / 10_000) / (Rate / 10_000));

    /// <summary>Takes in a packet that its stream accepted.</summary>
    /// <param name="packet">Its place is not known yet.</param>
    public void Insert(in VideoPacket packet, TimeSpan arrival)
    {
        if (packet.Epoch < epoch || (packet.Epoch == epoch && packet.Sequence <= lastSequence)) { Late++; return; }
        buffer.Insert(
            new WaitingVideo(
                packet.Epoch, packet.Sequence, packet.Timestamp, arrival, ToTicks(arrival) - packet.Timestamp, packet.Marker, packet.IsWithheld, packet.Rotation, [], 0),
            packet.Payload);
    }

    /// <summary>Takes in a sender report: it counts from the packet on that arrives next.</summary>
    public void InsertReport(int reportEpoch, ulong ntpTime, long reported, TimeSpan arrival)
    {
        if (reports.Count < MaxReports) reports.Enqueue((reportEpoch, ntpTime, reported, arrival));
    }

    /// <summary>Gives the next packet. False when there is none, or its picture's place is after <paramref name="horizon"/>.</summary>
    /// <param name="horizon">Ticks since the meeting began up to which the reader wants packets now.</param>
    /// <param name="packet">Valid until <see cref="Release"/>, which is to follow.</param>
    public bool TryPeek(long horizon, out VideoPacket packet)
    {
        packet = default;
        if (buffer.Count == 0) return false;
        var head = buffer[0];
        if (head.Epoch != epoch || head.Timestamp != timestamp)
        {
            long offset = NextOffset(head, out bool jumped);
            if (head.Timestamp + offset > horizon && !buffer.IsFull) return false;
            Place(head, offset, jumped);
        }
        packet = new VideoPacket
        {
            Epoch = head.Epoch,
            Sequence = head.Sequence,
            Timestamp = head.Timestamp,
            Marker = head.Marker,
            IsWithheld = head.IsWithheld,
            Rotation = head.Rotation,
            Place = place,
            Payload = head.Payload,
        };
        return true;
    }

    /// <summary>Done with the packet that <see cref="TryPeek"/> gave.</summary>
    public void Release()
    {
        lastSequence = buffer[0].Sequence;
        buffer.Release();
    }

    /// <summary>Decides where the picture lies that begins with this packet.</summary>
    private void Place(in WaitingVideo head, long offset, bool jumped)
    {
        if (jumped)
        {
            clock.Begin(head.Timestamp, offset, sameClock: epoch >= 0, sameTimestamps: head.Epoch == epoch);
            floor = latest;                                                          // it may have run ahead
        }
        (epoch, timestamp) = (head.Epoch, head.Timestamp);
        while (reports.TryPeek(out var report) && report.Arrival <= head.Arrival)
        {
            reports.Dequeue();
            if (report.Epoch == epoch) clock.Add(report.NtpTime, report.Timestamp);
        }
        clock.Add(timestamp, LeastOfFrame(head));
        place = Math.Max(timestamp + offset, 0);
        if (place <= floor) place = floor += Millisecond;
        latest = Math.Max(latest, place);
    }

    private long NextOffset(in WaitingVideo head, out bool jumped)
    {
        var (least, reach) = LeastAhead();
        jumped = true;
        if (head.Epoch != epoch) return least;
        long offset = clock.OffsetAt(head.Timestamp), growth = least - offset;
        if (growth > CertainJump || (growth > Tolerance && reach >= EnoughFrames) || growth < -Tolerance) return least;
        jumped = false;
        return offset;
    }

    /// <summary>
    /// The least of arrival − timestamp among the first packet and those up to a second after it, and how many frames on one still says
    /// about as much.
    /// </summary>
    private (long Offset, int Reach) LeastAhead()
    {
        var head = buffer[0];
        long least = long.MaxValue;
        int count = 0;
        for (; count < buffer.Count; count++)
        {
            var packet = buffer[count];
            if (packet.Epoch != head.Epoch || packet.Timestamp - head.Timestamp > LookAhead) break;
            least = Math.Min(least, packet.Transit);
        }
        int reach = count - 1, frames = 0;
        while (buffer[reach].Transit > least + Tolerance) reach--;
        for (int n = 1; n <= reach; n++)
            if (buffer[n].Timestamp != buffer[n - 1].Timestamp) frames++;
        return (least, frames);
    }

    private long LeastOfFrame(in WaitingVideo head)
    {
        long least = head.Transit;
        for (int n = 1; n < buffer.Count && buffer[n] is var packet && packet.Epoch == head.Epoch && packet.Timestamp == head.Timestamp; n++)
            least = Math.Min(least, packet.Transit);
        return least;
    }
}
