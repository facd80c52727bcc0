using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

/// <summary>Meetings that were over before their captions were: they come when there is an engine for them.</summary>
public sealed class CaptionBacklogTests
{
    [Fact]
    public async Task What_is_owed_is_made_once_there_is_an_engine_and_then_the_transcript_and_the_minutes_are_ready()
    {
        await using var node = await DeferringAsync(canHear: false);
        var id = await OverAsync(node);
        node.Clock.Advance(CaptionBacklog.LookEvery);
        Assert.Empty(node.Engine.CaptionAsked);

        node.Engine.Hear = (job, observer) =>
        {
            observer.OnCaption(job.Run, Snapshots.Caption(1, 1, 2, "late"));
            observer.OnCaption(job.Run, Snapshots.Caption(1, 3, 4, "words"));
            return Task.FromResult(true);
        };
        node.Engine.CanHear = true;
        await UntilAsync(node, id, m => m.CaptionsStatus == CaptionsStatus.Live);

        Assert.Equal(["late", "words"], (await node.Store.TranscriptAsync(Node.Acme, id, default))!.Select(s => s.Text));
        Assert.Equal(
            ["meeting.completed", "caption.final", "caption.final", "captions.restored", "transcript.ready", "minutes.ready"],
            (await node.LedgerAsync(id)).SkipWhile(type => type != "meeting.completed"));
        Assert.Equal(MeetingStatus.Completed, (await node.FindAsync(id)).Status);
    }

    [Fact]
    public async Task What_could_not_be_finished_is_kept_tried_again_later_and_keeps_no_other_waiting()
    {
        await using var node = await DeferringAsync(canHear: false);
        var (first, second) = (await OverAsync(node), await OverAsync(node));
        node.Engine.Hear = (job, observer) =>
        {
            observer.OnCaption(job.Run, Snapshots.Caption(1, 1, 2, "half"));
            return job.Id == first && node.Engine.CaptionAsked.Count(asked => asked.Id == first) == 1
                ? Task.FromException<bool>(new IOException("the journal cannot be read"))
                : Task.FromResult(true);
        };
        node.Engine.CanHear = true;
        await UntilAsync(node, second, m => m.CaptionsStatus == CaptionsStatus.Live);
        Assert.Equal(CaptionsStatus.Deferred, (await node.FindAsync(first)).CaptionsStatus);
        Assert.Single(node.Engine.CaptionAsked, asked => asked.Id == first);

        node.Clock.Advance(CaptionBacklog.TryAgainAfter);
        await UntilAsync(node, first, m => m.CaptionsStatus == CaptionsStatus.Live);
        Assert.Single((await node.Store.TranscriptAsync(Node.Acme, first, default))!);
    }

    [Fact]
    public async Task A_restart_goes_on_where_it_was()
    {
        await using var node = await DeferringAsync(canHear: false);
        var id = await OverAsync(node);
        var never = new TaskCompletionSource<bool>();
        node.Engine.Hear = (job, observer) =>
        {
            observer.OnCaption(job.Run, Snapshots.Caption(1, 1, 2, "first"));
            return never.Task;
        };
        node.Engine.CanHear = true;
        await UntilAsync(node, id, _ => node.Store.SegmentsAsync(Node.Acme, id, 0, 10, default).Result.Count == 1);
        never.SetCanceled();

        node.Engine.Hear = (job, observer) =>
        {
            observer.OnCaption(job.Run, Snapshots.Caption(1, 1, 2, "first"));        // made again: it is there already
            observer.OnCaption(job.Run, Snapshots.Caption(1, 3, 4, "second"));
            return Task.FromResult(true);
        };
        await node.RestartAsync();
        await UntilAsync(node, id, m => m.CaptionsStatus == CaptionsStatus.Live);

        Assert.Equal(TimeSpan.FromSeconds(1), Assert.Single(node.Engine.CaptionAsked.Last().Heard).Start);
        Assert.Equal(["first", "second"], (await node.Store.TranscriptAsync(Node.Acme, id, default))!.Select(s => s.Text));
    }

    [Fact]
    public async Task A_title_that_is_changed_meanwhile_stays_changed()
    {
        await using var node = await DeferringAsync(canHear: false);
        var id = await OverAsync(node);
        node.Engine.Hear = async (job, observer) =>
        {
            observer.OnCaption(job.Run, Snapshots.Caption(1, 1, 2, "word"));
            await node.Meetings.PatchAsync(Node.Acme, id, new MeetingPatch(Title: "Renamed"), default);
            return true;
        };
        node.Engine.CanHear = true;
        await UntilAsync(node, id, m => m.CaptionsStatus == CaptionsStatus.Live);
        Assert.Equal("Renamed", (await node.FindAsync(id)).Spec.Title);
    }

    private static async Task<Node> DeferringAsync(bool canHear)
    {
        var node = await Node.StartAsync();
        node.Engine.CanHear = canHear;
        node.Engine.Result = job => ((ProcessMediaResult.Done)FakeMediaEngine.MixAndTracks(job)) with { Captions = CaptionsStatus.Deferred };
        return node;
    }

    private static async Task<MeetingId> OverAsync(Node node)
    {
        var meeting = await node.CreateAsync(null, Tracks.Of("alice", ssrc: 7));
        await node.Meetings.StopAsync(Node.Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        return meeting.Id;
    }

    /// <summary>Lets time go by until it holds: what time wakes needs a moment of its own.</summary>
    private static async Task UntilAsync(Node node, MeetingId id, Func<MeetingView, bool> holds)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(60));        // only so that a broken test ends
        while (!holds(await node.FindAsync(id)))
        {
            node.Clock.Advance(CaptionBacklog.StoreEvery);
            await Task.Delay(5, enough.Token);
        }
    }
}
