using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

/// <summary>The second pass over meetings that are over: when, of what, and what becomes of it.</summary>
public sealed class TranscriptRefinerTests
{
    [Fact]
    public async Task A_meeting_is_heard_once_more_and_its_transcript_and_minutes_are_ready_again()
    {
        await using var node = await Node.StartAsync();
        var id = await OverAsync(node, ("sure", 0.95), ("unsure", 0.6));
        node.Engine.Refine = (_, isWanted) => Task.FromResult<RefinedSpeech?>(Hears(isWanted, Snapshots.Caption(1, 1, 2, "other"), Snapshots.Caption(1, 11, 12, "certain")));
        node.Engine.CanRefine = true;
        await UntilRefinedAsync(node, id);

        Assert.Equal(["sure", "certain"], Texts(await node.Store.TranscriptAsync(Node.Acme, id, default)));
        Assert.Equal(["sure", "unsure"], Texts(await node.Store.TranscriptAsync(Node.Acme, id, TranscriptVersion.Live, default)));
        Assert.Equal(["meeting.completed", "transcript.ready", "minutes.ready"], (await node.LedgerAsync(id)).SkipWhile(type => type != "meeting.completed"));
        var ready = (await node.Store.LedgerAsync(Node.Acme, id, 0, 100, default)).Where(e => e.Type == "transcript.ready").Select(e => e.Data).ToList();
        Assert.Contains("\"version\":\"live\"", ready[0], StringComparison.Ordinal);
        Assert.Contains("\"version\":\"refined\"", ready[1], StringComparison.Ordinal);
        Assert.Equal(MeetingStatus.Completed, (await node.FindAsync(id)).Status);

        node.Clock.Advance(TranscriptRefiner.TryAgainAfter);
        Assert.Single(node.Engine.RefineAsked);                                      // once and for all
    }

    [Fact]
    public async Task A_correction_that_comes_while_it_is_heard_again_is_nobodys_to_change()
    {
        await using var node = await Node.StartAsync();
        var id = await OverAsync(node, ("first", 0.6), ("second", 0.6));
        node.Engine.Refine = async (_, isWanted) =>
        {
            var first = (await node.Store.SegmentsAsync(Node.Acme, id, 0, 1, default))[0];
            Assert.IsType<CorrectSegmentResult.Corrected>(await node.Meetings.CorrectSegmentAsync(Node.Acme, id, first.Id, "written", "key", null, default));
            return Hears(isWanted, Snapshots.Caption(1, 1, 2, "again one"), Snapshots.Caption(1, 11, 12, "again two"));
        };
        node.Engine.CanRefine = true;
        await UntilRefinedAsync(node, id);
        Assert.Equal(["written", "again two"], Texts(await node.Store.TranscriptAsync(Node.Acme, id, default)));
    }

    [Fact]
    public async Task What_was_corrected_before_is_not_even_listened_to()
    {
        await using var node = await Node.StartAsync();
        var id = await OverAsync(node, ("first", 0.6), ("second", 0.6));
        var first = (await node.Store.SegmentsAsync(Node.Acme, id, 0, 1, default))[0];
        await node.Meetings.CorrectSegmentAsync(Node.Acme, id, first.Id, "written", "key", null, default);
        node.Engine.CanRefine = true;
        await UntilRefinedAsync(node, id);
        Assert.Equal(new HeardSpan(1, first.Start, first.End), Assert.Single(Assert.Single(node.Engine.RefineAsked).Apart));
    }

    [Fact]
    public async Task It_outlives_a_restart_and_an_engine_that_goes_away_and_keeps_no_other_meeting_waiting()
    {
        await using var node = await Node.StartAsync();
        var (first, second) = (await OverAsync(node, ("one", 0.6)), await OverAsync(node, ("two", 0.6)));
        node.Engine.Refine = (job, isWanted) => Task.FromResult(
            job.Id == first && node.Engine.RefineAsked.Count(asked => asked.Job.Id == first) == 1 ? null : Hears(isWanted, Snapshots.Caption(1, 1, 2, "refined")));
        node.Engine.CanRefine = true;
        await UntilRefinedAsync(node, second);
        Assert.Equal(TranscriptVersion.Live, (await node.FindAsync(first)).Transcript);

        await node.RestartAsync();
        await UntilRefinedAsync(node, first);
        Assert.Equal(["refined"], Texts(await node.Store.TranscriptAsync(Node.Acme, first, default)));
        Assert.Equal(3, node.Engine.RefineAsked.Count);
    }

    [Fact]
    public async Task A_meeting_whose_captions_come_later_has_its_live_transcript_first()
    {
        await using var node = await Node.StartAsync();
        node.Engine.CanHear = false;
        node.Engine.CanRefine = true;
        node.Engine.Result = job => ((ProcessMediaResult.Done)FakeMediaEngine.MixAndTracks(job)) with { Captions = CaptionsStatus.Deferred };
        var id = await OverAsync(node);
        for (int n = 0; n < 10; n++) node.Clock.Advance(TranscriptRefiner.LookEvery);
        Assert.Empty(node.Engine.RefineAsked);

        node.Engine.Hear = (job, observer) =>
        {
            observer.OnCaption(job.Run, Snapshots.Caption(1, 1, 2, "late"));
            return Task.FromResult(true);
        };
        node.Engine.CanHear = true;
        await UntilRefinedAsync(node, id);
        Assert.Equal(
            ["meeting.completed", "caption.final", "captions.restored", "transcript.ready", "minutes.ready", "transcript.ready", "minutes.ready"],
            (await node.LedgerAsync(id)).SkipWhile(type => type != "meeting.completed"));
    }

    /// <summary>A second pass that would hear these, of utterances just as long.</summary>
    private static RefinedSpeech Hears(Func<HeardSpan, bool> isWanted, params Pipeline.Transcribe.Captions.Caption[] captions)
    {
        var wanted = captions.Where(c => isWanted(new HeardSpan(c.Track, c.Start, c.End))).ToList();
        return new RefinedSpeech(wanted, [.. wanted.Select(c => new HeardSpan(c.Track, c.Start, c.End))]);
    }

    /// <summary>A word each ten seconds, from the first on.</summary>
    private static async Task<MeetingId> OverAsync(Node node, params (string Word, double Confidence)[] said)
    {
        var meeting = await node.CreateAsync(null, Tracks.Of("alice", ssrc: 7));
        for (int n = 0; n < said.Length; n++)
        {
            var caption = Snapshots.Caption(1, 10 * n + 1, 10 * n + 2, said[n].Word);
            node.Engine.Newest.Say(caption with { Words = [caption.Words[0] with { Confidence = said[n].Confidence }] });
        }
        await node.UntilHeardAsync(meeting.Id, said.Length);
        await node.Meetings.StopAsync(Node.Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        return meeting.Id;
    }

    private static async Task UntilRefinedAsync(Node node, MeetingId id)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(60));        // only so that a broken test ends
        while ((await node.FindAsync(id)).Transcript != TranscriptVersion.Refined)
        {
            node.Clock.Advance(TranscriptRefiner.LookEvery);
            await Task.Delay(5, enough.Token);
        }
    }

    private static IEnumerable<string> Texts(IReadOnlyList<Segment>? segments) => segments!.Select(segment => segment.Text);
}
