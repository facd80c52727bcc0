using Pipeline.Ingest.Video;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

public class KeyFrameWatchTests
{
    private static readonly byte[] Key = [0x10, 0x00, 1, 2], Delta = [0x10, 0x01, 1, 2], Rest = [0x00, 1, 2];   // of VP8

    private readonly KeyFrameWatch watch = new(PayloadFormat.For("vp8")!);

    [Fact]
    public void A_stream_needs_a_key_frame_until_one_comes()
    {
        Assert.True(watch.NeedsKeyFrame);
        Receive(10, Delta, 0);
        Receive(11, Rest, 0);
        Assert.True(watch.NeedsKeyFrame);
        Receive(12, Key, 20);
        Assert.False(watch.NeedsKeyFrame);
        Assert.Null(watch.LostSince);
    }

    [Fact]
    public void A_packet_that_is_repaired_in_time_was_not_lost()
    {
        Receive(10, Key, 0);
        Receive(12, Delta, 40);
        watch.Advance(Ms(400));
        Receive(11, Delta, 410);
        watch.Advance(Ms(900));
        Assert.False(watch.NeedsKeyFrame);
    }

    [Fact]
    public void One_that_is_not_makes_a_key_frame_needed_until_one_comes_that_was_sent_after_it()
    {
        Receive(10, Key, 0);
        Receive(12, Delta, 40);
        watch.Advance(Ms(439));
        Assert.False(watch.NeedsKeyFrame);
        watch.Advance(Ms(440));
        Assert.True(watch.NeedsKeyFrame);
        Assert.Equal(Ms(40), watch.LostSince);

        Receive(11, Key, 500);                                                       // too late, and before what is missing
        Receive(13, Delta, 510);
        Assert.True(watch.NeedsKeyFrame);
        Receive(14, Key, 530);
        Assert.False(watch.NeedsKeyFrame);
        Assert.Null(watch.LostSince);
    }

    [Fact]
    public void A_key_frame_behind_the_hole_makes_up_for_it()
    {
        Receive(10, Key, 0);
        Receive(12, Key, 40);
        watch.Advance(Ms(900));
        Assert.False(watch.NeedsKeyFrame);
    }

    [Fact]
    public void Of_two_holes_the_later_is_given_its_time()
    {
        Receive(10, Key, 0);
        Receive(12, Key, 40);
        Receive(14, Delta, 300);
        watch.Advance(Ms(440));
        Assert.False(watch.NeedsKeyFrame);
        watch.Advance(Ms(840));
        Assert.True(watch.NeedsKeyFrame);
    }

    [Fact]
    public void What_was_withheld_cannot_be_referred_to()
    {
        Receive(10, Key, 0);
        watch.Receive(0, 11, [], isWithheld: true, Ms(20));
        Receive(12, Delta, 40);
        Assert.True(watch.NeedsKeyFrame);
        Assert.Null(watch.LostSince);
        Receive(13, Key, 60);
        Assert.False(watch.NeedsKeyFrame);
    }

    [Fact]
    public void A_hole_wider_than_it_can_follow_is_a_loss_at_once()
    {
        Receive(10, Key, 0);
        Receive(5000, Delta, 40);
        Assert.True(watch.NeedsKeyFrame);
        Receive(5001, Key, 60);
        Assert.False(watch.NeedsKeyFrame);
    }

    [Fact]
    public void A_stream_that_begins_anew_needs_one_of_its_own()
    {
        Receive(10, Key, 0);
        watch.Receive(1, 3, Delta, isWithheld: false, Ms(20));
        Assert.True(watch.NeedsKeyFrame);
    }

    /// <summary>Against the plainest way to say it, for many seeds.</summary>
    [Fact]
    public void It_needs_a_key_frame_exactly_where_something_behind_the_last_one_is_missing()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var one = new KeyFrameWatch(PayloadFormat.For("vp8")!);
            var came = new HashSet<long>();
            long lastKey = -1, first = 65_530;
            for (long n = first; n < first + 2000; n++)
            {
                if (random.NextDouble() < 0.01) continue;
                bool isKey = random.Next(60) == 0;
                one.Receive(0, n, isKey ? Key : Delta, isWithheld: false, Ms(10 * (n - first)));
                one.Advance(Ms(10 * (n - first)));
                came.Add(n);
                if (isKey) lastKey = n;
            }
            for (int second = 30; second < 60; second++) one.Advance(Ms(1000 * second));
            bool missing = lastKey < 0 || Enumerable.Range(0, (int)(came.Max() - lastKey)).Any(n => !came.Contains(lastKey + n));
            Assert.True(missing == one.NeedsKeyFrame, $"seed {seed}");
        }
    }

    private void Receive(long sequence, byte[] payload, int at) => watch.Receive(0, sequence, payload, isWithheld: false, Ms(at));
}
