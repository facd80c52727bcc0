using Pipeline.Ingest.Repair;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public class KeyFrameRequestsTests
{
    private readonly KeyFrameRequests requests = new();

    [Fact]
    public void Asks_at_once_and_then_ever_more_rarely_while_no_picture_comes() =>
        Assert.Equal([0, 500, 1500, 3500, 7500, 11500], Asked(0, 12000));

    [Fact]
    public void Asks_at_once_again_when_another_picture_is_needed_later()
    {
        Asked(0, 4000);
        Assert.False(requests.TakeDue(isNeeded: false, Ms(4000)));

        Assert.Equal([5000, 5500], Asked(5000, 6400));
    }

    [Fact]
    public void Never_asks_twice_within_half_a_second_however_often_the_picture_is_lost()
    {
        var asked = new List<int>();
        for (int now = 0; now < 10_000; now += 20)
            if (requests.TakeDue(isNeeded: now % 40 == 0, Ms(now))) asked.Add(now);

        Assert.InRange(asked.Count, 19, 20);
        Assert.All(asked.Zip(asked.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 500));
    }

    [Fact]
    public void Asks_nothing_while_pictures_come()
    {
        for (int now = 0; now < 10_000; now += 20) Assert.False(requests.TakeDue(isNeeded: false, Ms(now)));
    }

    private List<int> Asked(int from, int to)
    {
        var asked = new List<int>();
        for (int now = from; now < to; now += 20)
            if (requests.TakeDue(isNeeded: true, Ms(now))) asked.Add(now);
        return asked;
    }
}
