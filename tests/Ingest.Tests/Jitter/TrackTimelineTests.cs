using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Jitter;

public class TrackTimelineTests
{
    private static readonly TimeSpan Delay = Ms(30);

    [Theory]
    [InlineData(0.00, 0, 0.00, 0.00)]
    [InlineData(0.01, 5, 0.00, 0.01)]
    [InlineData(0.05, 20, 0.02, 0.00)]
    [InlineData(0.05, 40, 0.05, 0.05)]
    public void Places_what_survives_a_network_and_says_where_the_rest_is_missing(double loss, int jitter, double reordering, double duplication)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var sender = new SimulatedSender { Now = Ms(100 + seed) };
            sender.Talk(Ms(20_000));
            var link = new SimulatedLink<SentPacket>(seed) { Loss = loss, Jitter = Ms(jitter), Reordering = reordering, Duplication = duplication, Delay = Delay };

            using var played = SimulatedTrack.Play(sender.Sent, link);

            string at = $"seed {seed}";
            played.AssertInOrder(at);
            played.AssertPlaced(sender.Sent, Delay, at);
            var placed = played.Places.Select(p => p.Id).ToHashSet();
            Assert.True(placed.Count == sender.Sent.Count - link.Lost.Count, $"{at}: {placed.Count} placed, {link.Lost.Count} lost of {sender.Sent.Count}");

            // Holes lie where the lost packets were; those before the first and after the last that came nobody can know of.
            var inside = link.Lost.Where(p => p.Id > played.Places[0].Id && p.Id < played.Places[^1].Id).ToList();
            Assert.True(played.Places.Sum(p => p.Lost) == inside.Count, $"{at}: {played.Places.Sum(p => p.Lost)} lost of {inside.Count}");
            Assert.Equal(960L * inside.Count, played.Places.Sum(p => (long)p.Missing));
            foreach (var packet in inside)
                Assert.True(played.Places.Any(p => Covers(p.Start - p.Missing, p.Start, packet)), $"{at}: no hole at {packet.At}");
            Assert.Equal(TimeSpan.Zero, played.Quality.Dtx);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 0.02)]
    [InlineData(25, 0)]
    [InlineData(40, 0.02)]
    public void A_microphone_that_stalls_moves_what_comes_after_and_nothing_before(int jitter, double loss)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var sender = new SimulatedSender();
            for (int stalls = 0; stalls < 6; stalls++)
            {
                sender.Talk(Ms(2000 + 20 * random.Next(100)));
                sender.Stall(Ms(90));
            }
            sender.Talk(Ms(3000));
            var link = new SimulatedLink<SentPacket>(seed) { Delay = Delay, Jitter = Ms(jitter), Loss = loss };

            using var played = SimulatedTrack.Play(sender.Sent, link);

            played.AssertInOrder($"seed {seed}");
            played.AssertPlaced(sender.Sent, Delay, $"seed {seed}", toleranceMs: 15.1);
            Assert.Equal(sender.Sent.Count - link.Lost.Count, played.Places.Count);
        }
    }

    [Fact]
    public void A_burst_of_the_network_moves_nothing()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var sender = new SimulatedSender();
            sender.Talk(Ms(12_000));
            var from = Ms(3000 + 37 * seed);
            var link = new SimulatedLink<SentPacket>(seed) { Delay = Delay, Jitter = Ms(10), Holds = [(from, from + Ms(150)), (from + Ms(3000), from + Ms(3900))] };

            using var played = SimulatedTrack.Play(sender.Sent, link);

            played.AssertInOrder($"seed {seed}");
            played.AssertPlaced(sender.Sent, Delay, $"seed {seed}");
            Assert.Equal(sender.Sent.Count, played.Places.Count);
        }
    }

    [Fact]
    public void A_browser_that_froze_leaves_a_hole_as_long_as_it_was()
    {
        var sender = new SimulatedSender();
        sender.Talk(Ms(5000));
        sender.Stall(Ms(12_000));
        sender.Talk(Ms(5000));

        using var played = SimulatedTrack.Play(sender.Sent, new SimulatedLink<SentPacket>(1) { Delay = Delay, Jitter = Ms(8) });

        played.AssertPlaced(sender.Sent, Delay, "seed 1");
        Assert.Equal(sender.Sent.Count, played.Places.Count);
        Assert.Equal(0, played.Quality.PacketsLost);
        Assert.Empty(played.Quality.Gaps);
    }

    [Fact]
    public void Silence_by_discontinuous_transmission_is_not_loss()
    {
        var sender = new SimulatedSender();
        sender.Talk(Ms(3000));
        const int Pauses = 25;
        for (int n = 0; n < Pauses; n++)                                             // as browsers do: 1 byte, then nothing for 400 ms
        {
            sender.Send(payload: [0xF8]);
            sender.Pause(Ms(380));
        }
        sender.Talk(Ms(3000));

        using var played = SimulatedTrack.Play(sender.Sent, new SimulatedLink<SentPacket>(1) { Delay = Delay, Jitter = Ms(10) });

        played.AssertPlaced(sender.Sent.Where(p => p.Payload.Length > 1), Delay, "seed 1");
        Assert.Equal(sender.Sent.Count, played.Places.Count);
        Assert.All(played.Places, p => Assert.Equal((0, 0), (p.Lost, p.Missing)));
        Assert.Equal(Pauses * 380, played.Quality.Dtx.TotalMilliseconds, tolerance: 15);
        Assert.Empty(played.Quality.Gaps);
    }

    [Theory]
    [InlineData(600_000)]
    [InlineData(-600_000)]
    [InlineData(500)]
    [InlineData(-500)]
    [InlineData(100)]
    public void One_wrong_timestamp_harms_no_other_packet(int bombMs)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var sender = new SimulatedSender();
            sender.Talk(Ms(4000));
            var bomb = sender.Send(timestampBomb: 48L * bombMs);
            sender.Talk(Ms(4000));
            var link = new SimulatedLink<SentPacket>(seed) { Delay = Delay, Jitter = Ms(10) };

            using var played = SimulatedTrack.Play(sender.Sent, link);

            string at = $"seed {seed}";
            played.AssertInOrder(at);
            played.AssertPlaced(sender.Sent.Where(p => p != bomb), Delay, at);
            Assert.True(played.Places.Count >= sender.Sent.Count - 1, $"{at}: {sender.Sent.Count - played.Places.Count} packets are gone");
            Assert.True(played.Places[^1].Start <= Samples(sender.Now + Ms(60)), $"{at}: silence to {played.Places[^1].Start / 48000} s");
            Assert.True(played.Quality.Dtx <= Ms(40), $"{at}: {played.Quality.Dtx} of silence");
        }
    }

    [Fact]
    public void Numbers_that_wrap_inside_a_loss_lose_nothing_more()
    {
        // Both wrap within the ten packets that never come.
        var sender = new SimulatedSender(sequence: 65536 - 105, timestamp: 4294967296 - 105 * 960);
        sender.Talk(Ms(6000));
        var link = new SimulatedLink<SentPacket>(1) { Delay = Delay };

        using var played = SimulatedTrack.Play(sender.Sent.Where((_, n) => n is < 100 or >= 110), link);

        played.AssertPlaced(sender.Sent, Delay, "seed 1", toleranceMs: 0.1);
        Assert.Equal(10, played.Quality.PacketsLost);
        var hole = Assert.Single(played.Quality.Gaps);
        Assert.Equal((Ms(2030), Ms(2230), GapKind.Loss), (hole.From, hole.To, hole.Kind));
    }

    [Fact]
    public void Another_sender_in_mid_word_takes_over_where_the_first_ends()
    {
        var first = new SimulatedSender(ssrc: 1);
        first.Talk(Ms(3000));
        var second = new SimulatedSender(ssrc: 2, sequence: 10, timestamp: 99) { Now = first.Now + Ms(5) };
        second.Talk(Ms(3000));
        List<SentPacket> sent = [.. first.Sent, .. second.Sent];

        using var played = SimulatedTrack.Play(sent, new SimulatedLink<SentPacket>(1) { Delay = Delay, Jitter = Ms(10) });

        played.AssertInOrder("seed 1");
        played.AssertPlaced(sent, Delay, "seed 1");
        Assert.Equal(sent.Count, played.Places.Count);
        Assert.Equal(0, played.Quality.PacketsLost);
    }

    [Fact]
    public void A_sender_that_restarts_loses_only_the_packet_that_announces_it()
    {
        var before = new SimulatedSender(ssrc: 1, sequence: 100);
        before.Talk(Ms(3000));
        var after = new SimulatedSender(ssrc: 1, sequence: 40_000, timestamp: 1_000_000) { Now = before.Now + Ms(300) };
        after.Talk(Ms(3000));
        List<SentPacket> sent = [.. before.Sent, .. after.Sent];

        using var played = SimulatedTrack.Play(sent, new SimulatedLink<SentPacket>(1) { Delay = Delay });

        played.AssertInOrder("seed 1");
        played.AssertPlaced(sent, Delay, "seed 1");
        Assert.Equal(sent.Count - 1, played.Places.Count);
        Assert.Equal(1, played.Track.OutOfRange);
    }

    [Fact]
    public void A_sender_that_comes_back_under_its_old_name_is_heard_again()
    {
        var first = new SimulatedSender(ssrc: 1);
        first.Talk(Ms(3000));
        var second = new SimulatedSender(ssrc: 2) { Now = first.Now + Ms(1500) };
        second.Talk(Ms(3000));
        first.Now = second.Now + Ms(1500);
        first.Talk(Ms(3000));
        List<SentPacket> sent = [.. first.Sent, .. second.Sent];

        using var played = SimulatedTrack.Play(sent, new SimulatedLink<SentPacket>(1) { Delay = Delay, Jitter = Ms(10) });

        played.AssertInOrder("seed 1");
        played.AssertPlaced(sent, Delay, "seed 1");
        Assert.Equal(sent.Count, played.Places.Count);
    }

    [Fact]
    public void Packets_of_every_length_follow_each_other()
    {
        int[] durations = [120, 240, 480, 960, 1920, 2880, 5760];
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var sender = new SimulatedSender();
            while (sender.Now < Ms(8000)) sender.Send(durations[random.Next(durations.Length)]);
            var link = new SimulatedLink<SentPacket>(seed) { Delay = Delay, Jitter = Ms(10), Loss = 0.02 };

            using var played = SimulatedTrack.Play(sender.Sent, link);

            played.AssertInOrder($"seed {seed}");
            played.AssertPlaced(sender.Sent, Delay, $"seed {seed}");
            Assert.Equal(sender.Sent.Count - link.Lost.Count, played.Places.Count);
        }
    }

    [Fact]
    public void The_shortest_packets_fit_into_two_seconds_of_waiting()
    {
        var sender = new SimulatedSender();
        sender.Talk(Ms(6000), duration: 120);

        using var played = SimulatedTrack.Play(sender.Sent, new SimulatedLink<SentPacket>(1) { Delay = Delay });

        Assert.Equal(sender.Sent.Count, played.Places.Count);
    }

    private static bool Covers(long from, long to, SentPacket packet) =>
        from <= Samples(packet.At + Delay) + 720 && to >= Samples(packet.At + Delay) + 240;
}
