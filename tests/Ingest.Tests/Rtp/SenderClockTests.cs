using Pipeline.Ingest.Rtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Rtp;

public class SenderClockTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(300)]
    [InlineData(-300)]
    public void Four_reports_that_agree_say_the_drift(double ppm)
    {
        var clock = new SenderClock(48000);
        for (int n = 0; n < 3; n++) Report(clock, 5 * n, ppm);
        Assert.False(clock.IsReady);
        Assert.Equal((0, double.PositiveInfinity), (clock.DriftPpm, clock.ErrorPpm));

        Report(clock, 15, ppm);

        Assert.True(clock.IsReady);
        Assert.Equal(ppm, clock.DriftPpm, tolerance: 2);                             // a timestamp counts 21 us
    }

    [Theory]
    [InlineData(300, 0.05)]
    [InlineData(-300, 0.05)]
    [InlineData(200, 10)]
    [InlineData(-20, 10)]
    public void Reports_that_tremble_say_it_within_the_error_they_state(double ppm, double jitterMs)
    {
        int within = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var clock = new SenderClock(48000);
            for (int n = 0; n < 60; n++) Report(clock, 5 * n + random.NextDouble(), ppm, jitterMs * (random.NextDouble() - 0.5));
            if (Math.Abs(clock.DriftPpm - ppm) <= 3 * clock.ErrorPpm) within++;
            Assert.True(Math.Abs(clock.DriftPpm - ppm) <= 15 * Math.Max(1, jitterMs), $"seed {seed}: {clock.DriftPpm:0.0}");
        }
        Assert.True(within >= 95, $"{within} of 100");
    }

    [Fact]
    public void A_wall_clock_that_is_set_is_refused_five_times_and_then_believed()
    {
        foreach (double stepMs in (double[])[3_600_000, 250, 1, -1, -250, -3_600_000])
        {
            var clock = new SenderClock(48000);
            for (int n = 0; n < 30; n++) Report(clock, 5 * n, 120);
            for (int n = 30; n < 34; n++)
            {
                Report(clock, 5 * n, 120, stepMs);
                Assert.Equal(120, clock.DriftPpm, tolerance: 1);
            }
            Assert.Equal(4, clock.Refused);

            for (int n = 34; n < 60; n++) Report(clock, 5 * n, 120, stepMs);

            Assert.Equal(5, clock.Refused);
            Assert.Equal(120, clock.DriftPpm, tolerance: 1);
        }
    }

    [Fact]
    public void One_wrong_report_moves_nothing()
    {
        var clock = new SenderClock(48000);
        for (int n = 0; n < 40; n++) Report(clock, 5 * n, -80, n is 12 or 20 or 33 ? 0.5 : 0);
        Assert.Equal(3, clock.Refused);
        Assert.Equal(-80, clock.DriftPpm, tolerance: 1);
    }

    [Fact]
    public void Half_a_minute_without_reports_moves_nothing()
    {
        var clock = new SenderClock(48000);
        for (int n = 0; n < 60; n++)
            if (n is < 20 or > 26) Report(clock, 5 * n, 210);
        Assert.Equal(0, clock.Refused);
        Assert.Equal(210, clock.DriftPpm, tolerance: 1);
    }

    /// <param name="at">Seconds by a true clock.</param>
    /// <param name="wrongMs">What the wall clock says too much.</param>
    private static void Report(SenderClock clock, double at, double ppm, double wrongMs = 0) =>
        clock.Add(Ntp(TimeSpan.FromSeconds(at + 10_000) + Ms(wrongMs)), (long)Math.Round(48000 * at * (1 + 1e-6 * ppm)) + 4_294_900_000);
}
