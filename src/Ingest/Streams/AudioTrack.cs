using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Streams;

/// <summary>Takes one track's packets, each at its place, in order.</summary>
public interface ITrackSink
{
    /// <param name="placed">Valid during the call.</param>
    void Write(in PlacedPacket placed);
}

/// <summary>A track that is heard, on two taps: captions at once and the recording two seconds later.</summary>
public sealed class AudioTrack : MediaTrack
{
    /// <summary>What others repeat of a time in which nothing was kept may have been on its way for so long more.</summary>
    private static readonly TimeSpan OvertakenBy = TimeSpan.FromMilliseconds(100);

    private readonly AudioCodec codec;
    private readonly byte? comfortPayloadType;
    private readonly int samplesPerTick;                                             // at 48 kHz, in which the taps are
    private readonly LevelDetector detector = new();
    private readonly TrackTimeline timeline;
    private readonly CaptionTap? captions;
    private readonly RedReceiver? red;
    private readonly long[] recovered = new long[3];                                 // packets placed, by how they came
    private ulong madeUp;                                                            // a bit each of the next 64 frames of the mix, by number modulo 64
    private float loudest = TrackGain.Silence;                                       // frame since the level was taken
    private TimeSpan lastSpeech;

    /// <param name="speech">Null: nobody wants captions.</param>
    /// <param name="maxWaiting">Packets that may wait to be placed; by default two seconds of the shortest.</param>
    public AudioTrack(TrackDescription description, ISpeechSink? speech, int maxWaiting = 800) : base(description)
    {
        codec = AudioCodec.Find(description.Codec);
        comfortPayloadType = description.ComfortPayloadType;
        samplesPerTick = OpusPacket.ClockRate / codec.ClockRate;
        timeline = new TrackTimeline(new JitterBuffer(maxWaiting), codec);
        captions = speech is null ? null : new CaptionTap(description.Number, speech, codec);
        Player = new TrackPlayer(codec);
        red = description.Red is not null ? new RedReceiver(description.Codec == "red" ? description.RedContent : description.PayloadType) : null;
    }

    public TrackPlayer Player { get; }
    /// <summary>When somebody last spoke.</summary>
    public override TimeSpan LastActive => lastSpeech;
    /// <summary>Silence put into its file, and taken out of it, so that it keeps up with the meeting.</summary>
    public (TimeSpan Added, TimeSpan Removed) FileSilence => (OpusPacket.ToTime(timeline.AddedSilence), OpusPacket.ToTime(timeline.RemovedSilence));
    public override RecoveredCounts Recovered => new(recovered[(int)Recovery.Redundancy], Player.PacketsRecovered, recovered[(int)Recovery.Retransmission]);
    /// <summary>Takes the packets as they are placed; null: only the mix does.</summary>
    public ITrackSink? File { get; set; }

    /// <summary>Places the next packet for the recording; see <see cref="TrackTimeline.Advance"/>.</summary>
    public bool Place(long horizon, out PlacedPacket placed)
    {
        if (!timeline.Advance(horizon, out placed)) return false;
        if (placed.Missing > 0 && AddLoss(OpusPacket.ToTime(placed.Start - placed.Missing), OpusPacket.ToTime(placed.Start)))
            placed = placed with { Lost = 0, Missing = 0, Fresh = true };            // what was not to be recorded is not made up either
        recovered[(int)placed.Packet.Recovery]++;
        if (placed.Missing > 0) NoteMadeUp(placed.Start - Math.Min(placed.Missing, TrackPlayer.WriteAhead), placed.Start);
        if (placed.InFile) File?.Write(placed);
        return true;
    }

    /// <summary>Gives captions what is due.</summary>
    public override void Advance(TimeSpan now) => captions?.Advance(now);

    /// <summary>Notes how loud the frame just mixed was.</summary>
    /// <param name="mixed">The sample it ends before.</param>
    public void NoteLevel(long mixed)
    {
        var at = OpusPacket.ToTime(mixed);
        ulong frame = 1UL << (int)((mixed - 1) / Mixer.FrameSize & 63);
        if (Withheld.Holds(at)) detector.Interrupt();
        else
        {
            detector.Add(Player.Gain.Level, sent: (madeUp & frame) == 0);
            loudest = Math.Max(loudest, Player.Gain.Level);
        }
        madeUp &= ~frame;
        if (detector.IsSpeaking) lastSpeech = at;
    }

    /// <summary>How loud it was since this was asked last.</summary>
    public TrackLevel TakeLevel()
    {
        var level = new TrackLevel(Description.Number, (int)MathF.Round(Math.Clamp(loudest, TrackGain.Silence, 0)), detector.IsSpeaking);
        loudest = TrackGain.Silence;
        return level;
    }

    public override void EraseWithheld(in RtpPacket packet, Span<byte> payload, TimeSpan arrival)
    {
        if (IsRepair(packet))
        {
            if (Description.PayloadType != Description.Red || !TryGetTicksHeard(packet, arrival, out long sent)) return;
            if (sent < RedPacket.Reach) RedPacket.Erase(payload[Math.Min(2, payload.Length)..], leastOffset: (int)Math.Max(sent + 1, 0));   // when it was asked for does not matter
        }
        else if (packet.PayloadType == Description.Red)
        {
            long heard = OpusPacket.ToSamples(arrival - Withheld.HeardFrom - OvertakenBy) / samplesPerTick;
            if (heard < RedPacket.Reach) RedPacket.Erase(payload, leastOffset: (int)heard);
        }
    }

    public override void Dispose()
    {
        Player.Dispose();
        captions?.Dispose();
    }

    /// <summary>Of a sender whose packets are RED and not, nothing tells which of them comes again.</summary>
    protected override bool MayKeepAgain(long heard) => Description.RedPayloadType is null || heard >= RedPacket.Reach;

    protected override void Take(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival)
    {
        int level = Description.AudioLevelExtension is { } id && packet.TryGetExtension(id, out var data) ? data[0] & 0x7F : -1;
        var how = packet.IsRetransmitted ? Recovery.Retransmission : Recovery.None;
        RedPacket opened = default;
        bool isRed = packet.PayloadType == Description.Red;
        if (isRed && !red!.TryOpen(packet.Payload, out opened)) return;               // what is lost with it may come with a later one
        var payload = isRed ? opened.Payload : packet.PayloadType == comfortPayloadType ? codec.Comfort : packet.Payload;
        timeline.Insert(epoch, packet.Ssrc, sequence, timestamp * samplesPerTick, arrival, level, payload, how);
        captions?.Insert(epoch, sequence, timestamp * samplesPerTick, arrival, payload, how);

        red?.Note(epoch, sequence, timestamp);
        for (int back = 1; back <= opened.Redundant; back++)
        {
            if (!red!.TryRecover(opened, back, epoch, sequence, timestamp, out var earlier)) continue;
            long when = earlier.Timestamp * samplesPerTick;
            timeline.Insert(epoch, packet.Ssrc, earlier.Sequence, when, arrival, audioLevel: -1, earlier.Payload, Recovery.Redundancy);
            captions?.Insert(epoch, earlier.Sequence, when, arrival, earlier.Payload, Recovery.Redundancy);
        }
    }

    protected override void TakeHeader(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival) =>
        timeline.InsertHeader(epoch, packet.Ssrc, sequence, timestamp * samplesPerTick, arrival);

    protected override void TakeReport(uint ssrc, int epoch, ulong ntpTime, long timestamp, TimeSpan arrival) =>
        timeline.InsertReport(new WaitingReport(epoch, ntpTime, timestamp * samplesPerTick, arrival));

    protected override void Interrupted() => captions?.Pause();

    protected override void Finished() => captions?.End();

    protected override TrackQuality Measure(TrackQuality received) => received with
    {
        PacketsLate = timeline.Late,
        Concealed = OpusPacket.ToTime(Player.ConcealedSamples),
        ClockDriftPpm = timeline.DriftPpm,
        Dtx = OpusPacket.ToTime(timeline.DtxSamples),
        Talked = OpusPacket.ToTime(detector.TalkedFrames * Mixer.FrameSize),
    };

    /// <summary>What the decoder fills in says nothing about the room or the voice; the frame after it comes back only slowly.</summary>
    private void NoteMadeUp(long from, long to)
    {
        long delay = Player.Delay + Limiter.Delay;
        for (long n = (from - delay) / Mixer.FrameSize; n <= (to - delay) / Mixer.FrameSize + 1; n++) madeUp |= 1UL << (int)(n & 63);
    }
}
