using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

public sealed class PauseTests : IAsyncLifetime
{
    private static readonly TenantId Acme = Node.Acme;
    private Node node = null!;

    public async Task InitializeAsync() => node = await Node.StartAsync();
    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_pause_is_answered_once_the_media_took_it_also_when_it_is_asked_for_again()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var slow = new TaskCompletionSource();
        node.Engine.Newest.BeforeTold = slow.Task;

        var first = node.Meetings.PauseAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, m => m.Paused);
        var second = node.Meetings.PauseAsync(Acme, made.Id, default);
        await node.Meetings.QualityAsync(Acme, made.Id, default);                    // a letter behind both
        Assert.False(first.IsCompleted || second.IsCompleted);

        slow.SetResult();
        Assert.True(Assert.IsType<PauseMeetingResult.Done>(await first).Meeting.Paused);
        Assert.True(Assert.IsType<PauseMeetingResult.Done>(await second).Meeting.Paused);
        Assert.False(Assert.IsType<PauseMeetingResult.Done>(await node.Meetings.ResumeAsync(Acme, made.Id, default)).Meeting.Paused);
        Assert.Equal(["pause", "pause", "resume"], node.Engine.Newest.Told);
        Assert.Equal(["meeting.paused", "meeting.resumed"], (await node.LedgerAsync(made.Id)).Where(t => t is "meeting.paused" or "meeting.resumed"));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_paused_meeting_is_taken_up_paused()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        await node.Meetings.PauseAsync(Acme, made.Id, default);

        await node.RestartAsync();

        Assert.True(node.Engine.Newest.Job is { Run: 2, Paused: true });
        Assert.True((await node.FindAsync(made.Id)).Paused);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_pause_that_is_asked_for_while_the_media_is_being_opened_is_answered_after_it()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        await node.StopAsync();
        var (opening, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        node.Engine.BeforeOpen = _ => { opening.TrySetResult(); return go.Task; };
        var again = node.AgainAsync();
        await opening.Task;
        go.SetResult();
        await again;
        node.Engine.BeforeOpen = _ => { opening.TrySetResult(); return go.Task; };
        (opening, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        node.Engine.Newest.Breaks.SetResult();
        await node.Store.UntilAsync(async () => (await node.LedgerAsync(made.Id)).Count(t => t == "meeting.recovered") == 2);
        node.Clock.Advance(TimeSpan.FromSeconds(3));
        await opening.Task;                                                          // by a job that knows of no pause

        var asked = node.Meetings.PauseAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, m => m.Paused);
        Assert.False(asked.IsCompleted);
        go.SetResult();

        Assert.IsType<PauseMeetingResult.Done>(await asked);
        Assert.False(node.Engine.Newest.Job.Paused);
        Assert.Equal(["pause"], node.Engine.Newest.Told);
    }

    [Fact(Timeout = 60_000)]
    public async Task Nothing_else_can_be_paused()
    {
        var made = await node.CreateAsync();
        Assert.IsType<PauseMeetingResult.NotFound>(await node.Meetings.PauseAsync(Acme, MeetingId.New(node.Clock.GetUtcNow()), default));
        Assert.IsType<PauseMeetingResult.NotFound>(await node.Meetings.PauseAsync(new TenantId("other"), made.Id, default));
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal(MeetingStatus.Completed, Assert.IsType<PauseMeetingResult.InvalidState>(await node.Meetings.PauseAsync(Acme, made.Id, default)).Status);
        Assert.IsType<PauseMeetingResult.InvalidState>(await node.Meetings.ResumeAsync(Acme, made.Id, default));
    }
}
