using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>How much of the model one job may use, from the length of its audio.</summary>
internal static class DecodeBudget
{
    /// <summary>Hypotheses side by side where nobody waits, as the model's makers measured it.</summary>
    public const int ThoroughBeam = 5;

    /// <summary>There, too, what looks wrong (improbable, or the same again and again) is decoded anew at 0.2, 0.4 … 1.</summary>
    public const float ThoroughTemperatureStep = 0.2f;

    /// <summary>A job of that kind may take so many times as long as any other: five hypotheses, and up to six decodes.</summary>
    public const int ThoroughPatience = 5;

    /// <summary>
    /// Encoder positions of 20 ms. The encoder's cost grows with them, but weights trained on 30 s windows ramble when the window is
    /// cut to the audio: so there is a margin of 2.56 s, and never less than 512 (10.24 s).
    /// </summary>
    public static int AudioContext(int samples)
    {
        int needed = (50 * samples + SpeechJob.SampleRate - 1) / SpeechJob.SampleRate + 128;
        return Math.Clamp((needed + 63) / 64 * 64, 512, 1500);
    }

    /// <summary>Tokens. People speak some four a second; twice that bounds what a decoder caught in a loop can cost.</summary>
    public static int MaxTokens(int samples) => Math.Min(220, 8 * samples / SpeechJob.SampleRate + 16);
}
