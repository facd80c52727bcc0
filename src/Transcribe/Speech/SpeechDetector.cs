using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Transcribe.Speech;

/// <summary>
/// Cuts one track into utterances: where speech begins, where it ends, and where to cut when nobody stops talking. Judges by level
/// above a noise floor that it learns, so steady noise and hum are silence however loud. Pure: the only time is the sample index.
/// </summary>
public sealed class SpeechDetector
{
    public const int SampleRate = 16_000;
    public const int FrameLength = 320;                      // 20 ms

    private const int FramesPerSecond = SampleRate / FrameLength;
    private const int OnsetFrames = 3;                       // a click is shorter than 60 ms
    private const int PreRollFrames = 20;                    // 400 ms, the onset included: soft consonants come before the level does
    private const int HangoverFrames = 25;                   // 500 ms: pauses inside a sentence are shorter
    private const int LikelyEndFrames = 10;                  // 200 ms: words follow each other closer
    private const int MinSpeechFrames = 10;                  // 200 ms: less is a cough or a chair

    /// <summary>A cut leaves at least 3 s: shorter pieces lose the context that makes words likely.</summary>
    private const int MinCutFrames = 3 * FramesPerSecond;
    private const int DipFrames = 5;                         // 100 ms: the shortest pause one can cut in without cutting a word

    /// <summary>A gap of more silence than this says nothing that this much does not.</summary>
    private const int MaxSilenceFrames = 2 * FramesPerSecond;

    private static readonly float[] Silence = new float[FrameLength];

    private readonly NoiseFloor floor = new();
    private readonly PreRoll preRoll = new(PreRollFrames);
    private readonly UtteranceLimits limits;
    private readonly UtteranceBuffer open;                            // frames of the utterance so far, with their levels
    private int loudRun, quietRun;
    private int onset;                                       // frames of the open utterance before its first word
    private long stableEnd;                                  // what lies before it is one utterance's, wherever it is cut
    private long next;                                       // index of the sample that should come next
    private float loudness;
    private float carried;                                   // the last sample before the frame, for the pre-emphasis

    /// <param name="limits">Null: those of live captions.</param>
    public SpeechDetector(UtteranceLimits? limits = null)
    {
        this.limits = limits ?? UtteranceLimits.Live;
        open = new UtteranceBuffer(this.limits.HardFrames);
    }

    /// <summary>True while an utterance has begun and not ended.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Of the utterance that is open, or was the last (<see cref="Utterance.Number"/>).</summary>
    public int Number { get; private set; }

    /// <summary>An utterance is open, and it was not silent for so long that it may well end.</summary>
    public bool IsSpeaking => IsOpen && quietRun < LikelyEndFrames;

    /// <summary>How loud the open utterance is, over its last second or so of speech; dBFS after pre-emphasis.</summary>
    public float Loudness => loudness;

    /// <summary>How long the open utterance has been spoken, from its first word to its last; pauses inside are counted.</summary>
    public TimeSpan OpenSpeech => TimeSpan.FromSeconds(Math.Max(0, open.FrameCount - quietRun - onset) / (double)FramesPerSecond);

    /// <summary>What the open utterance has so far; null where too little of it is speech. The caller disposes it.</summary>
    public Utterance? Peek() => IsOpen ? open.Take(Number, open.FrameCount, floor, MinSpeechFrames) : null;

    /// <summary>The open utterance is not cut before this sample: its words up to there are promised.</summary>
    public void KeepUntil(long sample) => stableEnd = sample;

    /// <summary>Takes the next frame. False for most frames; true when it ended an utterance.</summary>
    /// <param name="firstSample">Since the meeting began; not before the end of the last frame. What lies between is silence.</param>
    /// <param name="frame"><see cref="FrameLength"/> samples, 16 kHz mono, −1 … 1; copied where it is needed.</param>
    /// <param name="utterance">The caller disposes it.</param>
    public bool TryPush(long firstSample, ReadOnlySpan<float> frame, [NotNullWhen(true)] out Utterance? utterance)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(frame.Length, FrameLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(firstSample, next);
        utterance = firstSample > next ? SkipTo(firstSample) : null;
        var ended = Step(frame);
        // After silence long enough to end one utterance a single frame cannot end another.
        utterance ??= ended;
        return utterance is not null;
    }

    /// <summary>Ends what is open: the track ends, or nothing has come for a while.</summary>
    public bool TryFlush([NotNullWhen(true)] out Utterance? utterance)
    {
        utterance = IsOpen ? Close() : null;
        return utterance is not null;
    }

    private Utterance? SkipTo(long firstSample)
    {
        Utterance? utterance = null;
        long missing = (firstSample - next) / FrameLength;
        for (long n = 0; n < Math.Min(missing, MaxSilenceFrames); n++) utterance ??= Step(Silence);
        if (missing > MaxSilenceFrames) preRoll.Clear();
        // What the gap has beyond whole frames, less than 20 ms, is left out of the utterance; what follows goes where it belongs.
        if (IsOpen) open.MoveEnd(firstSample);
        next = firstSample;
        return utterance;
    }

    private Utterance? Step(ReadOnlySpan<float> frame)
    {
        long at = next;
        next += FrameLength;
        float level = Level(frame);
        floor.Add(level);
        bool loud = level > floor.Onset;

        if (!IsOpen)
        {
            preRoll.Add(at, frame, level);
            loudRun = loud ? loudRun + 1 : 0;
            if (loudRun < OnsetFrames) return null;
            loudness = level;
            Open();
            return null;
        }

        open.Add(at, frame, level);
        quietRun = level > floor.Offset ? 0 : quietRun + 1;
        if (quietRun == 0) loudness += (level - loudness) / FramesPerSecond;
        if (quietRun >= HangoverFrames) return Close();
        if (open.FrameCount >= limits.SoftFrames && quietRun >= DipFrames) return Close();
        return open.FrameCount >= limits.HardFrames ? Cut() : null;
    }

    private void Open()
    {
        IsOpen = true;
        Number++;
        quietRun = 0;
        open.Clear();
        preRoll.MoveTo(open);
        onset = open.FrameCount - OnsetFrames;
    }

    private Utterance? Close()
    {
        var utterance = open.Take(Number, open.FrameCount, floor, MinSpeechFrames);
        IsOpen = false;
        loudRun = 0;
        open.Clear();
        return utterance;
    }

    /// <summary>Nobody paused: the quietest moment ends this utterance, and what follows it begins the next.</summary>
    private Utterance? Cut()
    {
        int last = open.FrameCount - DipFrames;
        int promised = (int)Math.Clamp((stableEnd - open.Begin + FrameLength - 1) / FrameLength, 0, last - DipFrames);
        int cut = open.QuietestMoment(Math.Max(MinCutFrames, promised), last, DipFrames);
        var utterance = open.Take(Number, cut, floor, MinSpeechFrames);
        open.RemoveFirst(cut);
        Number++;
        onset = 0;
        return utterance;
    }

    /// <summary>dBFS after a first-order pre-emphasis: it takes 50 Hz hum down by 26 dB and leaves what makes speech intelligible.</summary>
    private float Level(ReadOnlySpan<float> frame)
    {
        const float emphasis = 0.95f;
        float sum = 0, before = carried;
        foreach (float sample in frame)
        {
            float emphasised = sample - emphasis * before;
            sum += emphasised * emphasised;
            before = sample;
        }
        carried = before;
        return 10 * MathF.Log10(sum / FrameLength + 1e-12f);
    }
}
