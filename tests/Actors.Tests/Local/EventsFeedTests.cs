using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

public sealed class EventsFeedTests : IAsyncLifetime
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
    public async Task A_reader_is_woken_by_whatever_happens_and_ends_with_the_meeting()
    {
        await using var reader = Feed(after: 0).GetAsyncEnumerator();
        Assert.Equal("meeting.started", await NextAsync(reader));
        Assert.Equal("track.started", await NextAsync(reader));

        var paused = NextAsync(reader);
        Assert.False(paused.IsCompleted);
        await node.Meetings.PauseAsync(Acme, meeting.Id, default);
        Assert.Equal("meeting.paused", await paused);

        var resumed = NextAsync(reader);
        await node.Meetings.ResumeAsync(Acme, meeting.Id, default);
        Assert.Equal("meeting.resumed", await resumed);

        var added = NextAsync(reader);
        await node.Meetings.AddTracksAsync(Acme, meeting.Id, [Tracks.Of("bob", 96)], default);
        Assert.Equal("track.started", await added);

        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        List<string> left = [];
        while (await NextAsync(reader) is { } type) left.Add(type);
        Assert.Contains("meeting.stopped", left);
        Assert.Equal("meeting.completed", left[^1]);
    }

    [Fact]
    public async Task A_reader_goes_on_after_a_restart_with_the_numbers_it_knows()
    {
        var before = await Store(after: 0);
        await node.RestartAsync();
        await using var reader = Feed(after: before[^1].Seq).GetAsyncEnumerator();
        Assert.Equal("meeting.recovered", await NextAsync(reader));
        Assert.Equal(before[^1].Seq + 1, reader.Current.Seq);
    }

    [Fact]
    public async Task A_reader_hears_of_its_own_meeting_only_and_the_tenants_ledger_of_all()
    {
        var other = await node.CreateAsync(null, Tracks.Of("bob"));
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        Assert.All(await Feed(after: 0).ToListAsync(), happened => Assert.Equal(meeting.Id, happened.Meeting));

        var all = await node.Meetings.LedgerAsync(Acme, 0, 1000, default);
        Assert.Equal(Enumerable.Range(1, all.Count).Select(n => (long)n), all.Select(happened => happened.Seq));
        Assert.Contains(all, happened => happened.Meeting == other.Id);
        Assert.Empty(await node.Meetings.LedgerAsync(new TenantId("other"), 0, 1000, default));
    }

    [Fact]
    public async Task A_meeting_that_is_over_tells_all_that_happened_and_ends()
    {
        await node.Meetings.StopAsync(Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        var all = await Feed(after: 0).ToListAsync();
        Assert.Equal(("meeting.started", "meeting.completed"), (all[0].Type, all[^1].Type));
        Assert.Empty(await Feed(after: all[^1].Seq).ToListAsync());
    }

    private IAsyncEnumerable<LedgerEvent> Feed(long after) => node.Meetings.EventsAsync(Acme, meeting.Id, after, default);

    private Task<IReadOnlyList<LedgerEvent>> Store(long after) => node.Meetings.LedgerAsync(Acme, after, 1000, default);

    private static async Task<string?> NextAsync(IAsyncEnumerator<LedgerEvent> reader) => await reader.MoveNextAsync() ? reader.Current.Type : null;
}
