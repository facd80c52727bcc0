using System.Threading.Channels;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Tests.Renders;

/// <summary>Files that are asked for when a meeting is over, over a real store and an engine that does as the test says.</summary>
public sealed class RenderQueueTests
{
    private static readonly RenderRequest Ogg = new(null, ["alice"], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), 0, 0, RenderFormat.Ogg);
    private static readonly TenantId Other = new("other");

    [Fact]
    public async Task A_job_is_made_and_its_file_is_one_of_the_meetings()
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        var asked = await AskAsync(node, meeting);
        Assert.Equal((meeting, Ogg, JobStatus.Queued, 0d), (asked.Job.Meeting, asked.Job.Request, asked.Job.Status, asked.Progress));

        var made = await UntilOverAsync(node, asked);
        Assert.Equal((JobStatus.Completed, 1d, null), (made.Job.Status, made.Progress, made.Job.Error));
        var file = (await node.Meetings.RecordingsAsync(Node.Acme, meeting, default))![^1];
        Assert.Equivalent(file, made.Result, strict: true);
        Assert.Equal((asked.Job.Recording, "mix", -16.04, TimeSpan.FromSeconds(4)), (file.Id, file.Kind, file.Loudness, file.Duration));
        Assert.Equivalent(Ogg, file.Render, strict: true);
        Assert.Equal("recording.ready", (await node.LedgerAsync(meeting))[^1]);
        Assert.Empty(node.Engine.Discarded);
    }

    [Fact]
    public async Task One_is_made_at_a_time_and_it_says_how_far_it_is()
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        var hand = new ByHand(node);
        var (first, second) = (await AskAsync(node, meeting), await AskAsync(node, meeting));

        var making = await hand.NextAsync();
        making.Progress.Report(0.42);
        var seen = (await node.Renders.FindAsync(Node.Acme, first.Job.Id, default))!;
        Assert.Equal((JobStatus.Running, 0.42), (seen.Job.Status, seen.Progress));
        Assert.Equal(JobStatus.Queued, (await node.Renders.FindAsync(Node.Acme, second.Job.Id, default))!.Job.Status);
        Assert.Single(node.Engine.RenderAsked);

        making.Make();
        await UntilOverAsync(node, first);
        (await hand.NextAsync()).Make();
        Assert.Equal(JobStatus.Completed, (await UntilOverAsync(node, second)).Job.Status);
    }

    [Fact]
    public async Task Tenants_have_turns_however_much_one_of_them_asks_for()
    {
        await using var node = await Node.StartAsync();
        var (meeting, others) = (await OverAsync(node), await OverAsync(node, Other));
        var hand = new ByHand(node);
        List<JobView> jobs = [];
        for (int n = 0; n < 4; n++) jobs.Add(await AskAsync(node, meeting));
        jobs.Add(await AskAsync(node, others, Other));

        List<RecordingId> order = [];
        for (int n = 0; n < jobs.Count; n++)
        {
            var making = await hand.NextAsync();
            order.Add(making.Id);
            making.Make();
        }
        Assert.Equal([0, 4, 1, 2, 3], order.Select(id => jobs.FindIndex(job => job.Job.Recording == id)));
    }

    [Fact]
    public async Task What_fails_is_tried_again_after_a_pause_and_keeps_no_other_waiting()
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        int attempts = 0;
        RecordingId failing = default;
        node.Engine.Render = (job, request, id, _, _) => Task.FromResult<RenderMediaResult>(
            id == failing && ++attempts < 3 ? new RenderMediaResult.Failed("encoder_failed", "ffmpeg ended with status 1", CanRetry: true)
                : new RenderMediaResult.Made(FakeMediaEngine.Rendered(job, request, id)));
        node.Jobs.Fails = job => { failing = failing == default ? job.Recording : failing; return false; };

        var (first, second) = (await AskAsync(node, meeting), await AskAsync(node, meeting));
        await UntilOverAsync(node, second);
        var waiting = await UntilAsync(node, first, view => view.Job.Status == JobStatus.Queued && view.Job.Failures == 1);
        Assert.Equal("encoder_failed", waiting.Job.Error!.Code);

        node.Clock.Advance(TimeSpan.FromSeconds(10));
        await UntilAsync(node, first, view => view.Job.Status == JobStatus.Queued && view.Job.Failures == 2);
        node.Clock.Advance(TimeSpan.FromSeconds(60));
        var made = await UntilOverAsync(node, first);
        Assert.Equal((JobStatus.Completed, 3, null), (made.Job.Status, attempts, made.Job.Error));
    }

    [Theory]
    [InlineData(false, 1, "key_unavailable")]
    [InlineData(true, 3, "key_unavailable")]
    [InlineData(null, 3, "render_failed")]                                            // it throws
    public async Task What_cannot_be_made_fails_and_leaves_nothing(bool? canRetry, int attempts, string code)
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        node.Engine.Render = (_, _, _, _, _) => canRetry is { } retry
            ? Task.FromResult<RenderMediaResult>(new RenderMediaResult.Failed("key_unavailable", "the key cannot be read", retry))
            : Task.FromException<RenderMediaResult>(new InvalidOperationException("a bug"));
        var asked = await AskAsync(node, meeting);
        for (int n = 1; n < attempts; n++)
        {
            await UntilAsync(node, asked, view => view.Job.Failures == n && view.Job.Status == JobStatus.Queued);
            node.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        var failed = await UntilOverAsync(node, asked);
        Assert.Equal((JobStatus.Failed, attempts, code, null), (failed.Job.Status, failed.Job.Attempts, failed.Job.Error!.Code, failed.Result));
        Assert.Equal([asked.Job.Recording], node.Engine.Discarded);
        Assert.DoesNotContain("recording.ready", (await node.LedgerAsync(meeting)).SkipWhile(type => type != "meeting.completed"));
    }

    [Fact]
    public async Task A_job_can_be_cancelled_while_it_waits_while_it_is_made_and_before_it_is_tried_again()
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        var hand = new ByHand(node);
        var (making, waiting) = (await AskAsync(node, meeting), await AskAsync(node, meeting));
        var running = await hand.NextAsync();

        Assert.Equal(JobStatus.Cancelled, (await node.Renders.CancelAsync(Node.Acme, waiting.Job.Id, default))!.Job.Status);
        Assert.Equal(JobStatus.Cancelled, (await node.Renders.CancelAsync(Node.Acme, making.Job.Id, default))!.Job.Status);
        Assert.True(running.Cancelled.IsCancellationRequested);

        var failing = await AskAsync(node, meeting);
        (await hand.NextAsync()).Fail();
        await UntilAsync(node, failing, view => view.Job.Failures == 1 && view.Job.Status == JobStatus.Queued);
        Assert.Equal(JobStatus.Cancelled, (await node.Renders.CancelAsync(Node.Acme, failing.Job.Id, default))!.Job.Status);

        Assert.Equal([waiting.Job.Recording, making.Job.Recording, failing.Job.Recording], node.Engine.Discarded);
        Assert.Equal(JobStatus.Cancelled, (await node.Renders.CancelAsync(Node.Acme, making.Job.Id, default))!.Job.Status);
        await node.RestartAsync();
        Assert.Equal(JobStatus.Cancelled, (await node.Renders.FindAsync(Node.Acme, failing.Job.Id, default))!.Job.Status);
        Assert.Equal(2, node.Engine.RenderAsked.Count);
    }

    [Fact]
    public async Task A_job_that_is_made_stays_made()
    {
        await using var node = await Node.StartAsync();
        var asked = await AskAsync(node, await OverAsync(node));
        await UntilOverAsync(node, asked);
        Assert.Equal(JobStatus.Completed, (await node.Renders.CancelAsync(Node.Acme, asked.Job.Id, default))!.Job.Status);
        Assert.Empty(node.Engine.Discarded);
    }

    [Fact]
    public async Task Cancelled_at_any_moment_it_is_either_made_or_leaves_nothing()
    {
        var random = new Random(20250303);
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        node.Engine.Render = async (job, request, id, _, ct) =>
        {
            for (int n = random.Next(4); n > 0; n--) await Task.Yield();
            ct.ThrowIfCancellationRequested();
            return new RenderMediaResult.Made(FakeMediaEngine.Rendered(job, request, id));
        };
        for (int n = 0; n < 100; n++)
        {
            var asked = await AskAsync(node, meeting);
            for (int wait = random.Next(40); wait > 0; wait--) await Task.Yield();
            var ended = (await node.Renders.CancelAsync(Node.Acme, asked.Job.Id, default))!;
            bool isThere = await node.Meetings.FindRecordingAsync(Node.Acme, meeting, asked.Job.Recording, default) is not null;
            bool isMade = ended.Job.Status == JobStatus.Completed;
            Assert.True(ended.Job.IsOver);
            Assert.Equal((isMade, isMade, !isMade), (isThere, ended.Result is not null, node.Engine.Discarded.Contains(asked.Job.Recording)));
        }
    }

    [Fact]
    public async Task What_was_being_made_when_the_server_ended_is_made_under_the_same_id()
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        var hand = new ByHand(node);
        var making = await AskAsync(node, meeting);
        node.Clock.Advance(TimeSpan.FromMilliseconds(1));                            // ids sort by it, and a start goes by them
        var waiting = await AskAsync(node, meeting);
        await hand.NextAsync();
        await node.RestartAsync();

        var again = await hand.NextAsync();
        Assert.Equal(making.Job.Recording, again.Id);
        again.Make();
        (await hand.NextAsync()).Make();
        var made = (await UntilOverAsync(node, making)).Job;
        Assert.Equal((JobStatus.Completed, 2), (made.Status, made.Attempts));
        Assert.Equal(JobStatus.Completed, (await UntilOverAsync(node, waiting)).Job.Status);
        Assert.Equal(2, (await node.Meetings.RecordingsAsync(Node.Acme, meeting, default))!.Count(file => file.Render is not null));
    }

    [Fact]
    public async Task A_file_that_was_stored_when_the_server_ended_is_not_made_twice()
    {
        await using var node = await Node.StartAsync();
        var meeting = await OverAsync(node);
        node.Jobs.Fails = job => job.Status == JobStatus.Completed;
        var asked = await AskAsync(node, meeting);
        await node.Store.UntilAsync(async () => await node.Store.FindRecordingAsync(Node.Acme, meeting, asked.Job.Recording, default) is not null);
        await node.RestartAsync();

        Assert.Equal(JobStatus.Completed, (await UntilOverAsync(node, asked)).Job.Status);
        Assert.Single(node.Engine.RenderAsked);
        Assert.Single((await node.LedgerAsync(meeting)).SkipWhile(type => type != "meeting.completed"), type => type == "recording.ready");
    }

    [Fact]
    public async Task What_became_of_a_job_is_stored_once_the_disk_is_back()
    {
        await using var node = await Node.StartAsync();
        var refused = new TaskCompletionSource();
        bool isFull = true;
        node.Jobs.Fails = job =>
        {
            if (job.Status != JobStatus.Completed || !isFull) return false;
            refused.TrySetResult();
            return true;
        };
        var asked = await AskAsync(node, await OverAsync(node));
        await refused.Task;
        isFull = false;
        var made = await UntilOverAsync(node, asked, () => node.Clock.Advance(TimeSpan.FromSeconds(5)));
        Assert.Equal(JobStatus.Completed, made.Job.Status);
    }

    [Fact]
    public async Task The_queue_is_bounded_for_each_tenant_and_for_the_node()
    {
        await using var node = await Node.StartAsync();
        _ = new ByHand(node);
        int asked = 0;
        for (int n = 0; asked < RenderQueue.MostOfNode; n++)
        {
            var tenant = new TenantId($"tenant-{n}");
            var meeting = await OverAsync(node, tenant);
            for (int i = 0; i < RenderQueue.MostOfTenant; i++, asked++) await AskAsync(node, meeting, tenant);
            if (n == 0) Assert.IsType<AskRenderResult.QuotaExceeded>(await node.Renders.AskAsync(tenant, meeting, Ogg, default));
        }
        var late = await OverAsync(node);
        Assert.IsType<AskRenderResult.NoCapacity>(await node.Renders.AskAsync(Node.Acme, late, Ogg, default));
    }

    [Fact]
    public async Task A_meeting_that_is_not_over_has_no_renders_and_another_tenants_has_none_at_all()
    {
        await using var node = await Node.StartAsync();
        var running = await node.CreateAsync(null, Tracks.Of("alice"));
        Assert.Equal(MeetingStatus.Recording, Assert.IsType<AskRenderResult.InvalidState>(await node.Renders.AskAsync(Node.Acme, running.Id, Ogg, default)).Status);
        Assert.IsType<AskRenderResult.NoSuchMeeting>(await node.Renders.AskAsync(Other, running.Id, Ogg, default));

        var asked = await AskAsync(node, await OverAsync(node));
        Assert.Null(await node.Renders.FindAsync(Other, asked.Job.Id, default));
        Assert.Null(await node.Renders.CancelAsync(Other, asked.Job.Id, default));
        Assert.Equal(JobStatus.Completed, (await UntilOverAsync(node, asked)).Job.Status);
        Assert.Null(await node.Renders.FindAsync(Other, asked.Job.Id, default));
    }

    [Fact]
    public async Task Pictures_are_given_what_was_said()
    {
        await using var node = await Node.StartAsync();
        var meeting = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Engine.Newest.Say(Snapshots.Caption(1, 1, 2, "Good morning everybody."));
        await node.UntilHeardAsync(meeting.Id, 1);
        await EndAsync(node, Node.Acme, meeting.Id);
        var request = Ogg with { Layout = RenderLayout.Grid, Format = RenderFormat.Mp4, Width = 1280, Height = 720 };
        await UntilOverAsync(node, await AskAsync(node, meeting.Id, request: request));

        var line = Assert.Single(Assert.Single(node.Engine.RenderAsked).Text.Lines);
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), "Alice", "Good morning everybody."), (line.Start, line.End, line.Speaker, line.Text));
    }

    private static async Task<JobView> AskAsync(Node node, MeetingId meeting, TenantId? tenant = null, RenderRequest? request = null) =>
        Assert.IsType<AskRenderResult.Queued>(await node.Renders.AskAsync(tenant ?? Node.Acme, meeting, request ?? Ogg, default)).Job;

    private static async Task<MeetingId> OverAsync(Node node, TenantId? tenant = null)
    {
        var created = await node.Meetings.CreateAsync(tenant ?? Node.Acme, new MeetingSpec(), [Tracks.Of("alice")], default);
        var id = Assert.IsType<CreateMeetingResult.Created>(created).Meeting.Id;
        await EndAsync(node, tenant ?? Node.Acme, id);
        return id;
    }

    private static async Task EndAsync(Node node, TenantId tenant, MeetingId id)
    {
        node.Clock.Advance(TimeSpan.FromSeconds(10));
        await node.Meetings.StopAsync(tenant, id, default);
        await node.Store.UntilAsync(async () => (await node.Meetings.FindAsync(tenant, id, default))!.Status == MeetingStatus.Completed);
    }

    private static Task<JobView> UntilOverAsync(Node node, JobView asked, Action? moveTime = null) => UntilAsync(node, asked, view => view.Job.IsOver, moveTime);

    private static async Task<JobView> UntilAsync(Node node, JobView asked, Func<JobView, bool> holds, Action? moveTime = null)
    {
        while (true)
        {
            var next = node.Renders.Changes.Next;
            if (await node.Renders.FindAsync(asked.Job.Tenant, asked.Job.Id, default) is { } view && holds(view)) return view;
            moveTime?.Invoke();
            if (moveTime is null) await next.WaitAsync(TimeSpan.FromSeconds(60));     // only so that a broken test ends
            else await Task.Yield();
        }
    }

    /// <summary>Renders that end when the test says.</summary>
    private sealed class ByHand
    {
        private readonly Channel<Making> begun = Channel.CreateUnbounded<Making>();

        public ByHand(Node node) => node.Engine.Render = (job, request, id, progress, ct) =>
        {
            var making = new Making(job, request, id, progress, ct);
            begun.Writer.TryWrite(making);
            return making.Result;
        };

        public Task<Making> NextAsync() => begun.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));   // only so that a broken test ends
    }

    private sealed class Making
    {
        private readonly TaskCompletionSource<RenderMediaResult> result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly MediaJob job;
        private readonly RenderRequest request;

        public Making(MediaJob job, RenderRequest request, RecordingId id, IProgress<double> progress, CancellationToken cancelled)
        {
            (this.job, this.request, Id, Progress, Cancelled) = (job, request, id, progress, cancelled);
            cancelled.Register(() => result.TrySetCanceled(cancelled));
        }

        public RecordingId Id { get; }
        public IProgress<double> Progress { get; }
        public CancellationToken Cancelled { get; }
        public Task<RenderMediaResult> Result => result.Task;

        public void Make() => result.TrySetResult(new RenderMediaResult.Made(FakeMediaEngine.Rendered(job, request, Id)));
        public void Fail() => result.TrySetResult(new RenderMediaResult.Failed("encoder_failed", "ffmpeg ended with status 1", CanRetry: true));
    }
}
