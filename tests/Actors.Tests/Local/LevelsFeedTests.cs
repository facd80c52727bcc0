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
            var reads = Task.WhenAll(one.MoveNextAsync().AsTask(), two.MoveNextAsync().AsTask());
            while (!reads.IsCompleted)                                               // until both listen
            {
                Measure(1, -32);
                await Task.Yield();
            }
            Assert.All(await reads, Assert.True);

            Assert.True(node.Engine.Newest.IsListenedTo);
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
            Assert.True(await MeasureForAsync(before, 1, -20));
        }
        await using var reader = Feed().GetAsyncEnumerator();

        Assert.True(await MeasureForAsync(reader, 60, -40));

        Assert.Equal(TimeSpan.FromSeconds(60), reader.Current.At);
    }

    [Fact]
    public async Task A_slow_reader_gets_the_newest()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        Assert.True(await MeasureForAsync(reader, 1, -20));

        for (int second = 2; second <= 500; second++) Measure(second, -20);

        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(TimeSpan.FromSeconds(500), reader.Current.At);
    }

    [Fact]
    public async Task A_track_that_comes_while_somebody_reads_is_there()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        Assert.True(await MeasureForAsync(reader, 1, -20));
        var added = Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, meeting.Id, [Tracks.Of("bob", 112)], default));

        node.Engine.Newest.Measure(new LevelReading(TimeSpan.FromSeconds(1), [new TrackLevel(1, -127, false), new TrackLevel(2, -30, true)]));

        Assert.True(await reader.MoveNextAsync());
        Assert.Equal([meeting.Tracks[0].Track.Id, added.Tracks[0].Track.Id], reader.Current.Tracks.Select(t => t.Track));
    }

    [Fact]
    public async Task A_feed_goes_on_over_a_new_run_of_the_media_and_ends_with_the_meeting()
    {
        await using var reader = Feed().GetAsyncEnumerator();
        Assert.True(await MeasureForAsync(reader, 1, -20));
        var broken = node.Engine.Newest;
        broken.Breaks.SetResult();
        await node.Store.UntilAsync(async () => (await node.LedgerAsync(meeting.Id)).Contains("meeting.recovered"));
        node.Clock.Advance(TimeSpan.FromSeconds(3));
        while (node.Engine.Newest == broken) await Task.Yield();

        Assert.True(await MeasureForAsync(reader, 5, -25));
        Assert.Equal(TimeSpan.FromSeconds(5), reader.Current.At);

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
        Assert.True(await MeasureForAsync(reader, 1, -20));
        var next = reader.MoveNextAsync().AsTask();
        await node.Meetings.StopAsync(CancellationToken.None);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    private IAsyncEnumerable<MeetingLevels> Feed() => node.Meetings.LevelsAsync(Acme, meeting.Id, default);

    /// <summary>Measures once, when the reader listens: nothing is left over that its next read could take for new.</summary>
    private async Task<bool> MeasureForAsync(IAsyncEnumerator<MeetingLevels> reader, double second, int levelDb)
    {
        var next = reader.MoveNextAsync().AsTask();
        while (!node.Engine.Newest.IsListenedTo) await Task.Yield();
        Measure(second, levelDb);
        return await next;
    }

    private void Measure(double second, int levelDb) =>
        node.Engine.Newest.Measure(new LevelReading(TimeSpan.FromSeconds(second), [new TrackLevel(1, levelDb, levelDb > -50)]));
}
