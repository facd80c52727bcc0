using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class ResamplerTests
{
    [Theory]
    [InlineData(16_000, 48_000, 1_000)]
    [InlineData(16_000, 48_000, 7_000)]
    [InlineData(8_000, 48_000, 3_000)]
    [InlineData(44_100, 48_000, 10_000)]
    [InlineData(48_000, 16_000, 5_000)]
    [InlineData(11_025, 48_000, 440)]
    public void Keeps_a_tone_as_it_was_at_every_moment(int from, int to, double frequencyHz)
    {
        float[] resampled = Resampler.Resample(Tone(from, from / 2, frequencyHz), from, to);
        float[] expected = Tone(to, resampled.Length, frequencyHz);
        int edge = to / 50;                                        // near the ends the sound is cut off, which is no tone
        double worst = 0;
        for (int n = edge; n < resampled.Length - edge; n++) worst = Math.Max(worst, Math.Abs(resampled[n] - expected[n]));
        Assert.InRange(worst, 0, 1e-4);                            // −80 dB
    }

    [Fact]
    public void Leaves_nothing_of_what_the_lower_rate_cannot_hold()
    {
        float[] resampled = Resampler.Resample(Tone(48_000, 24_000, 9_000), 48_000, 16_000);
        Assert.InRange(resampled[400..^400].Max(Math.Abs), 0, 1e-4f);
    }

    [Theory]
    [InlineData(16_000, 48_000, 100, 300)]
    [InlineData(44_100, 48_000, 441, 480)]
    [InlineData(48_000, 16_000, 100, 34)]
    [InlineData(48_000, 48_000, 5, 5)]
    [InlineData(8_000, 48_000, 0, 0)]
    public void Is_as_long_as_it_was(int from, int to, int samples, int expected) =>
        Assert.Equal(expected, Resampler.Resample(new float[samples], from, to).Length);

    private static float[] Tone(int rate, int samples, double frequencyHz)
    {
        var tone = new float[samples];
        for (int n = 0; n < samples; n++) tone[n] = (float)Math.Sin(2 * Math.PI * frequencyHz * n / rate);
        return tone;
    }
}
