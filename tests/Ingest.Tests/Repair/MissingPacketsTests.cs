using Pipeline.Ingest.Repair;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public class MissingPacketsTests
{
    private readonly MissingPackets missing = new();

    [Fact]
    public void A_lost_packet_is_asked_for_once_reordering_would_have_brought_it()
    {
        Receive(0, 0, 1, 2, 5);

        Assert.Empty(Due(19));
        Assert.Equal([3, 4], Due(20));
    }

    [Fact]
    public void One_that_was_only_overtaken_is_not_asked_for()
    {
        Receive(0, 1, 3);
        Receive(15, 2);

        Assert.Empty(Due(1000));
        Assert.Equal(0, missing.Count);
    }

    [Fact]
    public void It_is_asked_for_again_once_a_round_trip_until_it_comes()
    {
        Receive(0, 1, 3);
        Assert.Equal([2], Due(20));
        missing.Repaired(2, Ms(60));                                                 // 40 ms
        Assert.Equal(Ms(40), missing.RoundTrip);

        Receive(100, 5);
        Assert.Equal([4], Due(120));
        Assert.Empty(Due(179));
        Assert.Equal([4], Due(180));
        missing.Repaired(4, Ms(200));
        Assert.Empty(Due(400));
        Assert.Equal(Ms(40), missing.RoundTrip);                                     // it may have been the first request's
    }

    [Fact]
    public void It_is_given_up_when_its_place_is_passed_or_it_was_asked_for_ten_times()
    {
        Receive(0, 1, 3);
        var asked = Enumerable.Range(0, 200).Where(n => Due(20 * n).Contains(2)).Select(n => 20 * n).ToList();
        Assert.Equal(MissingPackets.MaxTries, asked.Count);
        Assert.True(asked[^1] < MissingPackets.GiveUpAfter.TotalMilliseconds);
        Assert.Equal(0, missing.Count);

        Receive(5000, 5);
        Assert.Empty(Due(5000 + MissingPackets.GiveUpAfter.TotalMilliseconds));
    }

    [Fact]
    public void After_a_long_hole_the_newest_are_asked_for_and_no_more_than_fit()
    {
        Receive(0, 0, 3000);

        Assert.Equal(MissingPackets.Capacity, missing.Count);
        Assert.Equal(Enumerable.Range(3000 - MissingPackets.Capacity, 100), Due(20, room: 100));
        Assert.Equal(Enumerable.Range(3000 - MissingPackets.Capacity + 100, MissingPackets.Capacity - 100), Due(40));
    }

    [Fact]
    public void Numbers_are_the_wires_also_behind_a_wrap()
    {
        Receive(0, 65533, 65538);
        Assert.Equal([65534, 65535, 0, 1], Due(20));
    }

    [Fact]
    public void Another_run_of_the_sequence_and_a_pause_leave_nothing_to_ask_for()
    {
        Receive(0, 1, 3);
        missing.Forget();
        Receive(5, 4);
        Assert.Empty(Due(500));

        Receive(500, 7);
        missing.Restart();
        Receive(501, 40000);
        Assert.Empty(Due(1000));
    }

    [Fact]
    public void With_a_sender_that_answers_nearly_all_comes_whatever_is_lost()
    {
        var asked = new ushort[64];
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var round = Ms(random.Next(20, 150));
            var wanted = new MissingPackets();
            var way = new PriorityQueue<long, TimeSpan>();
            var came = new HashSet<long>();
            for (int n = 0; n < 3000; n++)
            {
                var now = Ms(20 * n);
                if (n < 2900 && (n == 0 || random.NextDouble() > 0.1)) way.Enqueue(n, now + round / 2);
                while (way.TryPeek(out long sequence, out var arrival) && arrival <= now)
                {
                    way.Dequeue();
                    if (came.Count > 0 && sequence < came.Max()) wanted.Repaired(sequence, arrival);
                    else wanted.Received(sequence, arrival);
                    came.Add(sequence);
                }
                int due = wanted.TakeDue(now, asked);
                for (int i = 0; i < due; i++)
                    if (random.NextDouble() > 0.2) way.Enqueue(asked[i], now + round);   // the request, or its answer, may be lost too
            }
            int last = (int)came.Max();
            Assert.True(last + 1 - came.Count <= 1, $"seed {seed}: {last + 1 - came.Count} never came");
        }
    }

    [Fact]
    public void A_round_trip_longer_than_the_first_pause_is_learnt_and_from_then_on_one_request_is_enough()
    {
        var asked = new ushort[64];
        foreach (int round in (int[])[150, 300, 450])
        {
            var wanted = new MissingPackets();
            var way = new PriorityQueue<long, TimeSpan>();
            var requests = new List<TimeSpan>();
            for (int n = 0; n < 3000; n++)
            {
                var now = Ms(20 * n);
                while (way.TryPeek(out long again, out var arrival) && arrival <= now) wanted.Repaired(way.Dequeue(), arrival);
                if (n % 50 != 25) wanted.Received(n, now);
                int due = wanted.TakeDue(now, asked);
                for (int i = 0; i < due; i++)
                {
                    requests.Add(now);
                    way.Enqueue(asked[i], now + Ms(round));
                }
            }
            Assert.InRange(wanted.RoundTrip, Ms(round), Ms(round + 20));
            Assert.Equal(30, requests.Count(at => at >= Ms(30_000)));                // one for each of the last thirty that were lost
        }
    }

    [Fact]
    public void A_packet_that_was_late_and_came_by_itself_tells_nothing_of_the_round_trip()
    {
        Receive(0, 1, 3);
        Assert.Equal([2], Due(20));
        Receive(25, 2);
        Assert.Equal((TimeSpan.Zero, 0), (missing.RoundTrip, missing.Count));
    }

    private void Receive(double at, params long[] sequences)
    {
        foreach (long sequence in sequences) missing.Received(sequence, Ms(at));
    }

    private int[] Due(double now, int room = 400)
    {
        var sequences = new ushort[room];
        return [.. sequences.Take(missing.TakeDue(Ms(now), sequences)).Select(s => (int)s)];
    }
}
