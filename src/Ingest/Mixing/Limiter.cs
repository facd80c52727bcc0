using System.Numerics;

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
    private readonly float[] held = new float[LookAhead];                            // gains of the last LookAhead inputs, to be averaged
    /// <summary>Of the last LookAhead inputs those whose gain is less than of all after them, as a ring: the first wants the least.</summary>
    private readonly (float Gain, long Input)[] lows = new (float, long)[LookAhead];
    private int at, firstLow, lowCount;
    private float released = 1;
    private double sum = LookAhead;
    private long input, openFor = LookAhead;                                         // inputs so far; of them the last in a row with a gain of one

    public Limiter() => Array.Fill(held, 1);

    /// <summary>In place.</summary>
    public void Process(Span<float> pcm)
    {
        if (openFor >= LookAhead && pcm.Length >= Delay && Peak(pcm) <= Ceiling) Pass(pcm);
        else Limit(pcm);
    }

    /// <summary>The same where every gain is one, and stays it.</summary>
    private void Pass(Span<float> pcm)
    {
        Span<float> last = stackalloc float[Delay];
        pcm[^Delay..].CopyTo(last);
        pcm[..^Delay].CopyTo(pcm[Delay..]);
        delayed.AsSpan(at + 1).CopyTo(pcm);
        delayed.AsSpan(0, at).CopyTo(pcm[(Delay - at)..]);
        last.CopyTo(delayed);
        (at, sum, lowCount) = (Delay, LookAhead, 0);
        input += pcm.Length;
    }

    private void Limit(Span<float> pcm)
    {
        foreach (ref float sample in pcm)
        {
            float peak = Math.Abs(sample);
            float least = LeastWith(peak > Ceiling ? Ceiling / peak : 1);
            float risen = released + (least - released) * Release;
            released = least < released || risen == released ? least : risen;        // the last steps are below a float's: taken at once
            openFor = released < 1 ? 0 : openFor + 1;

            sum += released - held[at];                                              // averaging makes the attack a ramp that is down in time
            held[at] = released;
            int oldest = at + 1 == LookAhead ? 0 : at + 1;
            delayed[at] = sample;
            sample = delayed[oldest] * (float)(sum / LookAhead);
            at = oldest;
        }
    }

    /// <summary>The least gain wanted within the look-ahead, that of the next input with it.</summary>
    private float LeastWith(float gain)
    {
        if (lowCount > 0 && lows[firstLow].Input <= input - LookAhead) (firstLow, lowCount) = (Next(firstLow, 1), lowCount - 1);
        while (lowCount > 0 && lows[Next(firstLow, lowCount - 1)].Gain >= gain) lowCount--;
        lows[Next(firstLow, lowCount++)] = (gain, input++);
        return lows[firstLow].Gain;
    }

    private static int Next(int at, int by) => at + by < LookAhead ? at + by : at + by - LookAhead;

    private static float Peak(ReadOnlySpan<float> pcm)
    {
        var most = Vector<float>.Zero;
        for (; pcm.Length >= Vector<float>.Count; pcm = pcm[Vector<float>.Count..]) most = Vector.Max(most, Vector.Abs(new Vector<float>(pcm)));
        float peak = 0;
        for (int i = 0; i < Vector<float>.Count; i++) peak = Math.Max(peak, most[i]);
        foreach (float sample in pcm) peak = Math.Max(peak, Math.Abs(sample));
        return peak;
    }
}
