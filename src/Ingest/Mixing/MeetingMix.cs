using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Mixing;

/// <summary>Takes the meeting's mix. Called from the media loop: never blocks.</summary>
public interface IMixSink
{
    /// <param name="frame">The next samples of the meeting, 48 kHz mono float; without a gap from the meeting's first on.</param>
    void Write(ReadOnlySpan<float> frame);
}

/// <summary>The meeting's audio tracks, placed, decoded and mixed frame by frame; and what is told of each frame: who speaks, how loud, its shape.</summary>
/// <param name="sink">Null: no mix is wanted.</param>
internal sealed class MeetingMix(IMixSink? sink)
{
    private readonly List<AudioTrack> tracks = [];
    private readonly Mixer mixer = new();
    private long mixed;                                                              // samples since the meeting began

    /// <summary>False: packets are placed and not decoded; there is no mix and no level.</summary>
    public bool Decodes { get; set; } = true;
    /// <summary>Takes the shape of the mix; null: nobody wants it.</summary>
    public Waveform? Waveform { get; set; }
    /// <summary>Takes how loud everybody is; null: nobody ever wants to know.</summary>
    public ILevelSink? Levels { get; set; }
    /// <summary>False once sound came for which the mix had not waited, or that its sender had called silence; the journal has it.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>The first frame is the one that holds <paramref name="at"/>.</summary>
    public void Begin(TimeSpan at)
    {
        mixed = FirstSample(at);
        mixer.Begin(mixed);
    }

    /// <summary>Of the frame that holds <paramref name="at"/>.</summary>
    public static long FirstSample(TimeSpan at) => OpusPacket.ToSamples(at) / Mixer.FrameSize * Mixer.FrameSize;

    public void Add(AudioTrack track)
    {
        tracks.Add(track);
        mixer.Add(track.Player);
    }

    /// <summary>Mixes all whole frames up to <paramref name="end"/>.</summary>
    public void Advance(TimeSpan end) => MixUntil(OpusPacket.ToSamples(end));

    /// <summary>Mixes up to the end of the meeting and not a sample more.</summary>
    public void Finish(TimeSpan duration)
    {
        long end = OpusPacket.ToSamples(duration);
        if (mixed > end) IsWhole = false;                                            // it is longer than the meeting: the wall clock was set back, or the stop took long
        MixUntil(end);
        if (mixed < end) MixFrame((int)(end - mixed));
    }

    private void MixUntil(long end)
    {
        while (mixed + Mixer.FrameSize <= end) MixFrame(Mixer.FrameSize);
    }

    private void MixFrame(int samples)
    {
        long horizon = mixer.Position + Mixer.FrameSize + TrackPlayer.WriteAhead;
        foreach (var track in tracks)
            while (track.Place(horizon, out var placed))
            {
                if (Decodes) track.Player.Write(placed);
                if (placed.Start < mixed || track.Player.WasDeceived) IsWhole = false;
            }
        mixed += samples;
        if (!Decodes) { mixer.Skip(); return; }

        mixer.Mix(out var frame);
        foreach (var track in tracks) track.NoteLevel(mixed);
        if (mixed % LevelReading.Span == 0) GiveLevels();
        sink?.Write(frame[..samples]);
        Waveform?.Write(frame[..samples]);
    }

    private void GiveLevels()
    {
        if (Levels is not { IsWanted: true })
        {
            foreach (var track in tracks) track.TakeLevel();                         // who begins to look is told of what comes
            return;
        }
        var at = OpusPacket.ToTime(mixed);
        var levels = new List<TrackLevel>(tracks.Count);
        foreach (var track in tracks)
        {
            var level = track.TakeLevel();
            if (at <= track.EndedAt) levels.Add(level);
        }
        Levels.Write(new LevelReading(at, levels));
    }
}
