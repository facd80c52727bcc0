using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Codecs;

public class PitchConcealmentTests
{
    [Theory]
    [InlineData(8000, 70)]
    [InlineData(8000, 133)]
    [InlineData(8000, 310)]                                                          // above 200 Hz: two periods
    [InlineData(16000, 95)]
    [InlineData(16000, 240)]
    public void The_first_ten_milliseconds_of_a_hole_in_a_steady_voice_go_on_as_it_would_have(int rate, double pitch)
    {
        float[] voice = Vowel(rate, rate, pitch);
        int hole = rate / 2;
        float[] filled = Fill(voice, rate, hole, rate / 50);

        double alike = Sound.Correlation(filled.AsSpan(hole, rate / 100), voice.AsSpan(hole, rate / 100));
        Assert.True(alike > 0.95, $"{alike:0.000}");
    }

    [Theory]
    [InlineData(8000)]
    [InlineData(16000)]
    public void A_hole_fades_and_is_silent_after_60_ms(int rate)
    {
        float[] voice = Vowel(rate, rate, 120);
        int hole = rate / 2;
        float[] filled = Fill(voice, rate, hole, rate / 10);

        double before = Sound.Rms(voice.AsSpan(hole - rate / 50, rate / 50)), last = before * 1.2;
        for (int at = 0; at < 6; at++)
        {
            double now = Sound.Rms(filled.AsSpan(hole + at * rate / 100, rate / 100));
            Assert.True(now < 1.05 * last, $"{10 * at} ms: {now:0.000} after {last:0.000}");
            last = now;
        }
        Assert.All(filled[(hole + rate * 6 / 100)..(hole + rate / 10)], sample => Assert.Equal(0, sample));
    }

    [Theory]
    [InlineData(8000, 20)]
    [InlineData(8000, 100)]
    [InlineData(16000, 10)]
    [InlineData(16000, 60)]
    public void Neither_seam_of_a_hole_clicks(int rate, int milliseconds)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            float[] voice = Vowel(rate, rate, 90 + 7 * seed);
            int hole = rate / 2 + 37 * seed, length = rate * milliseconds / 1000;
            float[] filled = Fill(voice, rate, hole, length);

            double step = Steepest(voice);
            Assert.True(Steepest(filled) < 1.6 * step, $"seed {seed}: a step of {Steepest(filled):0.000} where the voice has {step:0.000}");
            Assert.Equal(voice[(hole + length + rate / 100)..], filled[(hole + length + rate / 100)..]);
        }
    }

    [Fact]
    public void A_hole_in_silence_is_silence()
    {
        Assert.All(Fill(new float[8000], 8000, 4000, 800), sample => Assert.Equal(0, sample));
    }

    private static double Steepest(float[] pcm) => pcm.Skip(1).Zip(pcm, (a, b) => Math.Abs(a - b)).Max();

    private static float[] Vowel(int rate, int length, double pitch) =>
        [.. Enumerable.Range(0, length).Select(i => 2 * Math.PI * pitch * i / rate).Select(p => (float)(0.2 * Math.Sin(p) + 0.15 * Math.Sin(2 * p + 1) + 0.1 * Math.Sin(5 * p)))];

    /// <summary>In pieces of 10 ms; those of the hole never came.</summary>
    private static float[] Fill(float[] pcm, int rate, int hole, int length)
    {
        var concealment = new PitchConcealment(rate);
        float[] filled = [.. pcm];
        concealment.Hear(filled.AsSpan(0, hole));
        for (int at = hole; at < hole + length; at += rate / 100) concealment.Conceal(filled.AsSpan(at, Math.Min(rate / 100, hole + length - at)));
        concealment.Hear(filled.AsSpan(hole + length));
        return filled;
    }
}
