using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Tests.Mixing;

public class ResamplerTests
{
    private const int Rate = 48000, Block = 960;

    [Fact]
    public void What_needs_no_moving_comes_out_as_it_went_in()
    {
        float[] voice = Sound.Voice(Rate, seed: 3);
        var (heard, _) = Run(voice, offset: 1234, slope: 0, drift: 0);
        Assert.Equal(1234, heard.First);
        Assert.Equal(voice, heard.Samples);
    }

    [Fact]
    public void A_clock_as_good_as_ours_is_copied_sample_by_sample_wherever_packets_say_it_lies()
    {
        float[] voice = Sound.Voice(4 * Rate, seed: 3);
        var random = new Random(1);
        var heard = new Kept();
        var resampler = new Resampler(heard);
        resampler.Jump(500, 1e-6);
        for (int at = 0; at < voice.Length; at += Block)
        {
            if (at > 0) resampler.Follow(500 + random.Next(-40, 41), 4e-6 * (random.NextDouble() - 0.5), Block);
            resampler.Store(at, voice.AsSpan(at, Block));
        }
        resampler.Flush();

        Assert.Equal(voice, heard.Samples);
    }

    [Fact]
    public void What_was_moved_into_its_place_comes_to_be_copied_again()
    {
        float[] voice = Sound.Voice(Rate, seed: 3);
        var heard = new Kept();
        var resampler = new Resampler(heard);
        resampler.Jump(0, 0);
        int second = 0;
        for (; second < 400; second++)
        {
            for (int at = 0; at < Rate; at += Block)
            {
                if (at + second > 0) resampler.Follow(second < 2 ? 0 : 300, 0, Block);
                resampler.Store((long)second * Rate + at, voice.AsSpan(at, Block));
            }
            if (second > 2 && resampler.Rate == 0) break;
            heard.Samples.Clear();
        }
        for (int at = 0; at < Rate; at += Block)
        {
            resampler.Follow(300, 0, Block);
            resampler.Store((long)(second + 1) * Rate + at, voice.AsSpan(at, Block));
        }

        Assert.InRange(second, 30, 399);
        Assert.Equal(voice[..(Rate / 2)], heard.Samples.TakeLast(Rate - 8).Take(Rate / 2));
        Assert.Equal((long)(second + 2) * Rate + 300, resampler.Given + 8, tolerance: 1);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(-300)]
    [InlineData(17)]
    public void A_tone_of_1_kHz_on_another_clock_keeps_60_dB(double ppm)
    {
        // The sender's clock is slower by this: its tone is too, and comes out as it was made.
        double slope = ppm * 1e-6, made = 2 * Math.PI * 1000 / Rate;
        var tone = new float[20 * Rate];
        for (int i = 0; i < tone.Length; i++) tone[i] = (float)(0.5 * Math.Sin(made * (1 + slope) * i));

        var (heard, worst) = Run(tone, offset: 0, slope, drift: slope);

        Assert.True(worst <= 10e-6 * Block / Rate + 1e-12, $"the rate changed by {worst * 1e6:0.000} ppm in 20 ms");
        for (int second = 1; second < 19; second += 3)
        {
            double clean = SignalToNoise(CollectionsMarshal.AsSpan(heard.Samples).Slice(second * Rate, Rate / 2), made);
            Assert.True(clean > 60, $"{second} s: {clean:0} dB");
        }
        Assert.Equal(tone.Length * (1 + slope), heard.Samples.Count, tolerance: 2);
    }

    [Fact]
    public void While_it_is_moved_a_tone_keeps_60_dB_and_changes_by_10_ppm_a_second_at_most()
    {
        const double Tone = 2 * Math.PI * 1000 / Rate;
        var tone = new float[120 * Rate];
        for (int i = 0; i < tone.Length; i++) tone[i] = (float)(0.5 * Math.Sin(Tone * i));

        var heard = new Kept();
        var resampler = new Resampler(heard);
        resampler.Jump(0, 0);
        double last = 0, fastest = 0;
        for (int at = 0; at < tone.Length; at += Block)
        {
            if (at > 0) resampler.Follow(720, 0, Block);                                         // 15 ms later
            Assert.True(Math.Abs(resampler.Rate - last) <= 10e-6 * Block / Rate + 1e-12, $"{at}: {last * 1e6:0.00} → {resampler.Rate * 1e6:0.00} ppm");
            (last, fastest) = (resampler.Rate, Math.Max(fastest, Math.Abs(resampler.Rate)));
            resampler.Store(at, tone.AsSpan(at, Block));
        }
        Assert.InRange(fastest, 100e-6, 300e-6);
        Assert.InRange(heard.Samples.Count, tone.Length + 640, tone.Length + 725);   // most of it is done, and not too much
        for (int second = 0; second < 119; second += 7)                                 // in 50 ms the pitch is one
        {
            float[] span = [.. heard.Samples.Skip(second * Rate).Take(Rate / 20)];
            double clean = Enumerable.Range(-30, 61).Max(n => SignalToNoise(span, Tone * (1 + n * 10e-6)));
            Assert.True(clean > 60, $"{second} s: {clean:0} dB");
        }
    }

    [Fact]
    public void Sound_that_does_not_go_on_begins_at_its_place()
    {
        var heard = new Kept();
        var resampler = new Resampler(heard);
        resampler.Jump(100, 0);
        resampler.Store(0, Ones(960));
        resampler.Follow(150, 0, 960);
        resampler.Store(3000, Ones(960));                                            // nothing was sent for a while
        resampler.Jump(5000, 0);
        resampler.Store(3960, Ones(960));
        resampler.Flush();

        Assert.Equal([100, 3150, 8960], heard.Spans.Select(s => s.From));
        Assert.All(heard.Spans, s => Assert.Equal(960, s.To - s.From, tolerance: 1));
    }

    [Fact]
    public void Nothing_is_given_twice()
    {
        var heard = new Kept();
        var resampler = new Resampler(heard);
        resampler.Jump(1000, 0);
        resampler.Store(0, Ones(960));
        resampler.Jump(500, 0);                                                      // its first half lies over the last one
        resampler.Store(960, Ones(960));
        resampler.Flush();

        Assert.Equal([(1000, 2420)], heard.Spans);
    }

    [Fact]
    public void Moving_sound_allocates_nothing()
    {
        var resampler = new Resampler(new Counted());
        float[] block = Ones(Block);
        resampler.Jump(0, 0);
        long before = 0;
        for (int n = 0; n < 2000; n++)
        {
            if (n == 100) before = GC.GetAllocatedBytesForCurrentThread();
            resampler.Follow(n, 200e-6, Block);
            resampler.Store((long)n * Block, block);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <param name="slope">Of the offset, as the places say.</param>
    /// <param name="drift">Of the offset, as it is believed.</param>
    private static (Kept Heard, double WorstChange) Run(float[] pcm, long offset, double slope, double drift)
    {
        var heard = new Kept();
        var resampler = new Resampler(heard);
        double last = drift, worst = 0;
        resampler.Jump(offset, drift);
        for (int at = 0; at < pcm.Length; at += Block)
        {
            if (at > 0) resampler.Follow(offset + (long)Math.Round(slope * at), drift, Block);
            (worst, last) = (Math.Max(worst, Math.Abs(resampler.Rate - last)), resampler.Rate);
            resampler.Store(at, pcm.AsSpan(at, Block));
        }
        resampler.Flush();
        return (heard, worst);
    }

    /// <summary>dB; the tone is fitted with its level and phase, all else is noise.</summary>
    private static double SignalToNoise(ReadOnlySpan<float> pcm, double frequency)
    {
        double ss = 0, sc = 0, cc = 0, ys = 0, yc = 0;
        for (int i = 0; i < pcm.Length; i++)
        {
            var (sin, cos) = Math.SinCos(frequency * i);
            (ss, sc, cc, ys, yc) = (ss + sin * sin, sc + sin * cos, cc + cos * cos, ys + pcm[i] * sin, yc + pcm[i] * cos);
        }
        double determinant = ss * cc - sc * sc, a = (ys * cc - yc * sc) / determinant, b = (yc * ss - ys * sc) / determinant;
        double signal = 0, noise = 1e-12;
        for (int i = 0; i < pcm.Length; i++)
        {
            var (sin, cos) = Math.SinCos(frequency * i);
            double fit = a * sin + b * cos;
            (signal, noise) = (signal + fit * fit, noise + (pcm[i] - fit) * (pcm[i] - fit));
        }
        return 10 * Math.Log10(signal / noise);
    }

    private static float[] Ones(int count) => [.. Enumerable.Repeat(0.5f, count)];

    private sealed class Kept : IPcmStore
    {
        public List<(long From, long To)> Spans { get; } = [];
        public long First => Spans[0].From;
        public List<float> Samples { get; } = [];

        public void Store(long start, ReadOnlySpan<float> pcm)
        {
            Samples.AddRange(pcm);
            if (Spans.Count > 0 && Spans[^1].To == start) Spans[^1] = (Spans[^1].From, start + pcm.Length);
            else Spans.Add((start, start + pcm.Length));
        }
    }

    private sealed class Counted : IPcmStore
    {
        public void Store(long start, ReadOnlySpan<float> pcm) { }
    }
}
