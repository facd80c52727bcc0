using Pipeline.Ingest.Repair;

namespace Pipeline.Ingest.Tests.Repair;

public class RecentPacketsTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void The_packets_right_before_are_counted_back(int lost)
    {
        var recent = Heard(960, 0, 1, 2, 3 + lost);
        for (int back = 1; back <= lost; back++) Assert.Equal(3 + lost - back, Place(recent, 3 + lost, back, 960 * (3 + lost - back)));
    }

    [Fact]
    public void Of_a_sender_that_carries_each_packet_three_later_the_timestamp_says_which_it_is()
    {
        var recent = Heard(960, 0, 1, 5);                                            // 2, 3 and 4 are missing
        Assert.Equal(2, Place(recent, 5, back: 1, 960 * 2));
    }

    [Fact]
    public void Once_one_of_them_came_twice_it_is_known_also_where_lengths_differ()
    {
        var recent = Heard(960, 0, 1, 2, 3);
        Assert.Null(Place(recent, 3, back: 1, 960));                                 // two before: the one between is never carried
        recent.Add(7, 960 * 3 + 4 * 1920);                                           // 4, 5 and 6 are missing
        Assert.Equal(5, Place(recent, 7, back: 1, 960 * 3 + 960));
    }

    [Fact]
    public void Where_packets_differ_in_length_or_silence_is_between_them_their_order_says_which_it_is()
    {
        var recent = new RecentPackets();
        recent.Add(10, 0);
        recent.Add(14, 960 + 960 + 19200 + 960);                                     // 11, 12 and 13 are missing, silence before the last
        Assert.Equal(13, Place(recent, 14, back: 1, 960 + 960 + 19200));
        Assert.Equal(12, Place(recent, 14, back: 2, 960 + 960));
        Assert.Equal(11, Place(recent, 14, back: 3, 960));
    }

    [Fact]
    public void One_that_is_there_has_no_place_whether_it_came_or_was_restored()
    {
        var recent = Heard(960, 0, 1, 2, 4);
        Assert.Null(Place(recent, 4, back: 2, 960 * 2));
        recent.Add(3, 960 * 3);
        Assert.Null(Place(recent, 4, back: 1, 960 * 3));
    }

    [Theory]
    [InlineData(4, 1, 960 * 4)]                                                      // its carrier's own
    [InlineData(4, 1, 960 * 4 + 5)]                                                  // after it
    [InlineData(4, 3, 960 + 480)]                                                    // between two that are there
    [InlineData(4, 5, -960)]                                                         // before all that came
    [InlineData(4, 3, 960 * 2 + 3)]                                                  // counts to one that is there, and fits nowhere
    [InlineData(9, 1, 960 * 2)]                                                      // its carrier never came
    public void A_timestamp_that_fits_nowhere_has_no_place(int carrier, int back, long timestamp) =>
        Assert.Null(Place(Heard(960, 0, 1, 4), carrier, back, timestamp));

    [Fact]
    public void Whatever_was_lost_and_comes_with_a_later_packet_finds_its_own_place()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            int copies = random.Next(1, 9);
            var recent = new RecentPackets();
            var sent = new List<long>();                                             // timestamps by sequence
            long timestamp = 0;
            for (int n = 0; n < 400; n++)
            {
                sent.Add(timestamp);
                timestamp += random.Next(20) == 0 ? 19200 : 960 * random.Next(1, 4);
                if (n > 1 && random.NextDouble() < 0.3) continue;                    // the first two say what kind of sender it is
                recent.Add(n, sent[n]);
                for (int back = 1; back <= Math.Min(copies, n); back++)
                    if (Place(recent, n, back, sent[n - back]) is { } place)
                    {
                        Assert.True(place == n - back, $"seed {seed}: {n - back} was placed at {place}");
                        recent.Add(place, sent[n - back]);
                    }
            }
        }
    }

    private static RecentPackets Heard(int duration, params int[] sequences)
    {
        var recent = new RecentPackets();
        foreach (int sequence in sequences) recent.Add(sequence, (long)duration * sequence);
        return recent;
    }

    private static long? Place(RecentPackets recent, long carrier, int back, long timestamp) =>
        recent.TryPlace(carrier, back, timestamp, out long sequence) ? sequence : null;
}
