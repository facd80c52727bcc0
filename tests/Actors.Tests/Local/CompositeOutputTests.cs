using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Tests.Local;

/// <summary>Meetings that are to have a composite: it comes last, and it takes long.</summary>
public sealed class CompositeOutputTests : IAsyncLifetime
{
    private static readonly MeetingSpec WithVideo = new() { Title = "Weekly", Outputs = ["mix", "tracks", "video"] };
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously), enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Node node = null!;

    public async Task InitializeAsync()
    {
        node = await Node.StartAsync();
        node.Engine.Render = async (job, request, id, _, ct) =>
        {
            begun.TrySetResult();
            await enough.Task.WaitAsync(ct);
            return new RenderMediaResult.Made(FakeMediaEngine.Rendered(job, request, id));
        };
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task It_is_made_when_the_other_files_are_there_and_keeps_no_other_meeting_waiting()
    {
        var made = await StopAsync(WithVideo);
        await begun.Task;
        Assert.Equal(["mix", "track"], await KindsAsync(made));
        Assert.Equal(MeetingStatus.Processing, (await node.FindAsync(made)).Status);
        for (int n = 0; n < 4; n++) await node.UntilAsync(await StopAsync(new MeetingSpec()), MeetingStatus.Completed);

        enough.SetResult();
        await node.UntilAsync(made, MeetingStatus.Completed);
        var video = (await node.Meetings.RecordingsAsync(Node.Acme, made, default))![^1];
        Assert.Equal(("video", null), (video.Kind, video.Render));
        var asked = Assert.Single(node.Engine.RenderAsked);
        Assert.Equal(new RenderRequest(RenderLayout.Grid, null, TimeSpan.Zero, TimeSpan.FromSeconds(10), 1280, 720, RenderFormat.Mp4), asked.Request);
        Assert.Equal(
            ["recording.ready", "recording.ready", "recording.ready", "transcript.ready", "minutes.ready", "meeting.completed"],
            (await node.LedgerAsync(made)).SkipWhile(type => type != "recording.ready"));
    }

    [Fact]
    public async Task After_a_crash_in_the_middle_the_others_are_what_they_were_and_it_is_made_under_the_same_id()
    {
        var made = await StopAsync(WithVideo);
        await begun.Task;
        var before = (await node.Meetings.RecordingsAsync(Node.Acme, made, default))!;
        await node.RestartAsync();
        enough.SetResult();
        await node.UntilAsync(made, MeetingStatus.Completed);

        var after = (await node.Meetings.RecordingsAsync(Node.Acme, made, default))!;
        Assert.Equal(before.Select(file => file.Id), after.SkipLast(1).Select(file => file.Id));
        Assert.Single(node.Engine.RenderAsked.Select(asked => asked.Id).Distinct());
        Assert.Equal(2, node.Engine.RenderAsked.Count);
    }

    [Fact]
    public async Task Where_it_cannot_be_made_the_meeting_fails_with_its_other_files()
    {
        node.Engine.Render = (_, _, _, _, _) => Task.FromResult<RenderMediaResult>(new RenderMediaResult.Failed("encoder_failed", "ffmpeg ended with status 1", CanRetry: true));
        var made = await StopAsync(WithVideo);
        while ((await node.FindAsync(made)).Status == MeetingStatus.Processing || (await node.FindAsync(made)).Status == MeetingStatus.Stopping)
        {
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        var failed = await node.FindAsync(made);
        Assert.Equal((MeetingStatus.Failed, "encoder_failed"), (failed.Status, failed.Reason));
        Assert.Equal(["mix", "track"], await KindsAsync(made));
        Assert.Equal(3, node.Engine.RenderAsked.Count);
        Assert.Single(node.Engine.Discarded);
    }

    private async Task<MeetingId> StopAsync(MeetingSpec spec)
    {
        var made = await node.CreateAsync(spec, Tracks.Of("alice"));
        node.Clock.Advance(TimeSpan.FromSeconds(10));
        await node.Meetings.StopAsync(Node.Acme, made.Id, default);
        return made.Id;
    }

    private async Task<string[]> KindsAsync(MeetingId id) => [.. (await node.Meetings.RecordingsAsync(Node.Acme, id, default))!.Select(file => file.Kind)];
}
