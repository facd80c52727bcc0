namespace Pipeline.Transcribe.Speech;

/// <summary>When an utterance is ended though nobody stops talking.</summary>
/// <param name="SoftFrames">Frames of 20 ms; from here on the first good pause ends it.</param>
/// <param name="HardFrames">Here it is cut at the best dip so far, pause or not: no job is ever longer.</param>
public sealed record UtteranceLimits(int SoftFrames, int HardFrames)
{
    private const int FramesPerSecond = SpeechDetector.SampleRate / SpeechDetector.FrameLength;

    /// <summary>7.5 s and 9.6 s: most jobs then fit the engine's smallest window, 10.24 s.</summary>
    public static UtteranceLimits Live { get; } = new(75 * FramesPerSecond / 10, 96 * FramesPerSecond / 10);

    /// <summary>22 s and 28 s: whole sentences, and hardly more than the model was trained on at once.</summary>
    public static UtteranceLimits Whole { get; } = new(22 * FramesPerSecond, 28 * FramesPerSecond);
}
