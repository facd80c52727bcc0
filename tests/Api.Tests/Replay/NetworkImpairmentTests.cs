using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class NetworkImpairmentTests
{
    private const int Streams = 3, PerStream = 4000;

    private static readonly ReplayPacket[] Packets =
        [.. Enumerable.Range(0, PerStream).SelectMany(n => Enumerable.Range(0, Streams).Select(s => new ReplayPacket(s, TimeSpan.FromMilliseconds(20 * n), default)))];

    private static readonly NetworkConditions Bad = new() { Loss = 0.05, Jitter = TimeSpan.FromMilliseconds(60), Reorder = 0.02, Duplicate = 0.01 };

    [Fact]
    public void A_perfect_network_changes_nothing()
    {
        var network = NetworkImpairment.Apply(Packets, NetworkConditions.Perfect);
        Assert.Equal(Packets.Select((p, i) => new Delivery(i, p.Time, DeliveryKind.Sent)), network.Deliveries);
        Assert.Equal(new ImpairmentStatistics(Packets.Length, 0, 0, 0), network.Statistics);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(42), InlineData(12345)]
    public void Does_about_as_much_harm_as_was_asked_for(int seed)
    {
        var harm = NetworkImpairment.Apply(Packets, Bad with { Seed = seed }).Statistics;
        // Five standard deviations of 12 000 draws.
        Assert.InRange(harm.Lost / (double)Packets.Length, 0.05 - 0.01, 0.05 + 0.01);
        Assert.InRange(harm.Duplicated / (double)Packets.Length, 0.0095 - 0.005, 0.0095 + 0.005);
        Assert.InRange(harm.Reordered / (double)Packets.Length, 0.019 - 0.0065, 0.019 + 0.0065);
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Neither_invents_nor_forgets_a_packet(int seed)
    {
        var deliveries = NetworkImpairment.Apply(Packets, Bad with { Seed = seed }).Deliveries;
        var once = deliveries.Where(d => d.Kind != DeliveryKind.Duplicate).Select(d => d.Packet);
        var copies = deliveries.Where(d => d.Kind == DeliveryKind.Duplicate).Select(d => d.Packet).ToList();
        var sent = deliveries.Where(d => d.Kind == DeliveryKind.Sent).Select(d => d.Packet).ToHashSet();

        Assert.Equal(Enumerable.Range(0, Packets.Length), once.Order());
        Assert.Equal(copies.Count, copies.Distinct().Count());
        Assert.All(copies, c => Assert.Contains(c, sent));
        Assert.Equal(deliveries.OrderBy(d => d.Time), deliveries);
        Assert.All(deliveries, d => Assert.True(d.Time >= Packets[d.Packet].Time));
    }

    [Fact]
    public void The_same_seed_gives_the_same_deliveries_and_another_seed_others()
    {
        var first = NetworkImpairment.Apply(Packets, Bad).Deliveries;
        Assert.Equal(first, NetworkImpairment.Apply(Packets, Bad).Deliveries);
        Assert.NotEqual(first, NetworkImpairment.Apply(Packets, Bad with { Seed = 2 }).Deliveries);
    }

    [Fact]
    public void Jitter_alone_delays_within_its_range_and_keeps_each_streams_order()
    {
        var network = NetworkImpairment.Apply(Packets, new NetworkConditions { Jitter = TimeSpan.FromMilliseconds(60) });
        foreach (var stream in network.Deliveries.GroupBy(d => Packets[d.Packet].Stream))
            Assert.Equal(stream.Select(d => d.Packet).Order(), stream.Select(d => d.Packet));
        Assert.All(network.Deliveries, d => Assert.InRange(d.Time - Packets[d.Packet].Time, TimeSpan.Zero, TimeSpan.FromMilliseconds(60)));
        Assert.Equal(0, network.Statistics.Reordered);
    }

    [Fact]
    public void A_reordered_packet_leaves_behind_one_to_three_later_ones()
    {
        var network = NetworkImpairment.Apply(Packets, new NetworkConditions { Reorder = 0.02 });
        int overtaken = 0;
        foreach (var stream in network.Deliveries.GroupBy(d => Packets[d.Packet].Stream))
        {
            int[] order = [.. stream.Select(d => d.Packet / Streams)];
            for (int i = 0; i < order.Length; i++)
            {
                int before = order.Take(i).Skip(i - 10).Count(n => n > order[i]);
                if (before == 0) continue;
                overtaken++;
                // Two held ones may come out together, so that one more of them is in front.
                Assert.InRange(before, 1, 6);
            }
        }
        Assert.InRange(overtaken, network.Statistics.Reordered, network.Statistics.Reordered + Streams);
    }

    [Fact]
    public void What_befalls_a_stream_does_not_depend_on_the_others()
    {
        ReplayPacket[] alone = [.. Packets.Where(p => p.Stream == 1)];
        var among = NetworkImpairment.Apply(Packets, Bad).Deliveries.Where(d => Packets[d.Packet].Stream == 1).Select(d => (d.Packet / Streams, d.Time, d.Kind));
        Assert.Equal(NetworkImpairment.Apply(alone, Bad).Deliveries.Select(d => (d.Packet, d.Time, d.Kind)), among);
    }

    [Fact]
    public void A_network_that_loses_everything_sends_nothing()
    {
        var network = NetworkImpairment.Apply(Packets, Bad with { Loss = 1 });
        Assert.All(network.Deliveries, d => Assert.Equal(DeliveryKind.Lost, d.Kind));
    }

    [Theory]
    [InlineData(-0.1), InlineData(1.1), InlineData(double.NaN)]
    public void Shares_lie_between_zero_and_one(double loss) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => NetworkImpairment.Apply(Packets, new NetworkConditions { Loss = loss }));
}
