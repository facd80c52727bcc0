using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Tests.Storage;

/// <summary>What every <see cref="IMeetingStore"/> must do.</summary>
public abstract class MeetingStoreContract : IAsyncDisposable
{
    protected static readonly TenantId Acme = new("acme");
    protected static readonly TenantId Other = new("other");
    protected static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);

    public abstract IMeetingStore Store { get; }
    protected abstract Task ReopenAsync();
    protected abstract void DestroyKey(MeetingId meeting);
    /// <summary>The meeting is announced; next its media is opened.</summary>
    protected virtual void OpenMedia(MeetingId meeting) { }
    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task A_meeting_is_read_back_as_it_was_stored()
    {
        var spec = new MeetingSpec
        {
            Title = "Weekly \"sync\"",
            ExternalId = "room-42",
            Language = "de",
            Outputs = ["mix"],
            Minutes = false,
            RetentionDays = 7,
            MaxDuration = TimeSpan.FromMinutes(90),
            IdleTimeout = TimeSpan.Zero,
            Metadata = new Dictionary<string, string> { ["case"] = "A-17" },
        };
        var track = Tracks.Of("alice", 96, 4294967295) with { OwnPort = true, Fmtp = "useinbandfec=1", From = "192.0.2.0/24", HeaderExtensions = new Dictionary<string, string> { ["1"] = "urn:x" } };
        var meeting = await StartAsync(spec: spec, tracks: track);
        await ReopenAsync();

        var read = (await Store.FindAsync(Acme, meeting.Id, default))!;
        Assert.Equivalent(meeting.View(), read.View(), strict: true);
        Assert.Equal((meeting.Run, meeting.Revision, meeting.ListeningSince), (read.Run, read.Revision, read.ListeningSince));
    }

    [Fact]
    public async Task A_meeting_that_is_only_announced_is_seen_by_its_owner_alone()
    {
        var announced = await AnnounceAsync();
        Assert.Null(await Store.FindAsync(Acme, announced.Id, default));
        Assert.Empty((await Store.ListAsync(Acme, new MeetingQuery(), default)).Meetings);
        Assert.Null(await Store.TranscriptAsync(Acme, announced.Id, default));
        Assert.NotNull(await Store.LoadAsync(Acme, announced.Id, default));
        Assert.Equal(announced.Id, Assert.Single(await Store.UnfinishedAsync(default)).Id);
        Assert.True(await Store.KnowsAsync(announced.Id, default));

        await Store.WithdrawAsync(Acme, announced.Id);
        Assert.Empty(await Store.UnfinishedAsync(default));
        Assert.False(await Store.KnowsAsync(announced.Id, default));
    }

    [Fact]
    public async Task A_meeting_that_started_is_not_withdrawn()
    {
        var meeting = await StartAsync();
        await Store.WithdrawAsync(Acme, meeting.Id);
        Assert.NotNull(await Store.FindAsync(Acme, meeting.Id, default));
    }

    [Fact]
    public async Task A_decision_on_an_old_state_is_refused_whole()
    {
        var meeting = await StartAsync();
        await DoAsync(meeting, new MeetingCommand.Stop("requested"));
        var track = new MeetingCommand.AddTracks([new NewTrack(TrackId.New(Start), Tracks.Of("late", 100))]);
        await Assert.ThrowsAsync<StaleMeetingException>(() => DoAsync(meeting, track));

        Assert.DoesNotContain("late", string.Concat((await LedgerAsync(Acme)).Select(e => e.Data)));
        Assert.Equal(MeetingStatus.Stopping, (await Store.FindAsync(Acme, meeting.Id, default))!.Status);
    }

    [Fact]
    public async Task The_ledger_is_numbered_without_a_hole_for_each_tenant()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => StartAsync(i % 2 == 0 ? Acme : Other)));
        foreach (var tenant in new[] { Acme, Other })
        {
            var ledger = await LedgerAsync(tenant);
            Assert.Equal(Enumerable.Range(1, 40).Select(n => (long)n), ledger.Select(e => e.Seq));   // started and one track, 20 times
            Assert.All(ledger, e => Assert.True(SortableId.TryParse("evt_", e.Id, out _)));
            Assert.Equal(ledger.Skip(10).Take(5), await Store.LedgerAsync(tenant, null, after: 10, limit: 5, default));
        }
    }

    [Fact]
    public async Task Commits_that_share_a_sync_keep_the_order_of_the_calls()
    {
        var meeting = await StartAsync();
        List<Task> all = [];
        for (int i = 0; i < 300; i++)
        {
            var decided = meeting.Decide(Heard(meeting, 1, i, $"number {i}"), Start);
            meeting = meeting.Apply(decided);
            all.Add(Store.CommitAsync(meeting, decided));   // each is stale unless the one before it is in
        }
        await Task.WhenAll(all);
        var segments = await Store.SegmentsAsync(Acme, meeting.Id, 0, 1000, default);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => ($"number {i}", i + 1L)), segments.Select(s => (s.Text, s.Sequence)));
    }

    [Fact]
    public async Task Segments_come_by_sequence_and_the_transcript_by_start()
    {
        var meeting = await StartAsync(tracks: [Tracks.Of("alice", 111), Tracks.Of("bob", 112)]);
        meeting = await DoAsync(meeting, Heard(meeting, 2, 10, "second"), Heard(meeting, 1, 3, "first"), Heard(meeting, 1, 20, "third"));

        var segments = await Store.SegmentsAsync(Acme, meeting.Id, 0, 2, default);
        Assert.Equal(["second", "first"], segments.Select(s => s.Text));
        Assert.Equal(["third"], (await Store.SegmentsAsync(Acme, meeting.Id, segments[^1].Sequence, 2, default)).Select(s => s.Text));
        Assert.Equal(["first", "second", "third"], (await Store.TranscriptAsync(Acme, meeting.Id, default))!.Select(s => s.Text));

        var bob = segments[0];
        Assert.Equal(("bob", meeting.Tracks[1].Track.Id, TimeSpan.FromSeconds(10)), (bob.Participant.Id, bob.Track, bob.Start));
        Assert.Equal("second", Assert.Single(bob.Words).Text);
        Assert.Equivalent(bob, await Store.FindSegmentAsync(Acme, meeting.Id, bob.Id, default), strict: true);
        Assert.Equal([(1, 3, 4), (1, 20, 21), (2, 10, 11)],
            (await Store.HeardAsync(Acme, meeting.Id, default)).Select(h => (h.Track, h.Start.TotalSeconds, h.End.TotalSeconds)).Order());
        Assert.Equal(3, (await Store.LoadAsync(Acme, meeting.Id, default))!.Heard.Count);
    }

    [Fact]
    public async Task Without_the_meetings_key_nothing_that_was_said_is_left()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "pineapple"));
        DestroyKey(meeting.Id);
        Assert.Empty((await Store.TranscriptAsync(Acme, meeting.Id, default))!);
        Assert.Empty(await Store.SegmentsAsync(Acme, meeting.Id, 0, 10, default));
        Assert.NotNull(await Store.FindAsync(Acme, meeting.Id, default));
    }

    [Fact]
    public async Task A_correction_is_kept_beside_what_was_recognised_with_who_and_when()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "bored"), Heard(meeting, 1, 5, "other"));
        var segment = (await Store.SegmentsAsync(Acme, meeting.Id, 0, 1, default))[0];
        Assert.Null(segment.Correction);

        await CorrectAsync(meeting, segment.Id, "board", "key_1", Start.AddHours(1));
        var corrected = await CorrectAsync(meeting, segment.Id, "the board", "key_2", Start.AddHours(2));
        await ReopenAsync();
        Assert.Equivalent(corrected, await Store.FindSegmentAsync(Acme, meeting.Id, segment.Id, default), strict: true);
        Assert.Equal(("the board", new SegmentCorrection(2, "key_2", Start.AddHours(2), "bored")), (corrected.Text, corrected.Correction));
        Assert.Empty(corrected.Words);   // two were written for one
        Assert.Equal(segment with { Text = "", Words = [] }, corrected with { Text = "", Words = [], Correction = null });
        Assert.Equal(["the board", "other"], (await Store.TranscriptAsync(Acme, meeting.Id, default))!.Select(s => s.Text));
        Assert.Equal(["the board", "other"], (await Store.SegmentsAsync(Acme, meeting.Id, 0, 10, default)).Select(s => s.Text));

        Assert.Equal(corrected.Correction, (await CorrectAsync(meeting, segment.Id, "the board", "key_3", Start.AddHours(3))).Correction);   // nothing to correct
        var back = await CorrectAsync(meeting, segment.Id, "bored", "key_4", Start.AddHours(4));
        Assert.Equal(("bored", "key_4"), (back.Text, back.Correction!.By));
        DestroyKey(meeting.Id);
        Assert.Null(await Store.FindSegmentAsync(Acme, meeting.Id, segment.Id, default));
    }

    [Fact]
    public async Task Of_two_corrections_of_one_revision_the_second_hears_of_the_first()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "bored"));
        var segment = (await Store.SegmentsAsync(Acme, meeting.Id, 0, 1, default))[0];
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
            Store.CorrectSegmentAsync(Acme, meeting.Id, segment.Id, $"board {i}", "key_admin", Start, ifRevision: 0, default))));
        Assert.Single(results.OfType<CorrectSegmentResult.Corrected>());
        Assert.Equal(7, results.OfType<CorrectSegmentResult.OtherRevision>().Count());

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => CorrectAsync(meeting, segment.Id, $"last {i}", "key_admin", Start))));
        Assert.Equal(9, (await Store.FindSegmentAsync(Acme, meeting.Id, segment.Id, default))!.Correction!.Revision);
    }

    [Fact]
    public async Task Nobody_elses_segment_is_corrected_and_none_that_is_not_there()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "bored"));
        var segment = (await Store.SegmentsAsync(Acme, meeting.Id, 0, 1, default))[0];
        Assert.IsType<CorrectSegmentResult.NoSuchMeeting>(await Store.CorrectSegmentAsync(Other, meeting.Id, segment.Id, "x", "k", Start, null, default));
        Assert.IsType<CorrectSegmentResult.NoSuchSegment>(await Store.CorrectSegmentAsync(Acme, meeting.Id, SegmentId.New(Start), "x", "k", Start, null, default));
        Assert.Equal("bored", (await Store.FindSegmentAsync(Acme, meeting.Id, segment.Id, default))!.Text);
    }

    private async Task<Segment> CorrectAsync(Meeting meeting, SegmentId segment, string text, string by, DateTimeOffset at) =>
        Assert.IsType<CorrectSegmentResult.Corrected>(await Store.CorrectSegmentAsync(Acme, meeting.Id, segment, text, by, at, null, default)).Segment;

    [Fact]
    public async Task Recordings_and_quality_are_kept_with_the_end()
    {
        var meeting = await CompleteAsync(await StartAsync(tracks: [Tracks.Of("alice", 111), Tracks.Of("bob", 112)]));
        var recordings = (await Store.RecordingsAsync(Acme, meeting.Id, default))!;
        Assert.Equal([("mix", null), ("track", meeting.Tracks[0].Track.Id), ("track", (TrackId?)meeting.Tracks[1].Track.Id)], recordings.Select(r => (r.Kind, r.Track)));
        Assert.Equal(recordings[1], await Store.FindRecordingAsync(Acme, meeting.Id, recordings[1].Id, default));

        var expected = ((ProcessMediaResult.Done)FakeMediaEngine.MixAndTracks(meeting.Job([]))).Quality;
        expected = expected with { Tracks = [expected.Tracks[0] with { Quality = WithGaps }, expected.Tracks[1]] };
        Assert.Equivalent(expected, await Store.QualityAsync(Acme, meeting.Id, default), strict: true);
        Assert.Empty(await Store.UnfinishedAsync(default));
    }

    public static readonly TheoryData<string, MeetingQuery, int[]> Queries = new()
    {
        { "all", new MeetingQuery(), [5, 4, 3, 2, 1, 0] },
        { "status", new MeetingQuery { Status = MeetingStatus.Completed }, [5] },
        { "external id", new MeetingQuery { ExternalId = "room-3" }, [3] },
        { "participant", new MeetingQuery { Participant = "p2" }, [2] },
        { "of nobody", new MeetingQuery { Participant = "p'; --" }, [] },
        { "from", new MeetingQuery { From = Start.AddMinutes(3) }, [5, 4, 3] },
        { "from between", new MeetingQuery { From = Start.AddMinutes(3).AddTicks(1) }, [5, 4] },
        { "to", new MeetingQuery { To = Start.AddMinutes(3) }, [2, 1, 0] },
        { "both", new MeetingQuery { From = Start.AddMinutes(1), To = Start.AddMinutes(3) }, [2, 1] },
        { "metadata", new MeetingQuery { Metadata = new Dictionary<string, string> { ["parity"] = "odd" } }, [5, 3, 1] },
        { "two metadata", new MeetingQuery { Metadata = new Dictionary<string, string> { ["parity"] = "odd", ["n.'\"$"] = "3" } }, [3] },
        { "text", new MeetingQuery { Text = "ÜBER 4" }, [4] },
        { "no wildcard", new MeetingQuery { Text = "%" }, [] },
        { "everything", new MeetingQuery { Status = MeetingStatus.Recording, ExternalId = "room-1", Participant = "p1", Text = "über" }, [1] },
    };

    [Theory]
    [MemberData(nameof(Queries), DisableDiscoveryEnumeration = true)]
    public async Task A_list_holds_what_matches_newest_first(string what, MeetingQuery query, int[] expected)
    {
        List<MeetingId> ids = [];
        for (int i = 0; i < 6; i++)
        {
            var spec = new MeetingSpec
            {
                Title = $"Talk über {i}",
                ExternalId = $"room-{i}",
                Metadata = new Dictionary<string, string> { ["parity"] = i % 2 == 0 ? "even" : "odd", ["n.'\"$"] = $"{i}" },
            };
            var meeting = await StartAsync(at: Start.AddMinutes(i), spec: spec, tracks: Tracks.Of($"p{i}"));
            if (i == 5) await CompleteAsync(meeting);
            ids.Add(meeting.Id);
        }
        var page = await Store.ListAsync(Acme, query, default);
        Assert.True(expected.Select(i => ids[i]).SequenceEqual(page.Meetings.Select(m => m.Id)), what);
        Assert.Null(page.Next);
    }

    [Fact]
    public async Task Pages_join_without_a_gap_or_a_repeat()
    {
        for (int i = 0; i < 7; i++) await StartAsync(at: Start.AddMinutes(i));
        List<MeetingId> all = [];
        var query = new MeetingQuery { Limit = 3 };
        List<int> sizes = [];
        while (true)
        {
            var page = await Store.ListAsync(Acme, query, default);
            all.AddRange(page.Meetings.Select(m => m.Id));
            sizes.Add(page.Meetings.Count);
            if (page.Next is null) break;
            query = query with { Before = page.Next };
        }
        Assert.Equal([3, 3, 1], sizes);
        Assert.Equal(all.Distinct().OrderByDescending(id => id.ToString(), StringComparer.Ordinal), all);
    }

    [Fact]
    public async Task Another_tenants_meeting_does_not_exist()
    {
        var meeting = await StartAsync();
        meeting = await DoAsync(meeting, Heard(meeting, 1, 1, "pineapple"));
        var segment = Assert.Single(await Store.SegmentsAsync(Acme, meeting.Id, 0, 10, default));
        meeting = await CompleteAsync(meeting);
        var recording = (await Store.RecordingsAsync(Acme, meeting.Id, default))![0];

        Assert.Null(await Store.FindAsync(Other, meeting.Id, default));
        Assert.Null(await Store.LoadAsync(Other, meeting.Id, default));
        Assert.Empty((await Store.ListAsync(Other, new MeetingQuery { Participant = "alice" }, default)).Meetings);
        Assert.Empty(await Store.SegmentsAsync(Other, meeting.Id, 0, 10, default));
        Assert.Null(await Store.TranscriptAsync(Other, meeting.Id, default));
        Assert.Null(await Store.FindSegmentAsync(Other, meeting.Id, segment.Id, default));
        Assert.Null(await Store.RecordingsAsync(Other, meeting.Id, default));
        Assert.Null(await Store.FindRecordingAsync(Other, meeting.Id, recording.Id, default));
        Assert.Null(await Store.QualityAsync(Other, meeting.Id, default));
        Assert.Empty(await Store.HeardAsync(Other, meeting.Id, default));
        Assert.Empty(await LedgerAsync(Other));
        await Assert.ThrowsAsync<StaleMeetingException>(() => DoAsync(meeting with { Tenant = Other, Status = MeetingStatus.Recording }, new MeetingCommand.Stop("requested")));
    }

    protected static readonly TrackQuality WithGaps = TrackQuality.Empty with
    {
        PacketsLost = 2,
        Jitter = TimeSpan.FromMilliseconds(1.5),
        ClockDriftPpm = -12.25,
        Gaps = [new Gap(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), GapKind.Outage)],
    };

    protected Task<Meeting> StartAsync(TenantId? tenant = null, DateTimeOffset? at = null, MeetingSpec? spec = null, params TrackSpec[] tracks) =>
        StartAsync(AnnounceAsync(tenant, at, spec, tracks));

    private async Task<Meeting> StartAsync(Task<Meeting> announcing)
    {
        var announced = await announcing;
        OpenMedia(announced.Id);
        return await DoAsync(announced, new MeetingCommand.MediaOpened(1, 26000));
    }

    protected async Task<Meeting> AnnounceAsync(TenantId? tenant = null, DateTimeOffset? at = null, MeetingSpec? spec = null, params TrackSpec[] tracks)
    {
        var now = at ?? Start;
        var announced = Meeting.Decide(new CreateMeeting(
            MeetingId.New(now), tenant ?? Acme, spec ?? new MeetingSpec(),
            [.. (tracks.Length > 0 ? tracks : [Tracks.Of("alice")]).Select(t => new NewTrack(TrackId.New(now), t, t.OwnPort ? 26002 : null))], CaptionsStatus.Live), now);
        var meeting = Meeting.Apply(announced);
        await Store.CommitAsync(meeting, [announced]);
        return meeting;
    }

    protected async Task<Meeting> CompleteAsync(Meeting meeting)
    {
        meeting = await DoAsync(meeting, new MeetingCommand.Stop("requested"));
        meeting = await DoAsync(meeting, new MeetingCommand.MediaStopped(1, null));
        var done = (ProcessMediaResult.Done)FakeMediaEngine.MixAndTracks(meeting.Job([]));
        var quality = done.Quality with { Tracks = [done.Quality.Tracks[0] with { Quality = WithGaps }, .. done.Quality.Tracks.Skip(1)] };
        return await DoAsync(meeting, new MeetingCommand.MediaProcessed(
            1, [.. done.Files.Select(f => new ReadyFile(RecordingId.New(Start), f))], quality, CaptionsStatus.Live));
    }

    /// <summary>Each command one decision.</summary>
    protected async Task<Meeting> DoAsync(Meeting meeting, params MeetingCommand[] commands)
    {
        foreach (var command in commands)
        {
            var decided = meeting.Decide(command, Start.AddMinutes(1));
            meeting = meeting.Apply(decided);
            await Store.CommitAsync(meeting, decided);
        }
        return meeting;
    }

    protected Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant) => Store.LedgerAsync(tenant, null, 0, 1000, default);

    protected static MeetingCommand Heard(Meeting meeting, int track, double at, string text) =>
        new MeetingCommand.CaptionHeard(meeting.Run, SegmentId.New(Start), Snapshots.Caption(track, at, at + 1, text));
}
