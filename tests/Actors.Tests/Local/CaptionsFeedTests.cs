using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

public sealed class CaptionsFeedTests : IAsyncLifetime
{
    private static readonly TenantId Acme = Node.Acme;
    private Node node = null!;
    private MeetingView meeting = null!;

    public async Task InitializeAsync()
    {
        node = await Node.StartAsync();
        meeting = await node.CreateAsync(null, Tracks.Of("alice"));
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task A_reader_gets_what_was_said_before_it_came_and_after_and_then_the_end()
    {
        Say(0, 3);
        await node.UntilHeardAsync(meeting.Id, 3);
        await using var reader = Feed(after: 0).GetAsyncEnumerator();
        for (int i = 0; i < 3; i++) Assert.Equal($"{i}", await NextAsync(reader));

        var next = NextAsync(reader);
        Assert.False(next.IsCompleted);
        Say(3, 1);
        Assert.Equal("3", await next);

        var end = NextAsync(reader);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.Null(await end);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(2, 3)]
    [InlineData(5, 0)]
    [InlineData(99, 0)]
    public async Task A_reader_goes_on_after_the_sequence_it_saw_last(long after, int left)
    {
        Say(0, 5);
        await node.UntilHeardAsync(meeting.Id, 5);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        var read = await Feed(after).ToListAsync();
        Assert.Equal(Enumerable.Range(5 - left, left).Select(i => ($"{i}", i + 1L)), read.Select(s => (s.Text, s.Sequence)));
    }

    [Fact]
    public async Task Sequences_go_on_rising_after_a_restart()
    {
        Say(0, 2);
        await node.UntilHeardAsync(meeting.Id, 2);
        await node.RestartAsync();
        Say(2, 2);
        await node.UntilHeardAsync(meeting.Id, 4);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.Equal([2L, 3L, 4L], (await Feed(after: 1).ToListAsync()).Select(s => s.Sequence));
    }

    [Fact]
    public async Task Many_readers_lose_nothing_while_much_is_said()
    {
        var readers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await Feed(after: 0).ToListAsync())).ToArray();
        for (int i = 0; i < 500; i += 50)
        {
            Say(i, 50);
            await node.UntilHeardAsync(meeting.Id, i + 50);
        }
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        foreach (var reader in readers) Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), (await reader).Select(s => s.Text));
    }

    [Fact]
    public async Task A_reader_that_stops_reading_or_goes_holds_nobody_up()
    {
        Say(0, 1);
        await using var slow = Feed(after: 0).GetAsyncEnumerator();
        Assert.Equal("0", await NextAsync(slow));   // and does not come back for long

        using var leaving = new CancellationTokenSource();
        await using var gone = node.Meetings.CaptionsAsync(Acme, meeting.Id, 1, leaving.Token).GetAsyncEnumerator(leaving.Token);
        var waiting = NextAsync(gone);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        Say(1, 400);
        await node.UntilHeardAsync(meeting.Id, 401);
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        for (int i = 1; i <= 400; i++) Assert.Equal($"{i}", await NextAsync(slow));
        Assert.Null(await NextAsync(slow));
    }

    [Fact]
    public async Task A_feed_does_not_end_as_if_the_meeting_were_over_when_the_server_stops()
    {
        await using var reader = Feed(after: 0).GetAsyncEnumerator();
        var next = NextAsync(reader);
        await node.Meetings.StopAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private IAsyncEnumerable<Segment> Feed(long after) => node.Meetings.CaptionsAsync(Acme, meeting.Id, after, default);

    private void Say(int from, int count)
    {
        for (int i = from; i < from + count; i++) node.Engine.Newest.Say(1, i, i + 0.9, $"{i}");
    }

    private static async Task<string?> NextAsync(IAsyncEnumerator<Segment> reader) => await reader.MoveNextAsync() ? reader.Current.Text : null;
}
