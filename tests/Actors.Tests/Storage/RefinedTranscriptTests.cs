using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Storage;

/// <summary>Both transcripts of one meeting, in the archive and to a search.</summary>
public sealed class RefinedTranscriptTests : IAsyncDisposable
{
    private readonly Archive archive = new();

    public ValueTask DisposeAsync() => archive.DisposeAsync();

    [Fact]
    public async Task Both_versions_are_there_and_every_id_that_ever_was()
    {
        var (meeting, plan) = await RefinedAsync();
        Assert.Equal(["wreck a beach", "one", "two", "good"], Texts(await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Live, default)));
        var refined = (await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, default))!;
        Assert.Equal(["recognise speech", "one two", "good"], Texts(refined));
        Assert.Equal(Texts(refined), Texts(await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Refined, default)));

        var live = (await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Live, default))!;
        Assert.Equal((live[0].Id, TimeSpan.FromSeconds(0.5)), (refined[0].Id, refined[0].Start));
        Assert.Equal(TimeSpan.Zero, live[0].Start);
        Assert.Equal((plan.Added[0].Id, 5L), (refined[1].Id, refined[1].Sequence));
        Assert.Equal([live[1].Id, live[2].Id], refined[1].Replaces);
        foreach (var segment in live.Skip(1).Concat(refined))
            Assert.Equal(segment.Text, (await archive.Store.FindSegmentAsync(meeting.Tenant, meeting.Id, segment.Id, default))!.Text);

        Assert.Equal(Texts(live), Texts(await archive.Store.SegmentsAsync(meeting.Tenant, meeting.Id, 0, 100, default)));      // captions were as they were
        Assert.Equal(4, (await archive.Store.HeardAsync(meeting.Tenant, meeting.Id, default)).Count);
        Assert.Equal(["meeting.completed", "transcript.ready", "minutes.ready"], (await archive.Store.LedgerAsync(meeting.Tenant, meeting.Id, 0, 100, default)).TakeLast(3).Select(e => e.Type));
        Assert.Empty(await archive.Store.OwingRefinementAsync(default));
    }

    [Fact]
    public async Task A_search_finds_what_the_refined_transcript_says_and_nothing_else()
    {
        var meeting = await CompletedAsync();
        await archive.CatchUpAsync();                                                // the live one is in the index already
        await RefineAsync(meeting, Plan(await LiveAsync(meeting)));
        await archive.CatchUpAsync();
        Assert.Empty(await archive.TextsAsync("wreck"));
        Assert.Equal(["recognise speech"], await archive.TextsAsync("speech"));
        Assert.Equal(["one two"], await archive.TextsAsync("one OR two"));
        Assert.Equal(["good"], await archive.TextsAsync("good"));

        await archive.CorrectAsync(meeting, 1, "recognised it is");                  // over what the second pass heard
        await archive.CatchUpAsync();
        Assert.Empty(await archive.TextsAsync("speech"));
        Assert.Equal(["recognised it is"], await archive.TextsAsync("recognised"));

        var (follower, search) = archive.Index(archive.IndexFolder + "-anew");
        await follower.CatchUpAsync(default);
        foreach (string q in new[] { "wreck", "speech", "recognised", "one OR two", "good" })
            Assert.Equal(await archive.TextsAsync(q), await archive.TextsAsync(q, search: search));
    }

    [Fact]
    public async Task A_correction_that_came_first_makes_the_pass_decide_again_and_one_that_came_after_is_on_top()
    {
        var meeting = await CompletedAsync();
        var plan = Plan(await LiveAsync(meeting));
        await archive.CorrectAsync(meeting, 1, "written");
        await Assert.ThrowsAsync<Pipeline.Actors.Storage.StaleMeetingException>(() => RefineAsync(meeting, plan));
        Assert.Equal(["written", "one", "two", "good"], Texts(await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, default)));
        Assert.Equal(meeting.Id, Assert.Single(await archive.Store.OwingRefinementAsync(default)).Id);

        await RefineAsync(meeting, plan with { Rewritten = [] });
        Assert.Equal(["written", "one two", "good"], Texts(await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, default)));
        var added = (await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, default))![1];
        var corrected = Assert.IsType<CorrectSegmentResult.Corrected>(await archive.Store.CorrectSegmentAsync(
            meeting.Tenant, meeting.Id, added.Id, "one and two", "key_admin", Archive.Start, null, default)).Segment;
        Assert.Equal(("one and two", "one two"), (corrected.Text, corrected.Correction!.OriginalText));
    }

    [Fact]
    public async Task What_is_superseded_is_not_corrected_but_told_what_is_in_its_place()
    {
        var (meeting, plan) = await RefinedAsync();
        var gone = (await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Live, default))![1];
        var refused = Assert.IsType<CorrectSegmentResult.Superseded>(await archive.Store.CorrectSegmentAsync(
            meeting.Tenant, meeting.Id, gone.Id, "other", "key_admin", Archive.Start, null, default));
        Assert.Equal([plan.Added[0].Id], refused.By);
    }

    [Fact]
    public async Task Without_the_meetings_key_nothing_of_either_is_left()
    {
        var (meeting, _) = await RefinedAsync();
        archive.Sealer.Destroy(meeting.Id);
        Assert.Empty((await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Live, default))!);
        Assert.Empty((await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Refined, default))!);
    }

    private async Task<(Meeting Meeting, RefinementPlan Plan)> RefinedAsync()
    {
        var meeting = await CompletedAsync();
        var plan = Plan(await LiveAsync(meeting));
        return (await RefineAsync(meeting, plan), plan);
    }

    private async Task<Meeting> CompletedAsync()
    {
        var meeting = await archive.StartAsync();
        meeting = await archive.SayAsync(meeting, "wreck a beach", "one", "two", "good");
        foreach (MeetingCommand command in new MeetingCommand[]
        {
            new MeetingCommand.Stop("requested"), new MeetingCommand.MediaStopped(1, null),
            new MeetingCommand.MediaProcessed(1, [], Snapshots.Of(MediaHealth.Flowing, null), CaptionsStatus.Live),
        }) meeting = await archive.DoAsync(meeting, command);
        Assert.Equal(meeting.Id, Assert.Single(await archive.Store.OwingRefinementAsync(default)).Id);
        return meeting;
    }

    private async Task<IReadOnlyList<Segment>> LiveAsync(Meeting meeting) =>
        (await archive.Store.TranscriptAsync(meeting.Tenant, meeting.Id, TranscriptVersion.Live, default))!;

    /// <summary>The first is heard otherwise, the next two become one.</summary>
    private static RefinementPlan Plan(IReadOnlyList<Segment> live)
    {
        var whole = Snapshots.Caption(1, 1, 3, "one two");
        return new RefinementPlan(
            [new RewrittenSegment(live[0].Sequence, Snapshots.Caption(1, 0.5, 1, "recognise speech"), [])],
            [new AddedSegment(new SegmentId(whole.Segment), whole, [live[1].Id, live[2].Id])], [live[1].Sequence, live[2].Sequence]);
    }

    private Task<Meeting> RefineAsync(Meeting meeting, RefinementPlan plan) => archive.DoAsync(meeting, new MeetingCommand.TranscriptRefined(meeting.Run, plan));

    private static IEnumerable<string> Texts(IReadOnlyList<Segment>? segments) => segments!.Select(segment => segment.Text);
}
