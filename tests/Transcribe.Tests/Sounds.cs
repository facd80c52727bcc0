namespace Pipeline.Transcribe.Tests;

/// <summary>Sounds that nobody said, at 16 kHz.</summary>
internal static class Sounds
{
    public static float[] Silence(double seconds) => new float[Length(seconds)];

    /// <param name="level">dBFS, root mean square.</param>
    public static float[] WhiteNoise(double seconds, double level, int seed)
    {
        var random = new Random(seed);
        double amplitude = Math.Pow(10, level / 20) * Math.Sqrt(3);            // of uniform noise
        float[] samples = new float[Length(seconds)];
        for (int n = 0; n < samples.Length; n++) samples[n] = (float)(amplitude * (2 * random.NextDouble() - 1));
        return samples;
    }

    /// <summary>Mains hum with its third and fifth harmonic.</summary>
    /// <param name="level">dBFS of the fundamental's peak.</param>
    public static float[] Hum(double seconds, double level)
    {
        double amplitude = Math.Pow(10, level / 20);
        float[] samples = new float[Length(seconds)];
        for (int n = 0; n < samples.Length; n++)
        {
            double phase = 2 * Math.PI * 50 * n / 16_000;
            samples[n] = (float)(amplitude * (Math.Sin(phase) + 0.1 * Math.Sin(3 * phase) + 0.05 * Math.Sin(5 * phase)));
        }
        return samples;
    }

    /// <summary>Like someone who never pauses: a voiced tone whose level moves as syllables do, without ever being quiet.</summary>
    public static float[] EndlessTalk(double seconds, int seed)
    {
        var random = new Random(seed);
        float[] samples = new float[Length(seconds)];
        double phase = 0, level = 0.1;
        for (int n = 0; n < samples.Length; n++)
        {
            if (n % 1600 == 0) level = n / 1600 % 9 == 8 ? 0.012 : 0.05 + 0.2 * random.NextDouble();
            phase += 2 * Math.PI * (180 + 40 * Math.Sin(n / 3000.0)) / 16_000;
            samples[n] = (float)(level * (Math.Sin(phase) + 0.5 * Math.Sin(5 * phase) + 0.3 * Math.Sin(11 * phase)) / 1.8);
        }
        return samples;
    }

    public static float[] Plus(this float[] one, float[] other)
    {
        float[] sum = new float[Math.Max(one.Length, other.Length)];
        one.CopyTo(sum, 0);
        for (int n = 0; n < other.Length; n++) sum[n] += other[n];
        return sum;
    }

    private static int Length(double seconds) => (int)(seconds * 16_000);
}
