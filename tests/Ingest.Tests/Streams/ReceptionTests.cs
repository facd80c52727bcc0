using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Streams;

public class ReceptionTests
{
    [Fact]
    public void Counts_exactly_what_the_link_did()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var link = new SimulatedLink<int>(seed)
            {
                Loss = random.NextDouble() * 0.3,
                Duplication = random.NextDouble() * 0.2,
                Reordering = random.NextDouble() * 0.3,
                ReorderedBy = Ms(200),
                Jitter = Ms(random.Next(60)),
            };
            const int Sent = 1500;
            for (int n = 0; n < Sent; n++) link.Send(n, Ms(20 * n));
            var delivered = link.DeliverAll().ToList();
            int first = 65536 - random.Next(1, 40);                                  // wraps soon after the start

            var stream = new ReceiveStream(7, 48000);
            foreach (var (n, arrival) in delivered) Receive(stream, (ushort)(first + n), (uint)(960 * n), arrival);

            int lowest = delivered.Min(d => d.Packet), highest = delivered.Max(d => d.Packet);   // those outside nobody can know of
            int unique = delivered.Select(d => d.Packet).Distinct().Count();
            var expected = new ReceptionCounts(unique, highest - lowest + 1 - unique, link.Duplicated);
            Assert.True(stream.Counts == expected, $"seed {seed}: {stream.Counts} is not {expected}");
            Assert.Equal(0, stream.Restarts);
            Assert.True(link.Lost.Count >= expected.Lost, $"seed {seed}");
        }
    }

    [Fact]
    public void A_duplicate_hides_no_loss()
    {
        var stream = new ReceiveStream(7, 48000);
        foreach (int n in (int[])[0, 1, 1, 1, 3]) Receive(stream, (ushort)n, (uint)(960 * n), Ms(20 * n));

        Assert.Equal(new ReceptionCounts(3, 1, 2), stream.Counts);
    }

    [Fact]
    public void A_sender_that_restarts_goes_on_in_a_line_of_its_own_and_keeps_its_counts()
    {
        var stream = new ReceiveStream(7, 48000);
        for (int n = 0; n < 10; n++) Receive(stream, (ushort)(100 + n), (uint)(960 * n), Ms(20 * n));

        Assert.Equal(Reception.OutOfRange, Receive(stream, 40000, 5, Ms(200)));
        Assert.Equal(Reception.Accepted, Receive(stream, 40001, 965, Ms(220)));
        Assert.Equal(Reception.Accepted, Receive(stream, 40003, 2885, Ms(260)));

        Assert.Equal(1, stream.Restarts);
        Assert.Equal(new ReceptionCounts(12, 1, 0), stream.Counts);
    }

    [Fact]
    public void Two_stray_packets_half_way_round_from_each_other_are_not_one_either()
    {
        var stream = new ReceiveStream(7, 48000);
        for (int n = 0; n < 10; n++) Receive(stream, (ushort)n, (uint)(960 * n), Ms(20 * n));

        Assert.Equal(Reception.OutOfRange, Receive(stream, 40_000, 7, Ms(200)));
        Assert.Equal(Reception.OutOfRange, Receive(stream, 40_000 - 32_768, 7, Ms(200)));
        Assert.Equal((0, new ReceptionCounts(10, 0, 0)), (stream.Restarts, stream.Counts));
    }

    [Theory]
    [InlineData(5)]                                                                  // its own numbers again, other timestamps
    [InlineData(30_000)]
    [InlineData(65_000)]
    public void A_sender_that_begins_anew_anywhere_is_heard_from_its_second_packet_on(int from)
    {
        var stream = new ReceiveStream(7, 48000);
        for (int n = 0; n < 50; n++)
            if (n != 11) Receive(stream, (ushort)n, (uint)(960 * n), Ms(20 * n));

        Assert.Equal(Reception.OutOfRange, Receive(stream, (ushort)from, 3_000_000_000, Ms(1100)));
        for (int n = 1; n < 50; n++) Assert.Equal(Reception.Accepted, Receive(stream, (ushort)(from + n), (uint)(3_000_000_000 + 960 * n), Ms(1100 + 20 * n)));

        Assert.Equal((1, 98, 1), (stream.Restarts, stream.Counts.Received, stream.Counts.Lost));
    }

    [Fact]
    public void A_sender_that_went_on_while_nothing_was_heard_has_not_begun_anew_however_long_that_was()
    {
        foreach (int packets in (int[])[3500, 20_000, 50_000])
        {
            var stream = new ReceiveStream(7, 48000);
            for (int n = 0; n < 10; n++) Receive(stream, (ushort)n, (uint)(960 * n), Ms(20 * n));

            Assert.Equal(Reception.Accepted, Receive(stream, (ushort)(10 + packets), (uint)(960 * (10 + packets)), Ms(20 * (10 + packets) + 13)));
            Assert.Equal((0, new ReceptionCounts(11, packets, 0)), (stream.Restarts, stream.Counts));
        }
    }

    [Fact]
    public void One_stray_packet_is_not_a_restart()
    {
        var stream = new ReceiveStream(7, 48000);
        for (int n = 0; n < 100; n++)
        {
            Receive(stream, (ushort)n, (uint)(960 * n), Ms(20 * n));
            if (n % 10 == 5) Assert.Equal(Reception.OutOfRange, Receive(stream, (ushort)(20000 + 7 * n), 0, Ms(20 * n)));
        }
        Assert.Equal(0, stream.Restarts);
        Assert.Equal(new ReceptionCounts(100, 0, 0), stream.Counts);
    }

    [Fact]
    public void Jitter_is_none_for_an_even_stream_and_settles_at_the_mean_difference()
    {
        var even = new ReceptionStatistics(48000);
        for (int n = 0; n < 500; n++) even.Receive(n, 960 * n, Ms(20 * n));
        Assert.Equal(0, even.InterarrivalJitter);

        // Every other packet 10 ms late: each difference is 480 ticks, and so is their running mean (RFC 3550 §A.8).
        var uneven = new ReceptionStatistics(48000);
        for (int n = 0; n < 500; n++) uneven.Receive(n, 960 * n, Ms(20 * n + 10 * (n % 2)));
        Assert.Equal(480, uneven.InterarrivalJitter, tolerance: 0.01);
        Assert.Equal(10, uneven.Jitter.TotalMilliseconds, tolerance: 0.01);
    }

    private static Reception Receive(ReceiveStream stream, ushort sequence, uint timestamp, TimeSpan arrival)
    {
        Assert.True(RtpPacket.TryParse(Datagram(7, sequence, timestamp, [0xF8, 1]), out var packet));
        return stream.Receive(packet, arrival, out _, out _);
    }
}
