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

    /// <summary>Someone breathes at a near microphone: in for a second, out for longer, both rushing noise without a voice.</summary>
    /// <param name="level">dBFS, root mean square at the loudest.</param>
    public static float[] Breath(double seconds, double level, int seed)
    {
        var random = new Random(seed);
        float[] samples = WhiteNoise(seconds, level + 9, seed);                // the band keeps an eighth of it
        double low = 0, high = 0;
        int next = 0, begin = 0, length = 1;
        bool isIn = false;
        for (int n = 0; n < samples.Length; n++)
        {
            if (n == next)
            {
                isIn = !isIn;
                (begin, length) = (n, Length((isIn ? 0.9 : 1.4) + 0.4 * random.NextDouble()));
                next = n + length + Length(isIn ? 0.2 : 1.2 + random.NextDouble());
            }
            low += 0.6 * (samples[n] - low);
            high += (isIn ? 0.35 : 0.2) * (low - high);
            double at = (n - begin) / (double)length;
            samples[n] = at >= 1 ? 0 : (float)((low - high) * Math.Sin(Math.PI * at));
        }
        return samples;
    }

    /// <summary>Typing: bursts of keys, each a knock as it goes down and a lighter one as it comes up.</summary>
    /// <param name="level">dBFS of the loudest peaks.</param>
    public static float[] Keyboard(double seconds, double level, int seed)
    {
        var random = new Random(seed);
        float[] samples = new float[Length(seconds)];
        double at = 0.5;
        while (at < seconds)
        {
            Knock(at, 1);
            Knock(at + 0.07 + 0.04 * random.NextDouble(), 0.4);
            at += random.Next(12) == 0 ? 0.8 + 3 * random.NextDouble() : 0.09 + 0.14 * random.NextDouble();
        }
        return samples;

        void Knock(double when, double force)
        {
            double amplitude = force * Math.Pow(10, level / 20) * (0.4 + 0.6 * random.NextDouble()), pitch = 900 + 1500 * random.NextDouble();
            int first = Length(when);
            for (int n = 0; n < Length(0.03) && first + n < samples.Length; n++)
            {
                double decay = Math.Exp(-n / 80.0);
                samples[first + n] += (float)(amplitude * decay * (0.6 * (2 * random.NextDouble() - 1) + 0.4 * Math.Sin(2 * Math.PI * pitch * n / 16_000)));
            }
        }
    }

    /// <summary>Plucked chords and a tune above them, a hundred beats a minute.</summary>
    /// <param name="level">dBFS of one note's peak.</param>
    public static float[] Music(double seconds, double level, int seed)
    {
        const double beat = 0.6;
        int[][] chords = [[45, 57, 60, 64], [41, 53, 57, 60], [48, 55, 60, 64], [43, 55, 59, 62]];
        int[] scale = [69, 71, 72, 74, 76, 77, 79, 81];
        var random = new Random(seed);
        float[] samples = new float[Length(seconds)];
        double amplitude = Math.Pow(10, level / 20);
        for (int n = 0; n * beat < seconds; n++)
        {
            if (n % 4 == 0)
                foreach (int note in chords[n / 4 % 4]) Pluck(n * beat, note, 4 * beat, 0.5);
            Pluck(n * beat, scale[random.Next(scale.Length)], beat, 1);
            if (random.Next(3) == 0) Pluck((n + 0.5) * beat, scale[random.Next(scale.Length)], beat / 2, 0.8);
        }
        return samples;

        void Pluck(double when, int note, double held, double force)
        {
            double frequency = 440 * Math.Pow(2, (note - 69) / 12.0);
            int first = Length(when), length = Length(held);
            for (int harmonic = 1; harmonic <= 6 && harmonic * frequency < 7000; harmonic++)
            {
                // A sine that dies away, each sample from the two before it.
                double part = force * amplitude / (harmonic * harmonic), decay = Math.Exp(-harmonic / 9000.0), step = 2 * Math.PI * harmonic * frequency / 16_000;
                double turn = 2 * decay * Math.Cos(step), before = 0, now = part * Math.Sin(step);
                for (int n = 1; n < length && first + n < samples.Length; n++)
                {
                    samples[first + n] += (float)(now * Math.Min(1, n / 80.0));
                    (before, now) = (now, turn * now - decay * decay * before);
                }
            }
        }
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
