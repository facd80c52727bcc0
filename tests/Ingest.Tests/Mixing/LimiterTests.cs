using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Tests.Mixing;

public class LimiterTests
{
    private static readonly double Ceiling = Math.Pow(10, -1.5 / 20);

    [Fact]
    public void Never_lets_a_peak_through()
    {
        double allowed = Ceiling * Math.Pow(10, 0.1 / 20);
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var limiter = new Limiter();
            double loudness = 0.5 + 8 * random.NextDouble();
            int period = random.Next(2, 400);
            float[] frame = new float[960];
            for (int n = 0; n < 60; n++)
            {
                for (int i = 0; i < frame.Length; i++)
                {
                    double wave = (seed % 3) switch
                    {
                        0 => 2 * random.NextDouble() - 1,
                        1 => ((n * 960 + i) / period & 1) == 0 ? 1 : -1,
                        _ => random.Next(500) == 0 ? 1 : 0.01,                       // single peaks
                    };
                    frame[i] = (float)(loudness * wave * (n / 15 % 2 == 0 ? 1 : 0.05));
                }
                limiter.Process(frame);
                foreach (float s in frame) Assert.True(Math.Abs(s) <= allowed, $"seed {seed}: {20 * Math.Log10(Math.Abs(s)):0.00} dBFS");
            }
        }
    }

    [Fact]
    public void Passes_what_is_below_the_ceiling_bit_by_bit_one_delay_later()
    {
        float[] quiet = Noise(seed: 1, 48000, 0.8f), passed = quiet.ToArray();

        new Limiter().Process(passed);

        Assert.Equal(quiet[..^Limiter.Delay], passed[Limiter.Delay..]);
        Assert.All(passed[..Limiter.Delay], s => Assert.Equal(0, s));
    }

    [Fact]
    public void Lets_go_wholly_after_a_peak()
    {
        float[] sound = Noise(seed: 2, 48000 * 4, 0.5f), passed;
        for (int i = 0; i < 2000; i++) sound[i] *= 10;
        passed = sound.ToArray();

        new Limiter().Process(passed);

        int last = 48000 * 3;
        Assert.Equal(sound[(last - Limiter.Delay)..^Limiter.Delay], passed[last..]);
    }

    [Fact]
    public void Whole_frames_come_out_as_pieces_do()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            float[] sound = Noise(seed, 48000, 0.8f);
            var random = new Random(seed);
            for (int n = 0; n < 8; n++) sound[random.Next(sound.Length)] = 2;        // between them whole frames need no gain
            float[] frames = sound.ToArray(), pieces = sound.ToArray();

            Limiter first = new(), second = new();
            for (int at = 0; at < sound.Length; at += 960) first.Process(frames.AsSpan(at, 960));
            for (int at = 0; at < sound.Length; at += 96) second.Process(pieces.AsSpan(at, 96));

            Assert.Equal(pieces, frames);
        }
    }

    private static float[] Noise(int seed, int length, float amplitude)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => amplitude * (2 * random.NextSingle() - 1))];
    }
}
