using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Tests.Mixing;

public class TrackGainTests
{
    [Theory]
    [InlineData(0.005, 1)]                                          // −43 dBFS: raised, by at most 12 dB
    [InlineData(0.9, -1)]                                           // −0.9 dBFS: lowered
    public void Moves_towards_the_target_by_at_most_one_decibel_a_second(double level, int direction)
    {
        var gain = new TrackGain();
        double last = 0;
        for (int second = 0; second < 30; second++)
        {
            double now = Apply(gain, (float)level, frames: 50);
            Assert.InRange(Math.Abs(now - last), 0, 1.01);
            if (second > 0 && second < 8) Assert.Equal(direction, Math.Sign(now - last));
            last = now;
        }
        Assert.InRange(Math.Abs(last), 8, 12.01);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.001)]                                             // −60 dBFS: noise of a room
    public void Holds_still_while_nobody_speaks(double noise)
    {
        var gain = new TrackGain();
        double before = Apply(gain, 0.02f, frames: 200);

        double after = noise == 0 ? Silence(gain, 500) : Apply(gain, (float)noise, frames: 500);

        Assert.Equal(before, noise == 0 ? Apply(gain, 0.001f, 1) : after, tolerance: 0.01);
    }

    private static double Silence(TrackGain gain, int frames)
    {
        for (int n = 0; n < frames; n++) gain.AddSilence();
        Assert.Equal(-127, gain.Level);
        return 0;
    }

    /// <returns>The gain of the last sample, dB.</returns>
    private static double Apply(TrackGain gain, float level, int frames)
    {
        var frame = new float[960];
        Array.Fill(frame, level);
        var mix = new float[960];
        for (int n = 0; n < frames; n++)
        {
            Array.Clear(mix);
            gain.Add(frame, mix);
        }
        return 20 * Math.Log10(mix[^1] / level);
    }
}
