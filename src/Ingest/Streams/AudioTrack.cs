using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Mixing;
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
    private readonly LevelDetector detector = new();
    private readonly TrackTimeline timeline;
    private readonly CaptionTap? captions;
    private ulong madeUp;                                                            // a bit each of the next 64 frames of the mix, by number modulo 64
    private float loudest = TrackGain.Silence;                                       // frame since the level was taken
    private TimeSpan lastSpeech;

    /// <param name="speech">Null: nobody wants captions.</param>
    /// <param name="maxWaiting">Packets that may wait to be placed; by default two seconds of the shortest.</param>
    public AudioTrack(TrackDescription description, ISpeechSink? speech, int maxWaiting = 800) : base(description)
    {
        timeline = new TrackTimeline(new JitterBuffer(maxWaiting));
        captions = speech is null ? null : new CaptionTap(description.Number, speech);
    }

    public TrackPlayer Player { get; } = new();
    /// <summary>When somebody last spoke.</summary>
    public override TimeSpan LastActive => lastSpeech;
    /// <summary>Silence put into its file, and taken out of it, so that it keeps up with the meeting.</summary>
    public (TimeSpan Added, TimeSpan Removed) FileSilence => (OpusPacket.ToTime(timeline.AddedSilence), OpusPacket.ToTime(timeline.RemovedSilence));
    /// <summary>Takes the packets as they are placed; null: only the mix does.</summary>
    public ITrackSink? File { get; set; }

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

    public override void Dispose()
    {
        Player.Dispose();
        captions?.Dispose();
    }

    protected override void Take(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival)
    {
        int level = Description.AudioLevelExtension is { } id && packet.TryGetExtension(id, out var data) ? data[0] & 0x7F : -1;
        timeline.Insert(epoch, packet.Ssrc, sequence, timestamp, arrival, level, packet.Payload);
        captions?.Insert(epoch, sequence, timestamp, arrival, packet.Payload);
    }

    protected override void TakeHeader(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival) =>
        timeline.InsertHeader(epoch, packet.Ssrc, sequence, timestamp, arrival);

    protected override void TakeReport(uint ssrc, int epoch, ulong ntpTime, long timestamp, TimeSpan arrival) =>
        timeline.InsertReport(new WaitingReport(epoch, ntpTime, timestamp, arrival));

    protected override void Interrupted() => captions?.Pause();

    protected override void Finished() => captions?.End();

    protected override TrackQuality Measure(TrackQuality received) => received with
    {
        PacketsRecovered = Player.PacketsRecovered,
        PacketsLate = timeline.Late,
        Concealed = OpusPacket.ToTime(Player.ConcealedSamples),
        ClockDriftPpm = timeline.DriftPpm,
        Dtx = OpusPacket.ToTime(timeline.DtxSamples),
        Talked = OpusPacket.ToTime(detector.TalkedFrames * Mixer.FrameSize),
    };

    /// <summary>What the decoder fills in says nothing about the room or the voice; the frame after it comes back only slowly.</summary>
    private void NoteMadeUp(long from, long to)
    {
        long delay = OpusDecoder.CodecDelay + Limiter.Delay;
        for (long n = (from - delay) / Mixer.FrameSize; n <= (to - delay) / Mixer.FrameSize + 1; n++) madeUp |= 1UL << (int)(n & 63);
    }
}
