using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Streams;

/// <summary>
/// One track: its streams, one for each SSRC it had, in order, and what is known of its quality. What becomes of a packet that was accepted is its kind's
/// affair. The same for packets from the wire and from the journal.
/// </summary>
public abstract class MediaTrack : IDisposable
{
    private const int MaxGaps = 1000;
    /// <summary>SSRCs that are remembered; of more those that were silent longest are summed up.</summary>
    private const int MaxStreams = 16;
    /// <summary>When a stream is heard again that another had followed.</summary>
    private static readonly TimeSpan ReturnsAfter = TimeSpan.FromSeconds(1);

    private readonly Dictionary<uint, (ReceiveStream Stream, int Restarts, int Epoch)> streams = [];
    private readonly Dictionary<uint, ReceiveStream> repairs = [];                   // in which lost packets come again: counted apart, RFC 4588 §4
    private readonly List<Gap> gaps = [];
    private readonly Action<TimeSpan, TimeSpan> addLoss;
    private bool gapsTruncated;
    private int epochs;
    private long restored;
    private ReceiveStream? newest;
    private ReceptionCounts forgotten;

    protected MediaTrack(TrackDescription description)
    {
        Description = description;
        addLoss = (from, to) => AddGap(new Gap(from, to, GapKind.Loss));
    }

    public TrackDescription Description { get; private set; }
    /// <summary>Meeting time of its last packet; long before the meeting while there was none.</summary>
    public TimeSpan LastPacket { get; private set; } = TimeSpan.FromDays(-1);
    public bool HasPackets => LastPacket >= TimeSpan.Zero;
    /// <summary>Meeting time of its first packet; null before.</summary>
    public TimeSpan? FirstPacket { get; private set; }
    /// <summary>Meeting time at which there was last something to hear or to see, as the recording knows it.</summary>
    public abstract TimeSpan LastActive { get; }
    /// <summary>When only headers are kept of it.</summary>
    public WithheldSpans Withheld { get; } = new();
    public bool Ended => EndedAt < TimeSpan.MaxValue;
    /// <summary>Meeting time; later than any while it goes on.</summary>
    public TimeSpan EndedAt { get; private set; } = TimeSpan.MaxValue;
    public long OutOfRange { get; private set; }
    /// <summary>Lost packets that are there all the same.</summary>
    public virtual RecoveredCounts Recovered => new(0, 0, restored);
    /// <summary>All its SSRCs, those of <see cref="TrackDescription.Rtx"/> too, in the order they came.</summary>
    internal List<ReceiveStream> Streams { get; } = [];
    /// <summary>The SSRC it is heard or seen by now; null before there is one.</summary>
    internal ReceiveStream? Newest => newest;

    /// <summary>Takes in a packet of one of its SSRCs.</summary>
    public void Receive(in RtpPacket packet, TimeSpan arrival)
    {
        if (IsRepair(packet)) Restore(packet, arrival);
        else if (Accept(packet, arrival, out int epoch, out long sequence, out long timestamp)) Take(packet, epoch, sequence, timestamp, arrival);
    }

    /// <summary>Takes in a packet of which only the header is to be known: it is received, counted and neither heard nor seen.</summary>
    public void ReceiveHeader(in RtpPacket packet, TimeSpan arrival)
    {
        if (IsRepair(packet))
        {
            CountRepair(packet, arrival);
            return;
        }
        if (Accept(packet, arrival, out int epoch, out long sequence, out long timestamp)) TakeHeader(packet, epoch, sequence, timestamp, arrival);
        streams[packet.Ssrc].Stream.Withhold();
    }

    /// <summary>False for a packet of which only the header may be kept: it came while others' were withheld, or repeats one of those.</summary>
    public bool MayKeep(in RtpPacket packet, TimeSpan arrival) =>
        Withheld.Takes(arrival) && (!IsRepair(packet) || (TryGetTicksHeard(packet, arrival, out long heard) && MayKeepAgain(heard)));

    /// <summary>Takes out of a packet that may be kept what it repeats of others that may not.</summary>
    /// <param name="payload">The packet's, where it lies.</param>
    public virtual void EraseWithheld(in RtpPacket packet, Span<byte> payload, TimeSpan arrival) { }

    /// <summary>Takes in a compound RTCP packet: the sender reports of its SSRCs.</summary>
    public void ReceiveRtcp(ReadOnlySpan<byte> compound, TimeSpan arrival)
    {
        foreach (var stream in Streams)
            if (Goodbye.IsSaid(compound, stream.Ssrc)) stream.NoteGoodbye();
        while (SenderReport.TryReadNext(ref compound, out var report))
        {
            if (repairs.TryGetValue(report.Ssrc, out var repair)) repair.NoteReport(report.NtpTime, arrival);
            if (!streams.TryGetValue(report.Ssrc, out var known)) continue;
            known.Stream.NoteReport(report.NtpTime, arrival);
            if (known.Stream.TryExtend(report.Timestamp, out long timestamp)) TakeReport(report.Ssrc, known.Epoch, report.NtpTime, timestamp, arrival);
        }
    }

    /// <summary>From now on it has this name and takes this SSRC; null: what it has, and what comes.</summary>
    public void Change(string name, uint? ssrc) => Description = Description with { Name = name, Ssrc = ssrc };

    /// <summary>From now on only headers come: what waits for more has come.</summary>
    public void Withhold(GapKind why, TimeSpan at)
    {
        if (Withheld.Reason is null) Interrupted();
        Withheld.Begin(why, at);
        foreach (var (stream, _, _) in streams.Values) stream.Withhold();
    }

    /// <summary>Gives whoever cannot wait what is due.</summary>
    public virtual void Advance(TimeSpan now) { }

    public void End(TimeSpan at)
    {
        if (Ended) return;
        EndedAt = at;
        Finished();
    }

    /// <summary>Nobody recorded for a while: what was sent meanwhile is the outage's, or would have been withheld, and not lost by the network.</summary>
    public void Interrupt(TimeSpan from, TimeSpan to)
    {
        foreach (var (stream, _, _) in streams.Values) stream.Restart();
        if (Withheld.Reason is not null) Withheld.ExtendTo(to);
        else AddGap(new Gap(from, to, GapKind.Outage));
    }

    /// <summary>Adjacent gaps of one kind become one.</summary>
    public void AddGap(Gap gap)
    {
        if (gaps.Count > 0 && gaps[^1].Kind == gap.Kind && gap.From - gaps[^1].To < TimeSpan.FromMilliseconds(1))
            gaps[^1] = gaps[^1] with { To = gap.To };
        else if (gaps.Count < MaxGaps) gaps.Add(gap);
        else gapsTruncated = true;
    }

    public TrackQuality Quality()
    {
        var counts = forgotten;
        foreach (var (stream, _, _) in streams.Values) counts += stream.Counts;
        return Measure(new TrackQuality
        {
            PacketsReceived = counts.Received,
            PacketsLost = counts.Lost,
            PacketsRecovered = Recovered.Total,
            Duplicates = counts.Duplicates,
            Jitter = newest?.Jitter ?? TimeSpan.Zero,
            Gaps = [.. gaps.Concat(Withheld.Gaps).OrderBy(g => g.From)],
            GapsTruncated = gapsTruncated,
        });
    }

    public abstract void Dispose();

    /// <summary>False for a packet that comes again of which nobody can tell whether it repeats others that may not be kept.</summary>
    /// <param name="heard">Ticks from the first packet taken after others were withheld, if some were, to it.</param>
    protected virtual bool MayKeepAgain(long heard) => true;

    /// <summary>How much later what comes again in this packet was sent than the first of its stream that was taken, in ticks. False: it is not missing.</summary>
    protected bool TryGetTicksHeard(in RtpPacket repair, TimeSpan arrival, out long heard)
    {
        heard = 0;
        if (!repair.TryGetOriginal(0, 0, out var original) || FindLoss(original, arrival) is not { } lossy) return false;
        heard = Withheld.HeardFrom < TimeSpan.Zero ? long.MaxValue : lossy.TicksHeard(original.Timestamp);
        return true;
    }

    protected bool IsRepair(in RtpPacket packet) => packet.PayloadType == Description.Rtx?.PayloadType;

    /// <param name="epoch">Rises by one with each new stream or restart of the track.</param>
    /// <param name="sequence">Comparable within the epoch, as <paramref name="timestamp"/> is.</param>
    /// <param name="timestamp">In the codec's clock.</param>
    protected abstract void Take(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival);
    /// <inheritdoc cref="Take"/>
    protected abstract void TakeHeader(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival);
    protected abstract void TakeReport(uint ssrc, int epoch, ulong ntpTime, long timestamp, TimeSpan arrival);
    /// <summary>The SSRC was silent for longer than so many others: nothing is to be remembered of it.</summary>
    protected virtual void Forget(uint ssrc) { }
    /// <summary>No payload comes for a while.</summary>
    protected abstract void Interrupted();
    /// <summary>No packet comes any more.</summary>
    protected abstract void Finished();
    /// <summary>Adds what its kind knows.</summary>
    protected abstract TrackQuality Measure(TrackQuality received);

    /// <summary>What of the span was not withheld is lost. True when some of it was.</summary>
    protected bool AddLoss(TimeSpan from, TimeSpan to) => Withheld.Except(from, to, addLoss);

    private bool Accept(in RtpPacket packet, TimeSpan arrival, out int epoch, out long sequence, out long timestamp)
    {
        if (!streams.TryGetValue(packet.Ssrc, out var known)) known = (Begin(packet.Ssrc), 0, -1);
        bool mayReturn = Description.Kind == MediaKind.Audio;                        // a picture's encodings are sent at once, and chosen from later
        bool othersSilent = mayReturn && known.Stream != newest && newest is not null && arrival - newest.LastArrival >= ReturnsAfter;
        var reception = known.Stream.Receive(packet, arrival, out sequence, out timestamp);
        bool returned = othersSilent && reception == Reception.Accepted;
        if (known.Epoch < 0 || returned || known.Stream.Restarts != known.Restarts)
        {
            known = (known.Stream, known.Stream.Restarts, epochs++);
            streams[packet.Ssrc] = known;
            newest = known.Stream;
        }
        FirstPacket ??= arrival;
        LastPacket = arrival > LastPacket ? arrival : LastPacket;
        if (reception == Reception.OutOfRange) OutOfRange++;
        epoch = known.Epoch;
        return reception == Reception.Accepted;
    }

    private ReceiveStream Begin(uint ssrc)
    {
        MakeRoomForStream();
        var stream = new ReceiveStream(ssrc, Description.ClockRate) { Missing = Description.Rtx is null ? null : new MissingPackets() };
        Streams.Add(stream);
        return stream;
    }

    /// <summary>What was lost has come again: it takes its place, but stays lost where losses are counted.</summary>
    private void Restore(in RtpPacket packet, TimeSpan arrival)
    {
        if (!CountRepair(packet, arrival) || !packet.TryGetOriginal(0, Description.PayloadType, out var again)) return;
        if (FindLoss(again, arrival) is not { } lossy || !packet.TryGetOriginal(lossy.Ssrc, Description.PayloadType, out var original)) return;
        if (lossy.TryRestore(original.SequenceNumber, original.Timestamp, arrival, out long sequence, out long timestamp))
        {
            restored++;
            Take(original, streams[lossy.Ssrc].Epoch, sequence, timestamp, arrival);
        }
    }

    private bool CountRepair(in RtpPacket packet, TimeSpan arrival)
    {
        if (!repairs.TryGetValue(packet.Ssrc, out var repair))
        {
            if (repairs.Count == MaxStreams && repairs.Values.MinBy(r => r.LastArrival) is { } oldest)
            {
                repairs.Remove(oldest.Ssrc);
                Streams.Remove(oldest);
            }
            repairs[packet.Ssrc] = repair = new ReceiveStream(packet.Ssrc, Description.ClockRate);
            Streams.Add(repair);
        }
        return repair.Receive(packet, arrival, out _, out _) == Reception.Accepted;
    }

    /// <summary>The stream that lacks this packet: the newest, if several do.</summary>
    private ReceiveStream? FindLoss(in RtpPacket original, TimeSpan arrival)
    {
        if (newest is { } now && now.IsWanted(original.SequenceNumber, original.Timestamp, arrival, out _)) return now;
        foreach (var (stream, _, _) in streams.Values)
            if (stream.IsWanted(original.SequenceNumber, original.Timestamp, arrival, out _)) return stream;
        return null;
    }

    /// <summary>Of many SSRCs the one that was silent longest is summed up: who changes it with each word makes no more of them.</summary>
    private void MakeRoomForStream()
    {
        if (streams.Count < MaxStreams) return;
        var oldest = streams.Values.Where(s => s.Stream != newest).MinBy(s => s.Stream.LastArrival).Stream;
        forgotten += oldest.Counts;
        Forget(oldest.Ssrc);
        streams.Remove(oldest.Ssrc);
        Streams.Remove(oldest);
    }
}
