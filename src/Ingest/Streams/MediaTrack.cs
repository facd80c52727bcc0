using System.Net;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Ingest.Streams;

/// <summary>One source's media as the recorder needs to know it.</summary>
/// <param name="Number">1, 2, … within the meeting; names the track in the journal.</param>
/// <param name="Ssrc">The only one it takes; null: it adopts what comes.</param>
/// <param name="AudioLevelExtension">Id of `ssrc-audio-level` (RFC 6464), where it was declared.</param>
/// <param name="From">Where its sender is; null: anywhere that may send at all.</param>
public sealed record TrackDescription(
    int Number, string Participant, string Name, string Codec, byte PayloadType, int ClockRate, int Channels, uint? Ssrc,
    byte? AudioLevelExtension, IPNetwork? From)
{
    /// <summary>What its packets are protected with; null: they come plain.</summary>
    public SrtpParameters? Srtp { get; init; }
}

/// <summary>Takes one track's packets, each at its place, in order.</summary>
public interface ITrackSink
{
    /// <param name="placed">Valid during the call.</param>
    void Write(in PlacedPacket placed);
}

/// <summary>
/// One track: its streams, one for each SSRC it had, in order; what is known of its quality; and the two taps, captions at once and the
/// recording two seconds later. The same for packets from the wire and from the journal.
/// </summary>
public sealed class MediaTrack : IDisposable
{
    private const int MaxGaps = 1000;
    /// <summary>When a stream is heard again that another had followed.</summary>
    private static readonly TimeSpan ReturnsAfter = TimeSpan.FromSeconds(1);

    private readonly Dictionary<uint, (ReceiveStream Stream, int Restarts, int Epoch)> streams = [];
    private readonly List<Gap> gaps = [], withheld = [];                             // those apart: as few as there were commands, in order
    private readonly LevelDetector detector = new();
    private readonly TrackTimeline timeline;
    private readonly CaptionTap? captions;
    private ulong madeUp;                                                            // a bit each of the next 64 frames of the mix, by number modulo 64
    private float loudest = TrackGain.Silence;                                       // frame since the level was taken
    private int epochs;
    private ReceiveStream? newest;

    /// <param name="speech">Null: nobody wants captions.</param>
    /// <param name="maxWaiting">Packets that may wait to be placed; by default two seconds of the shortest.</param>
    public MediaTrack(TrackDescription description, ISpeechSink? speech, int maxWaiting = 800)
    {
        Description = description;
        timeline = new TrackTimeline(new JitterBuffer(maxWaiting));
        captions = speech is null ? null : new CaptionTap(description.Number, speech);
    }

    public TrackDescription Description { get; private set; }
    public TrackPlayer Player { get; } = new();
    /// <summary>Meeting time of its last packet; long before the meeting while there was none.</summary>
    public TimeSpan LastPacket { get; private set; } = TimeSpan.FromDays(-1);
    public bool HasPackets => LastPacket >= TimeSpan.Zero;
    /// <summary>Meeting time somebody last spoke, as the recording hears it.</summary>
    public TimeSpan LastSpeech { get; private set; }
    /// <summary>Why its payloads are discarded as they arrive: <see cref="GapKind.Pause"/> or <see cref="GapKind.Consent"/>. Null: they are taken.</summary>
    public GapKind? Withheld { get; private set; }
    /// <summary>Meeting time since when it is heard, where it was not before: what was sent earlier, and comes late, is not taken either.</summary>
    public TimeSpan HeardFrom { get; private set; } = TimeSpan.FromDays(-1);
    /// <summary>Silence put into its file, and taken out of it, so that it keeps up with the meeting.</summary>
    public (TimeSpan Added, TimeSpan Removed) FileSilence => (OpusPacket.ToTime(timeline.AddedSilence), OpusPacket.ToTime(timeline.RemovedSilence));
    /// <summary>Meeting time of its first packet; null before.</summary>
    public TimeSpan? FirstPacket { get; private set; }
    /// <summary>Takes the packets as they are placed; null: only the mix does.</summary>
    public ITrackSink? File { get; set; }
    public bool Ended => EndedAt < TimeSpan.MaxValue;
    /// <summary>Meeting time; later than any while it goes on.</summary>
    public TimeSpan EndedAt { get; private set; } = TimeSpan.MaxValue;
    public long OutOfRange { get; private set; }

    /// <summary>Takes in a packet of one of its SSRCs.</summary>
    public void Receive(in RtpPacket packet, TimeSpan arrival)
    {
        if (!Accept(packet, arrival, out int epoch, out long sequence, out long timestamp)) return;
        int level = Description.AudioLevelExtension is { } id && packet.TryGetExtension(id, out var data) ? data[0] & 0x7F : -1;
        timeline.Insert(epoch, packet.Ssrc, sequence, timestamp, arrival, level, packet.Payload);
        captions?.Insert(epoch, sequence, timestamp, arrival, packet.Payload);
    }

    /// <summary>Takes in a packet of which only the header is to be known: it is received, counted and not heard.</summary>
    public void ReceiveHeader(in RtpPacket packet, TimeSpan arrival)
    {
        if (Accept(packet, arrival, out int epoch, out long sequence, out long timestamp)) timeline.InsertHeader(epoch, packet.Ssrc, sequence, timestamp, arrival);
    }

    /// <summary>Takes in a compound RTCP packet: the sender reports of its SSRCs.</summary>
    public void ReceiveRtcp(ReadOnlySpan<byte> compound, TimeSpan arrival)
    {
        while (SenderReport.TryReadNext(ref compound, out var report))
            if (streams.TryGetValue(report.Ssrc, out var known) && known.Stream.TryExtend(report.Timestamp, out long timestamp))
                timeline.InsertReport(new WaitingReport(known.Epoch, report.NtpTime, timestamp, arrival));
    }

    /// <summary>From now on it has this name and takes this SSRC; null: what it has, and what comes.</summary>
    public void Change(string name, uint? ssrc) => Description = Description with { Name = name, Ssrc = ssrc };

    /// <summary>False where only the header of what arrived then may be kept.</summary>
    public bool TakesPayload(TimeSpan arrival) => Withheld is null && arrival >= HeardFrom;

    /// <summary>From now on only headers come: what captions wait for has come. Another reason takes the place of the one before.</summary>
    public void Withhold(GapKind why, TimeSpan at)
    {
        if (Withheld == why) return;
        if (Withheld is null) captions?.Pause();
        else ExtendWithheld(at);
        Withheld = why;
        if (withheld.Count > 0 && withheld[^1].From == withheld[^1].To) withheld.RemoveAt(withheld.Count - 1);
        if (withheld.Count > 0 && withheld[^1].Kind == why && at - withheld[^1].To < TimeSpan.FromMilliseconds(1)) ExtendWithheld(at);   // over a restart it is one
        else withheld.Add(new Gap(at, at, why));
    }

    /// <summary>What withholds it lasts until then, at least.</summary>
    public void ExtendWithheld(TimeSpan to)
    {
        if (Withheld is not null && to > withheld[^1].To) withheld[^1] = withheld[^1] with { To = to };
    }

    /// <summary>The meeting ends here: nothing was withheld later.</summary>
    public void CutWithheld(TimeSpan end)
    {
        for (int n = 0; n < withheld.Count; n++)
            if (withheld[n].To > end) withheld[n] = withheld[n] with { To = end };   // of one that began later nothing is left
    }

    /// <summary>What arrives from then on is taken again.</summary>
    public void Hear(TimeSpan at)
    {
        ExtendWithheld(at);
        (Withheld, HeardFrom) = (null, at);
    }

    /// <summary>What was said to be heard from <paramref name="said"/> on is heard from <paramref name="at"/> on indeed.</summary>
    public void HearLater(TimeSpan said, TimeSpan at)
    {
        if (Withheld is not null || HeardFrom != said) return;
        if (withheld.Count > 0) withheld[^1] = withheld[^1] with { To = at };
        HeardFrom = at;
    }

    /// <summary>Places the next packet for the recording; see <see cref="TrackTimeline.Advance"/>.</summary>
    public bool Place(long horizon, out PlacedPacket placed)
    {
        if (!timeline.Advance(horizon, out placed)) return false;
        if (placed.Missing > 0 && AddLoss(OpusPacket.ToTime(placed.Start - placed.Missing), OpusPacket.ToTime(placed.Start)))
            placed = placed with { Lost = 0, Missing = 0, Fresh = true };            // what was not to be recorded is not made up either
        if (placed.Missing > 0) NoteMadeUp(placed.Start - Math.Min(placed.Missing, TrackPlayer.WriteAhead), placed.Start);
        if (placed.InFile) File?.Write(placed);
        return true;
    }

    /// <summary>Gives captions what is due.</summary>
    public void AdvanceCaptions(TimeSpan now) => captions?.Advance(now);

    /// <summary>Notes how loud the frame just mixed was.</summary>
    /// <param name="mixed">The sample it ends before.</param>
    public void NoteLevel(long mixed)
    {
        var at = OpusPacket.ToTime(mixed);
        ulong frame = 1UL << (int)((mixed - 1) / Mixer.FrameSize & 63);
        if (IsWithheldAt(at)) detector.Interrupt();
        else
        {
            detector.Add(Player.Gain.Level, sent: (madeUp & frame) == 0);
            loudest = Math.Max(loudest, Player.Gain.Level);
        }
        madeUp &= ~frame;
        if (detector.IsSpeaking) LastSpeech = at;
    }

    /// <summary>How loud it was since this was asked last.</summary>
    public TrackLevel TakeLevel()
    {
        var level = new TrackLevel(Description.Number, (int)MathF.Round(Math.Clamp(loudest, TrackGain.Silence, 0)), detector.IsSpeaking);
        loudest = TrackGain.Silence;
        return level;
    }

    public void End(TimeSpan at)
    {
        if (Ended) return;
        EndedAt = at;
        captions?.End();
    }

    /// <summary>Nobody recorded for a while: what was sent meanwhile is the outage's, or would have been withheld, and not lost by the network.</summary>
    public void Interrupt(TimeSpan from, TimeSpan to)
    {
        foreach (var (stream, _, _) in streams.Values) stream.Restart();
        if (Withheld is not null) ExtendWithheld(to);
        else AddGap(new Gap(from, to, GapKind.Outage));
    }

    /// <summary>Adjacent gaps of one kind become one.</summary>
    public void AddGap(Gap gap)
    {
        if (gaps.Count > 0 && gaps[^1].Kind == gap.Kind && gap.From - gaps[^1].To < TimeSpan.FromMilliseconds(1))
            gaps[^1] = gaps[^1] with { To = gap.To };
        else if (gaps.Count < MaxGaps) gaps.Add(gap);
        else GapsTruncated = true;
    }

    public TrackQuality Quality()
    {
        var counts = default(ReceptionCounts);
        foreach (var (stream, _, _) in streams.Values) counts += stream.Counts;
        return new TrackQuality
        {
            PacketsReceived = counts.Received,
            PacketsLost = counts.Lost,
            PacketsRecovered = Player.PacketsRecovered,
            PacketsLate = timeline.Late,
            Duplicates = counts.Duplicates,
            Jitter = newest?.Jitter ?? TimeSpan.Zero,
            Concealed = OpusPacket.ToTime(Player.ConcealedSamples),
            ClockDriftPpm = timeline.DriftPpm,
            Dtx = OpusPacket.ToTime(timeline.DtxSamples),
            Talked = OpusPacket.ToTime(detector.TalkedFrames * Mixer.FrameSize),
            Gaps = [.. gaps.Concat(withheld.Where(g => g.To > g.From)).OrderBy(g => g.From)],
            GapsTruncated = GapsTruncated,
        };
    }

    public void Dispose()
    {
        Player.Dispose();
        captions?.Dispose();
    }

    private bool GapsTruncated { get; set; }

    private bool Accept(in RtpPacket packet, TimeSpan arrival, out int epoch, out long sequence, out long timestamp)
    {
        if (!streams.TryGetValue(packet.Ssrc, out var known)) known = (new ReceiveStream(packet.Ssrc, Description.ClockRate), 0, -1);
        bool othersSilent = known.Stream != newest && newest is not null && arrival - newest.LastArrival >= ReturnsAfter;
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

    /// <summary>What the decoder fills in says nothing about the room or the voice; the frame after it comes back only slowly.</summary>
    private void NoteMadeUp(long from, long to)
    {
        long delay = OpusDecoder.CodecDelay + Limiter.Delay;
        for (long n = (from - delay) / Mixer.FrameSize; n <= (to - delay) / Mixer.FrameSize + 1; n++) madeUp |= 1UL << (int)(n & 63);
    }

    private bool IsWithheldAt(TimeSpan at)
    {
        for (int n = withheld.Count - 1; n >= 0; n--)                                  // the mix is seconds behind: at most the last few are after it
            if (withheld[n].From < at) return at <= withheld[n].To;
        return false;
    }

    /// <summary>What of the span was not withheld is lost. True when some of it was.</summary>
    private bool AddLoss(TimeSpan from, TimeSpan to)
    {
        bool some = false;
        foreach (var span in withheld)
        {
            if (span.To <= from || span.From >= to) continue;
            if (span.From > from) AddGap(new Gap(from, span.From, GapKind.Loss));
            (from, some) = (span.To, true);
        }
        if (from < to) AddGap(new Gap(from, to, GapKind.Loss));
        return some;
    }
}
