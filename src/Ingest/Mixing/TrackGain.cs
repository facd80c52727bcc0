namespace Pipeline.Ingest.Mixing;

/// <summary>
/// Brings a quiet and a loud microphone near each other, slowly: towards −20 dBFS of speech, by at most ±12 dB, by at most 1 dB a second,
/// and not at all while nobody speaks, so noise is never raised.
/// </summary>
internal sealed class TrackGain
{
    /// <summary>dBFS; nothing is less.</summary>
    public const float Silence = -127;
    private const float Target = -20, Range = 12, Gate = -50;                        // dB
    private const float StepPerFrame = 0.02f;                                        // dB each 20 ms: 1 dB a second
    private const float Smoothing = 0.02f / 3;                                       // 20 ms frames, 3 s time constant

    private float loudness = float.NaN, gain;
    private float last = 1;

    /// <summary>Root mean square of the last frame, dBFS; −127 for silence, as RFC 6464 has it.</summary>
    public float Level { get; private set; } = Silence;

    public void AddSilence() => Level = Silence;

    /// <summary>Adds the frame to the mix with its gain.</summary>
    public void Add(ReadOnlySpan<float> frame, Span<float> mix)
    {
        float power = 0;
        foreach (float s in frame) power += s * s;
        Level = 10 * MathF.Log10(power / frame.Length + 2e-13f);
        if (Level > Gate)
        {
            loudness = float.IsNaN(loudness) ? Level : loudness + Smoothing * (Level - loudness);
            float wanted = Math.Clamp(Target - loudness, -Range, Range);
            gain += Math.Clamp(wanted - gain, -StepPerFrame, StepPerFrame);
        }

        float next = MathF.Pow(10, gain / 20), step = (next - last) / frame.Length, factor = last;
        for (int i = 0; i < frame.Length; i++) mix[i] += frame[i] * (factor += step);
        last = next;
    }
}
