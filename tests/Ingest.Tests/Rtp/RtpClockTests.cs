using Pipeline.Ingest.Rtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Rtp;

public class RtpClockTests
{
    private const int Rate = 48000;

    [Theory]
    [InlineData(300, 5)]
    [InlineData(200, 30)]
    [InlineData(-200, 30)]
    [InlineData(0, 30)]
    [InlineData(-90, 60)]
    public void Without_reports_the_drift_is_known_after_three_minutes(double ppm, double jitterMs)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var sender = new Sender(seed, ppm, jitterMs);
            sender.Send(180);
            Assert.True(Math.Abs(sender.Clock.DriftPpm - ppm) <= 15, $"seed {seed}: {sender.Clock.DriftPpm:0.0} ppm");
            Assert.True(Math.Abs(sender.ErrorMs) <= 3, $"seed {seed}: {sender.ErrorMs:0.0} ms from its place");
        }
    }

    [Fact]
    public void Nothing_is_said_before_it_is_known()
    {
        var sender = new Sender(1, 200, 30);
        sender.Send(6);
        Assert.Equal(0, sender.Clock.DriftPpm);
    }

    [Fact]
    public void A_stall_keeps_the_drift_and_places_what_follows_anew()
    {
        var sender = new Sender(3, -150, 20);
        sender.Send(120);
        for (int stalls = 0; stalls < 10; stalls++)
        {
            sender.Stall(90, told: true);
            Assert.Equal(-150, sender.Clock.DriftPpm, tolerance: 15);
            sender.Send(20);
            Assert.InRange(sender.ErrorMs, -3, 3);
        }
        Assert.Equal(-150, sender.Clock.DriftPpm, tolerance: 15);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(-8)]
    public void A_way_that_becomes_another_is_a_new_stretch_and_no_drift(double ms)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var sender = new Sender(seed, 100, 20);
            sender.Send(150);
            sender.Stall(ms, told: false);
            for (int n = 0; n < 12; n++)
            {
                sender.Send(10);
                Assert.True(Math.Abs(sender.Clock.DriftPpm - 100) <= 15, $"seed {seed}: {sender.Clock.DriftPpm:0.0} ppm {10 * n} s after");
            }
            Assert.True(Math.Abs(sender.ErrorMs) <= 3, $"seed {seed}: {sender.ErrorMs:0.0} ms");
        }
    }

    [Fact]
    public void Another_sender_has_another_clock()
    {
        var clock = new RtpClock(Rate);
        new Sender(1, 180, 10, clock).Send(100);
        var second = new Sender(2, -60, 10, clock);
        Assert.Equal(0, clock.DriftPpm);
        second.Send(120);
        Assert.Equal(-60, clock.DriftPpm, tolerance: 15);
    }

    [Fact]
    public void Reports_say_the_drift_sooner()
    {
        var sender = new Sender(1, 200, 30) { ReportsEvery = 2 };
        sender.Send(14);
        Assert.Equal(200, sender.Clock.DriftPpm, tolerance: 5);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(-60)]
    public void A_wall_clock_that_runs_wrong_does_not_prevail(double wallPpm)
    {
        var sender = new Sender(1, 50, 20) { ReportsEvery = 5, WallPpm = wallPpm };
        sender.Send(240);
        Assert.Equal(50, sender.Clock.DriftPpm, tolerance: 15);
        Assert.InRange(sender.ErrorMs, -3, 3);
    }

    [Fact]
    public void Reports_that_a_forwarder_made_up_from_arrivals_do_no_harm()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var sender = new Sender(seed, -120, 20) { ReportsEvery = 1, ReportJitterMs = 20 };
            sender.Send(200);
            Assert.True(Math.Abs(sender.Clock.DriftPpm + 120) <= 15, $"seed {seed}: {sender.Clock.DriftPpm:0.0}");
        }
    }

    /// <summary>Packets of 20 ms on a clock that drifts, over a way that delays them.</summary>
    private sealed class Sender
    {
        private readonly Random random;
        private readonly double ppm, jitterMs;
        private double now = 1, delay = 0.03, reported = 1;                          // s
        private long timestamp = 7_000_000;

        public Sender(int seed, double ppm, double jitterMs, RtpClock? clock = null)
        {
            (random, this.ppm, this.jitterMs, Clock) = (new Random(seed), ppm, jitterMs, clock ?? new RtpClock(Rate));
            Clock.Begin(timestamp, Offset(now + delay), sameClock: false, sameTimestamps: false);
        }

        public RtpClock Clock { get; }
        public double ReportsEvery { get; init; } = double.PositiveInfinity;
        public double ReportJitterMs { get; init; }
        public double WallPpm { get; init; }
        /// <summary>How far the next packet would be placed from where the quickest way would bring it.</summary>
        public double ErrorMs => (Clock.OffsetAt(timestamp) - Offset(now + delay)) * 1000.0 / Rate;

        public void Send(double seconds)
        {
            for (double until = now + seconds; now < until; now += 0.02 / (1 + 1e-6 * ppm), timestamp += 960)
            {
                if (random.NextDouble() < 0.02) continue;                            // lost
                Clock.Add(timestamp, Offset(now + delay + random.NextDouble() * jitterMs / 1000));
                if (now < reported + ReportsEvery) continue;
                reported = now;
                double wall = now * (1 + 1e-6 * WallPpm) + ReportJitterMs * random.NextDouble() / 1000;
                Clock.Add(Ntp(TimeSpan.FromSeconds(wall)), timestamp);
            }
        }

        /// <param name="told">It is long enough to be seen at once.</param>
        public void Stall(double ms, bool told)
        {
            if (told) now += ms / 1000;
            else delay += ms / 1000;
            if (told) Clock.Begin(timestamp, Offset(now + delay), sameClock: true, sameTimestamps: true);
        }

        private long Offset(double arrival) => (long)Math.Round(arrival * Rate) - timestamp;
    }
}
