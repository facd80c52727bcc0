using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Tests.Local;

public sealed class LevelsFeedTests : IAsyncLifetime
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
    public async Task Many_readers_get_one_measurement_and_without_any_there_is_none()
    {
        Assert.False(node.Engine.Newest.IsListenedTo);
        await using (var one = Feed().GetAsyncEnumerator())
        await using (var two = Feed().GetAsyncEnumerator())
        {
            var (first, second) = (await BeginAsync(one), await BeginAsync(two));
            Assert.True(node.Engine.Newest.IsListenedTo);

            Measure(1, -32);

            Assert.True(await first && await second);
            foreach (var reader in new[] { one, two })
                Assert.Equal((meeting.Tracks[0].Track.Id, -32, true), (reader.Current.Tracks[0].Track, reader.Current.Tracks[0].LevelDb, reader.Current.Tracks[0].IsSpeaking));
        }
        Assert.False(node.Engine.Newest.IsListenedTo);
    }

    [Fact]
    public async Task A_reader_that_comes_later_is_not_told_what_was()
    {
        await using (var before = Feed().GetAsyncEnumerator())
        {
            var first = await BeginAsync(before);
            Measure(1, -20);
            Assert.True(await first);
        }
        await using var reader = Feed().GetAsyncEnumerator();
        var next = await BeginAsync(reader);

        Measure(60, -40);

        Assert.True(await next);
        Assert.Equal(TimeSpan.FromSeconds(60), reader.Current.At);
    }

    [Fact]
    public async Task A_slow_reader_gets_the_newest()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        var next = await BeginAsync(reader);
        Measure(1, -20);
        Assert.True(await next);

        for (int second = 2; second <= 500; second++) Measure(second, -20);

        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(TimeSpan.FromSeconds(500), reader.Current.At);
    }

    [Fact]
    public async Task A_track_that_comes_while_somebody_reads_is_there()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        var next = await BeginAsync(reader);
        var added = Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, meeting.Id, [Tracks.Of("bob", 112)], default));

        node.Engine.Newest.Measure(new LevelReading(TimeSpan.FromSeconds(1), [new TrackLevel(1, -127, false), new TrackLevel(2, -30, true)]));

        Assert.True(await next);
        Assert.Equal([meeting.Tracks[0].Track.Id, added.Tracks[0].Track.Id], reader.Current.Tracks.Select(t => t.Track));
    }

    [Fact]
    public async Task A_feed_goes_on_over_a_new_run_of_the_media_and_ends_with_the_meeting()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        var next = await BeginAsync(reader);
        var broken = node.Engine.Newest;
        broken.Breaks.SetResult();
        await node.UntilAsync(meeting.Id, m => m.Reason == "recovered");
        await node.Store.UntilAsync(() => { node.Clock.Advance(TimeSpan.FromSeconds(1)); return Task.FromResult(node.Engine.Newest != broken); });
        Measure(5, -25);
        Assert.True(await next);

        var end = reader.MoveNextAsync().AsTask();
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.False(await end);

        await using var late = Feed().GetAsyncEnumerator();
        Assert.False(await late.MoveNextAsync());
    }

    [Fact]
    public async Task Another_tenants_meeting_has_no_levels()
    {
        await using var reader = node.Meetings.LevelsAsync(new TenantId("other"), meeting.Id, default).GetAsyncEnumerator();
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    public async Task A_feed_does_not_end_as_if_the_meeting_were_over_when_the_server_stops()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        var next = await BeginAsync(reader);
        await node.Meetings.StopAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private IAsyncEnumerable<MeetingLevels> Feed() => node.Meetings.LevelsAsync(Acme, meeting.Id, default);

    /// <summary>Asks for the next reading, and returns once the meeting knows that somebody does.</summary>
    private async Task<Task<bool>> BeginAsync(IAsyncEnumerator<MeetingLevels> reader)
    {
        var next = reader.MoveNextAsync().AsTask();
        while (!node.Engine.Newest.IsListenedTo && !next.IsCompleted) await Task.Yield();
        return next;
    }

    private void Measure(double second, int levelDb) =>
        node.Engine.Newest.Measure(new LevelReading(TimeSpan.FromSeconds(second), [new TrackLevel(1, levelDb, levelDb > -50)]));
}
