namespace Pipeline.Ingest.Mixing;

/// <summary>
/// How loud a sound is as people hear it, over all its length: integrated loudness of ITU-R BS.1770-4, as EBU R128 asks for. Two filters and a mean square
/// for each sample; blocks of 400 ms that overlap by three quarters are sorted by their level, so that hours take no more room than a second. Pure; not
/// thread-safe.
/// </summary>
public sealed class LoudnessMeter
{
    /// <summary>100 ms at 48 kHz: the step from block to block.</summary>
    private const int Step = 4800;
    private const int StepsABlock = 4;
    /// <summary>What is quieter is nothing (LUFS).</summary>
    private const double AbsoluteGate = -70;
    /// <summary>What is so much quieter than the mean of the rest is a pause.</summary>
    private const double RelativeGate = -10;
    private const double Offset = -0.691;
    /// <summary>A tenth of a LU, from the gate up to +5 LUFS.</summary>
    private const int Levels = 750;

    private readonly (long Blocks, double Power)[] levels = new (long, double)[Levels];
    private readonly double[] steps = new double[StepsABlock];                       // sums of squares
    private double s1, s2, h1, h2;                                                   // of the shelf and of the high-pass behind it
    private double sum;
    private int taken, full;

    /// <summary>In LUFS; null where there is nothing to be heard, or less than 400 ms of it.</summary>
    public double? Integrated
    {
        get
        {
            var (blocks, power) = Above(0);
            if (blocks == 0) return null;
            (blocks, power) = Above(LevelOf(Loudness(power / blocks) + RelativeGate));
            return Loudness(power / blocks);
        }
    }

    /// <summary>Takes the next samples, 48 kHz mono.</summary>
    public void Write(ReadOnlySpan<float> frame)
    {
        while (!frame.IsEmpty)
        {
            var part = frame[..Math.Min(frame.Length, Step - taken)];
            Measure(part);
            taken += part.Length;
            frame = frame[part.Length..];
            if (taken == Step) EndStep();
        }
    }

    /// <summary>BS.1770-4 annex 1, tables 1 and 2: a head's shelf at 1.5 kHz, then a high-pass at 38 Hz. Both for 48 kHz.</summary>
    private void Measure(ReadOnlySpan<float> part)
    {
        if (s1 == 0 && s2 == 0 && h1 == 0 && h2 == 0 && !part.ContainsAnyExcept(0f)) return;   // silence, which most of a night's meeting is
        foreach (float sample in part)
        {
            double shelf = sample + 1.69065929318241 * s1 - 0.73248077421585 * s2;
            double shelved = 1.53512485958697 * shelf - 2.69169618940638 * s1 + 1.19839281085285 * s2;
            (s2, s1) = (s1, shelf);
            double high = shelved + 1.99004745483398 * h1 - 0.99007225036621 * h2;
            double passed = high - 2 * h1 + h2;
            (h2, h1) = (h1, high);
            sum += passed * passed;
        }
    }

    private void EndStep()
    {
        steps[full++ % StepsABlock] = sum;
        (sum, taken) = (0, 0);
        if (Math.Abs(h1) < 1e-15 && Math.Abs(s1) < 1e-15) s1 = s2 = h1 = h2 = 0;     // numbers below what a float can be are slow
        if (full < StepsABlock) return;
        double power = (steps[0] + steps[1] + steps[2] + steps[3]) / (Step * StepsABlock);
        if (Loudness(power) is var loudness && loudness <= AbsoluteGate) return;
        ref var level = ref levels[Math.Min(LevelOf(loudness), Levels - 1)];
        level = (level.Blocks + 1, level.Power + power);
    }

    private (long Blocks, double Power) Above(int level)
    {
        (long blocks, double power) = (0, 0);
        for (int i = Math.Max(level, 0); i < Levels; i++) (blocks, power) = (blocks + levels[i].Blocks, power + levels[i].Power);
        return (blocks, power);
    }

    private static int LevelOf(double loudness) => (int)((loudness - AbsoluteGate) * 10);

    private static double Loudness(double power) => Offset + 10 * Math.Log10(power);
}
