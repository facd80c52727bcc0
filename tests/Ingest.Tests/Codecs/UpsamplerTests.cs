using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Codecs;

public class UpsamplerTests
{
    /// <summary>From 8 kHz to captions and the mix, from 16 kHz to the mix.</summary>
    public static readonly TheoryData<int, int> Ways = new() { { 8000, 2 }, { 8000, 6 }, { 16000, 3 } };

    [Theory]
    [MemberData(nameof(Ways))]
    public void A_tone_comes_out_as_that_tone_and_nothing_else(int rate, int factor)
    {
        for (double hertz = 50; hertz <= 0.44 * rate; hertz += 0.0173 * rate)
        {
            float[] given = Raise(Tone(hertz, rate, rate / 2), factor);

            double worst = 0;
            for (int i = Upsampler.Delay * 2 * factor; i < given.Length; i++)
            {
                double expected = 0.5 * Math.Sin(2 * Math.PI * hertz * (i - Upsampler.Delay * factor) / (rate * factor));
                worst = Math.Max(worst, Math.Abs(given[i] - expected));
            }
            Assert.True(worst < 5e-4, $"{hertz:0} Hz: {20 * Math.Log10(worst / 0.5):0} dB of something else");   // 60 dB down
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void What_is_said_at_the_edge_of_the_band_has_no_image_beyond(int rate, int factor)
    {
        // 3.5 kHz of 8: the first image would be at 4.5 kHz.
        double hertz = 0.4375 * rate, image = rate - hertz;
        float[] given = Raise(Tone(hertz, rate, rate), factor)[(100 * factor)..];

        double tone = Amplitude(given, hertz, rate * factor), beyond = Amplitude(given, image, rate * factor);
        Assert.Equal(0.5, tone, tolerance: 0.005);
        Assert.True(beyond < 0.5e-3, $"{20 * Math.Log10(beyond / tone):0} dB");
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void The_samples_that_came_are_among_those_given_however_they_came(int rate, int factor)
    {
        float[] voice = Sound.Voice(rate, seed: factor);
        var upsampler = new Upsampler(factor);
        var given = new List<float>();
        var random = new Random(1);
        for (int at = 0; at < voice.Length;)
        {
            int length = Math.Min(random.Next(1, 3000), voice.Length - at);
            var output = new float[length * factor];
            upsampler.Process(voice.AsSpan(at, length), output);
            given.AddRange(output);
            at += length;
        }

        Assert.Equal(voice.Length * factor, given.Count);
        for (int i = 0; i < voice.Length - Upsampler.Delay; i++) Assert.Equal(voice[i], given[(i + Upsampler.Delay) * factor], tolerance: 1e-5f);
    }

    [Fact]
    public void After_a_reset_nothing_is_left_of_what_was()
    {
        var upsampler = new Upsampler(6);
        var output = new float[6000];
        upsampler.Process(Tone(440, 8000, 1000), output);
        upsampler.Reset();
        upsampler.Process(new float[1000], output);

        Assert.All(output, sample => Assert.Equal(0, sample));
    }

    private static float[] Raise(float[] pcm, int factor)
    {
        var output = new float[pcm.Length * factor];
        new Upsampler(factor).Process(pcm, output);
        return output;
    }

    private static float[] Tone(double hertz, int rate, int length) =>
        [.. Enumerable.Range(0, length).Select(i => (float)(0.5 * Math.Sin(2 * Math.PI * hertz * i / rate)))];

    private static double Amplitude(float[] pcm, double hertz, int rate)
    {
        double re = 0, im = 0, sum = 0;
        for (int i = 0; i < pcm.Length; i++)
        {
            double window = 0.42 - 0.5 * Math.Cos(2 * Math.PI * i / pcm.Length) + 0.08 * Math.Cos(4 * Math.PI * i / pcm.Length);
            re += window * pcm[i] * Math.Cos(2 * Math.PI * hertz * i / rate);
            im += window * pcm[i] * Math.Sin(2 * Math.PI * hertz * i / rate);
            sum += window;
        }
        return 2 * Math.Sqrt(re * re + im * im) / sum;
    }
}
