using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

public sealed class RestartTests : IAsyncLifetime
{
    private static readonly TenantId Acme = Node.Acme;
    private Node node = null!;

    public async Task InitializeAsync() => node = await Node.StartAsync();
    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task What_was_corrected_is_not_recognised_again_after_a_restart()
    {
        await using var node = await Node.StartAsync();
        var meeting = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Engine.Newest.Say(1, 1, 2, "bored");
        await node.UntilHeardAsync(meeting.Id, 1);
        var heard = (await node.Store.SegmentsAsync(Node.Acme, meeting.Id, 0, 10, default))[0];
        Assert.IsType<CorrectSegmentResult.Corrected>(await node.Meetings.CorrectSegmentAsync(Node.Acme, meeting.Id, heard.Id, "board", "key_admin", null, default));

        await node.RestartAsync();
        Assert.Equal([(1, 1.0, 2.0)], node.Engine.OpenAsked.Last().Heard.Select(h => (h.Track, h.Start.TotalSeconds, h.End.TotalSeconds)));   // so the media need not ask
        node.Engine.Newest.Say(1, 1, 2, "bored");                                    // and says it all the same
        node.Engine.Newest.Say(1, 5, 6, "after");
        await node.UntilHeardAsync(meeting.Id, 2);
        await node.Meetings.StopAsync(Node.Acme, meeting.Id, default);
        await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
        Assert.Equal(["board", "after"], (await node.Meetings.TranscriptAsync(Node.Acme, meeting.Id, default))!.Select(s => s.Text));
        Assert.Equal("bored", (await node.Meetings.FindSegmentAsync(Node.Acme, meeting.Id, heard.Id, default))!.Correction!.OriginalText);
    }

    [Fact]
    public async Task A_meeting_goes_on_after_a_restart_with_its_id_and_port()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice", 111));
        await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob", 112)], default);
        var before = node.Engine.Newest;
        before.Say(2, 3, 4.5, "Before.");
        await node.UntilHeardAsync(made.Id, 1);

        await node.StopAsync();
        Assert.True(before.IsDisposed);
        Assert.Null(before.StoppedAt);   // it is gone on with, not stopped
        node.Clock.Advance(TimeSpan.FromMinutes(10));
        await node.AgainAsync();

        Assert.True(node.Meetings.IsReady);
        var job = node.Engine.Newest.Job;
        Assert.Equal((made.Id, made.Port, 2, made.StartedAt), (job.Id, job.Port, job.Run, job.StartedAt));
        Assert.Equal(["alice", "bob"], job.Tracks.Select(t => t.Spec.Participant.Id));
        Assert.Equal((2, TimeSpan.FromSeconds(4.5)), (Assert.Single(job.Heard).Track, job.Heard[0].End));
        var now = await node.FindAsync(made.Id);
        Assert.Equal((MeetingStatus.Recording, "recovered", made.Port), (now.Status, now.Reason, now.Port));
        Assert.Single(await node.LedgerAsync(made.Id), "meeting.recovered");

        before.Say(1, 9, 10, "From the run before.");
        node.Engine.Newest.Say(1, 601, 602, "After.");
        await node.UntilHeardAsync(made.Id, 2);
        Assert.Equal(["Before.", "After."], (await node.Meetings.TranscriptAsync(Acme, made.Id, default))!.Select(s => s.Text));
    }

    [Fact(Timeout = 60_000)]
    public async Task Media_that_broke_is_opened_again_in_a_new_run()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice", 111));
        var broken = node.Engine.Newest;

        broken.Breaks.SetResult();
        await node.Store.UntilAsync(async () => (await node.LedgerAsync(made.Id)).Contains("meeting.recovered"));
        Assert.True(broken.IsDisposed);
        var opening = new TaskCompletionSource();
        node.Engine.BeforeOpen = _ => { opening.TrySetResult(); return Task.CompletedTask; };
        node.Clock.Advance(TimeSpan.FromSeconds(3));                                 // not at once: it might break again
        await opening.Task;

        Assert.Equal(MeetingStatus.Recording, (await node.FindAsync(made.Id)).Status);
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal((2, made.Port), (node.Engine.Newest.Job.Run, node.Engine.Newest.Port));
    }

    [Fact]
    public async Task A_port_that_somebody_took_is_waited_for_and_no_other_chosen()
    {
        var made = await node.CreateAsync(new MeetingSpec { IdleTimeout = TimeSpan.Zero });
        var other = await node.CreateAsync();
        await node.StopAsync();
        node.Engine.PortsTaken[made.Port] = true;
        await node.AgainAsync();
        Assert.True(node.Meetings.IsReady);   // one that waits keeps nobody
        Assert.Equal(other.Id, node.Engine.Newest.Job.Id);

        int asked = node.Engine.OpenAsked.Count;
        while (node.Engine.OpenAsked.Count < asked + 3) await TickAsync(made.Id);
        Assert.All(node.Engine.OpenAsked.Where(j => j.Id == made.Id && j.Run == 2), job => Assert.Equal(made.Port, job.Port));

        // Tracks are taken meanwhile; they are in the job of the attempt that succeeds.
        Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob")], default));
        node.Engine.PortsTaken.TryRemove(made.Port, out _);
        while (node.Engine.Newest.Job.Id != made.Id) await TickAsync(made.Id);
        Assert.Equal((made.Port, 1), (node.Engine.Newest.Port, node.Engine.Newest.Job.Tracks.Count));
    }

    [Fact]
    public async Task A_track_that_comes_while_the_port_is_opened_is_told_to_the_journal()
    {
        var made = await node.CreateAsync();
        await node.StopAsync();
        var asked = new TaskCompletionSource();
        var open = new TaskCompletionSource();
        node.Engine.BeforeOpen = job =>
        {
            asked.SetResult();
            return open.Task;
        };
        var start = node.AgainAsync();
        await asked.Task;
        Assert.False(node.Meetings.IsReady);
        var adding = node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob")], default);   // waits for the start
        open.SetResult();
        await start;
        await adding;
        Assert.Equal(1, Assert.Single(node.Engine.Newest.Added).Number);
    }

    [Fact]
    public async Task A_meeting_that_is_stuck_while_it_is_opened_keeps_no_other()
    {
        var made = await node.CreateAsync();
        var other = await node.CreateAsync();
        await node.StopAsync();
        var stuck = new TaskCompletionSource();
        var never = new TaskCompletionSource();
        node.Engine.BeforeOpen = job =>
        {
            if (job.Id != made.Id) return Task.CompletedTask;
            stuck.SetResult();
            return never.Task;
        };
        var start = node.AgainAsync();
        await stuck.Task;
        while (!start.IsCompleted)
        {
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.Equal(other.Id, node.Engine.Newest.Job.Id);
        never.SetResult();
    }

    [Fact]
    public async Task A_meeting_that_was_being_processed_is_processed_again()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var begun = new TaskCompletionSource();
        node.Engine.BeforeProcessed = async (job, observer, ct) =>
        {
            observer.OnMix(job.Run, ((ProcessMediaResult.Done)FakeMediaEngine.MixAndTracks(job)).Files[0]);
            begun.SetResult();
            await new TaskCompletionSource().Task.WaitAsync(ct);   // as long as the server lives
        };
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await begun.Task;
        while ((await node.Meetings.RecordingsAsync(Acme, made.Id, default))!.Count == 0) await Task.Yield();   // the mix, before the rest
        await node.StopAsync();

        node.Engine.BeforeProcessed = (_, _, _) => Task.CompletedTask;
        await node.AgainAsync();
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal([1, 2], node.Engine.Processed.Select(p => p.Job.Run));
        Assert.Equal([false, true], node.Engine.Processed.Select(p => p.Job.MixIsReady));
        Assert.Equal(["mix", "track"], (await node.Meetings.RecordingsAsync(Acme, made.Id, default))!.Select(file => file.Kind).Order());
        Assert.Single(node.Engine.Opened);   // nothing is opened for a meeting that has ended
    }

    [Fact]
    public async Task Meetings_in_every_stage_end_well_after_a_restart()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => node.CreateAsync()));
        await Task.WhenAll(made.Take(20).Select(m => node.Meetings.StopAsync(Acme, m.Id, default)));
        await node.RestartAsync();
        await Task.WhenAll(made.Select(m => node.Meetings.StopAsync(Acme, m.Id, default)));
        foreach (var m in made) await node.UntilAsync(m.Id, MeetingStatus.Completed);
        Assert.Empty(node.Engine.PortsTaken);
    }

    [Fact]
    public async Task A_commit_that_fails_once_is_an_error_to_the_client_and_nothing_more()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice", 111));
        await node.Meetings.QualityAsync(Acme, made.Id, default);                    // answered after its owner's first letter, which may store what it saw
        int next = node.Store.Commits + 1;
        node.Store.Plan = n => n == next ? Fault.Fail : Fault.None;
        await Assert.ThrowsAsync<IOException>(() => node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob", 112)], default));
        Assert.Empty(node.Engine.Newest.Added);
        Assert.Single((await node.FindAsync(made.Id)).Tracks);

        var added = Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob", 112)], default));
        Assert.Equal(2, added.Tracks[0].Track.Number);
        Assert.Single(node.Engine.Newest.Added);
    }

    [Theory]
    [InlineData(1)]   // as announced
    [InlineData(2)]   // as started
    public async Task A_creation_that_is_not_stored_leaves_no_meeting_and_no_port(int commit)
    {
        node.Store.Plan = n => n == commit ? Fault.Fail : Fault.None;
        await Assert.ThrowsAsync<IOException>(() => node.CreateAsync());
        Assert.Empty(node.Engine.PortsTaken);
        await node.Store.UntilAsync(async () => (await node.Store.UnfinishedAsync(default)).Count == 0);
        var list = (await node.Meetings.ListAsync(Acme, new MeetingQuery(), default)).Meetings;
        Assert.True(list.Count == 0 || list is [{ Status: MeetingStatus.Failed, Reason: "not_started" }]);
    }

    [Fact]
    public async Task An_engine_that_breaks_in_a_creation_leaves_a_failed_meeting()
    {
        node.Engine.BeforeOpen = _ => throw new InvalidDataException("a bug");
        await Assert.ThrowsAsync<InvalidDataException>(() => node.CreateAsync());
        await node.Store.UntilAsync(async () => (await node.Store.UnfinishedAsync(default)).Count == 0);
        Assert.Equal("not_started", Assert.Single((await node.Meetings.ListAsync(Acme, new MeetingQuery(), default)).Meetings).Reason);
    }

    public static IEnumerable<object[]> EveryCommit =>
        from commit in Enumerable.Range(1, 9) from isStored in new[] { false, true } select new object[] { commit, isStored };

    /// <summary>The process ends at the n-th commit of a meeting's life, before it or right after it.</summary>
    [Theory]
    [MemberData(nameof(EveryCommit))]
    public async Task A_crash_at_any_commit_loses_nothing_that_was_answered(int commit, bool isStored)
    {
        node.Store.Plan = n => n == commit ? (isStored ? Fault.DieAfter : Fault.Die) : Fault.None;
        var (answered, tracks, heard, stopped) = await LiveAsync();

        await node.StopAsync();
        node.Engine.Crash();
        await node.AgainAsync();

        if (answered is { } id)
        {
            var meeting = await node.FindAsync(id);
            Assert.True(meeting.Tracks.Count >= tracks);
            Assert.True((await node.Store.SegmentsAsync(Acme, id, 0, 10, default)).Count >= heard);
            if (stopped) Assert.NotNull(meeting.EndedAt);
            else if (meeting.Status == MeetingStatus.Recording) Assert.Equal(meeting.Port, node.Engine.Newest.Port);
        }
        foreach (var left in await node.Store.UnfinishedAsync(default)) await node.Meetings.StopAsync(Acme, left.Id, default);
        await node.Store.UntilAsync(async () => (await node.Store.UnfinishedAsync(default)).Count == 0);
        Assert.Empty(node.Engine.PortsTaken);
        foreach (var over in (await node.Meetings.ListAsync(Acme, new MeetingQuery(), default)).Meetings)
        {
            if (over.Id == answered) Assert.Equal(MeetingStatus.Completed, over.Status);
            if (over.Status == MeetingStatus.Completed) Assert.Equal(1 + over.Tracks.Count, (await node.Meetings.RecordingsAsync(Acme, over.Id, default))!.Count);
        }
    }

    /// <summary>A short life, as far as the store lets it; what the client was answered.</summary>
    private async Task<(MeetingId? Made, int Tracks, int Heard, bool Stopped)> LiveAsync()
    {
        MeetingId? made = null;
        var (tracks, heard) = (0, 0);
        try
        {
            var meeting = await node.CreateAsync(null, Tracks.Of("alice", 111));
            (made, tracks) = (meeting.Id, 1);
            if (await node.Meetings.AddTracksAsync(Acme, meeting.Id, [Tracks.Of("bob", 112)], default) is AddTracksResult.Added) tracks = 2;
            node.Engine.Newest.Say(1, 1, 2, "Hello.");
            await node.UntilHeardAsync(meeting.Id, 1);
            heard = node.Store.IsDead ? 0 : 1;
            node.Engine.Newest.Now = Snapshots.Of(MediaHealth.Flowing, TimeSpan.FromSeconds(1), 1, 2);
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await node.UntilAsync(meeting.Id, m => m.MediaHealth == MediaHealth.Flowing);
            await node.Meetings.StopAsync(Acme, meeting.Id, default);
            await node.UntilAsync(meeting.Id, MeetingStatus.Completed);
            return (made, tracks, heard, true);
        }
        catch (IOException)
        {
            return (made, tracks, heard, false);
        }
    }

    /// <summary>A second, and every letter that was there is read.</summary>
    private async Task TickAsync(MeetingId id)
    {
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        await node.Meetings.QualityAsync(Acme, id, default);
    }
}
