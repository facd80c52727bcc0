namespace Pipeline.Ingest.Mixing;

/// <summary>
/// Keeps peaks under −1.5 dBFS without clipping: looks 5 ms ahead, so the gain is already down when the peak comes, and lets go slowly.
/// The output lies <see cref="Delay"/> samples behind the input.
/// </summary>
public sealed class Limiter
{
    /// <summary>5 ms at 48 kHz.</summary>
    public const int LookAhead = 240;
    public const int Delay = LookAhead - 1;
    private const float Ceiling = 0.8414f;                                           // −1.5 dBFS
    private const float Release = 1f / (0.2f * 48000);                               // 200 ms time constant

    private readonly float[] delayed = new float[LookAhead];
    private readonly float[] held = new float[LookAhead];                            // least gain of the last LookAhead inputs, to be averaged
    private readonly float[] gains = new float[LookAhead];
    private int at;
    private float held0 = 1, released = 1;
    private double sum = LookAhead;
    private long quietFor = LookAhead * 4;

    public Limiter()
    {
        Array.Fill(held, 1);
        Array.Fill(gains, 1);
    }

    /// <summary>In place.</summary>
    public void Process(Span<float> pcm)
    {
        foreach (ref float sample in pcm)
        {
            float peak = Math.Abs(sample);
            float wanted = peak > Ceiling ? Ceiling / peak : 1;
            gains[at] = wanted;
            quietFor = wanted < 1 ? 0 : quietFor + 1;
            // The least gain wanted within the look-ahead; searched for only while some peak is in it.
            held0 = quietFor >= LookAhead ? 1 : Least();
            float risen = released + (held0 - released) * Release;
            released = held0 < released || risen == released ? held0 : risen;        // the last steps are below a float's: taken at once

            sum += released - held[at];                                              // averaging makes the attack a ramp that is down in time
            held[at] = released;
            int oldest = at + 1 == LookAhead ? 0 : at + 1;
            delayed[at] = sample;
            sample = delayed[oldest] * (float)(sum / LookAhead);
            at = oldest;
        }
    }

    private float Least()
    {
        float least = 1;
        foreach (float g in gains) least = Math.Min(least, g);
        return least;
    }
}
