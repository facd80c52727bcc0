using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Actors.Local;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Actors.Tests.Local;

public sealed class LocalMeetingsTests : IAsyncLifetime
{
    private static readonly TenantId Acme = Node.Acme;
    private Node node = null!;

    public async Task InitializeAsync() => node = await Node.StartAsync();
    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task A_meeting_is_created_heard_stopped_and_completed()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice", 111), Tracks.Of("bob", 112));
        Assert.Equal((MeetingStatus.Recording, node.Clock.GetUtcNow(), made.CreatedAt), (made.Status, made.StartedAt, made.StartedAt));
        Assert.Equal((made.Port, made.StartedAt), (node.Engine.Newest.Port, node.Engine.Newest.Job.StartedAt));

        node.Engine.Newest.Say(2, 1, 2, "Good morning.");
        node.Engine.Newest.Say(1, 2, 3, "Hello Bob.");
        await node.UntilHeardAsync(made.Id, 2);
        node.Clock.Advance(TimeSpan.FromSeconds(60));
        var stop = Assert.IsType<StopMeetingResult.Accepted>(await node.Meetings.StopAsync(Acme, made.Id, default));
        Assert.Equal((made.StartedAt.AddSeconds(60), TimeSpan.FromSeconds(60), "requested"), (stop.Meeting.EndedAt, stop.Meeting.Duration, stop.Meeting.Reason));

        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal(TimeSpan.FromSeconds(60), node.Engine.Newest.StoppedAt);
        Assert.True(node.Engine.Newest.IsDisposed);
        Assert.Equal(TimeSpan.FromSeconds(60), Assert.Single(node.Engine.Processed).Duration);
        Assert.Equal(["mix", "track", "track"], (await node.Meetings.RecordingsAsync(Acme, made.Id, default))!.Select(r => r.Kind));
        Assert.Equal(["Good morning.", "Hello Bob."], (await node.Meetings.TranscriptAsync(Acme, made.Id, default))!.Select(s => s.Text));
        Assert.Equal(100, (await node.Meetings.QualityAsync(Acme, made.Id, default))!.Tracks[1].Quality.PacketsReceived);
        Assert.Equal(
            ["meeting.started", "track.started", "track.started", "caption.final", "caption.final", "track.ended", "track.ended", "meeting.stopped",
             "recording.ready", "recording.ready", "recording.ready", "transcript.ready", "minutes.ready", "meeting.completed"],
            (await node.LedgerAsync(made.Id)).Where(t => !t.StartsWith("media.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task While_a_meeting_runs_it_has_no_duration_yet()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TimeSpan.Zero, made.Duration);
        Assert.Equal(TimeSpan.Zero, (await node.Meetings.FindAsync(Acme, made.Id, default))!.Duration);
        Assert.Equal(TimeSpan.Zero, Assert.Single((await node.Meetings.ListAsync(Acme, new MeetingQuery(), default)).Meetings).Duration);
    }

    [Fact]
    public async Task A_stop_that_is_repeated_changes_nothing_before_and_after_the_end()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var first = Assert.IsType<StopMeetingResult.Accepted>(await node.Meetings.StopAsync(Acme, made.Id, default));
        node.Clock.Advance(TimeSpan.FromSeconds(5));
        for (int i = 0; i < 3; i++)
        {
            var again = Assert.IsType<StopMeetingResult.Accepted>(await node.Meetings.StopAsync(Acme, made.Id, default));
            Assert.Equal((first.Meeting.EndedAt, "requested"), (again.Meeting.EndedAt, again.Meeting.Reason));
            await node.UntilAsync(made.Id, MeetingStatus.Completed);
        }
        Assert.Single(await node.LedgerAsync(made.Id), "meeting.stopped");
        Assert.Single(node.Engine.Processed);
    }

    [Fact]
    public async Task Tracks_come_and_go_while_a_meeting_records()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice", 111));
        var added = Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob", 112), Tracks.Of("carol", 113)], default));
        Assert.Equal([2, 3], added.Tracks.Select(t => t.Track.Number));
        Assert.Equal([2, 3], node.Engine.Newest.Added.Select(t => t.Number));   // before the answer

        Assert.Equal(EndTrackResult.Ended, await node.Meetings.EndTrackAsync(Acme, made.Id, added.Tracks[0].Track.Id, default));
        Assert.Equal(EndTrackResult.Ended, await node.Meetings.EndTrackAsync(Acme, made.Id, added.Tracks[0].Track.Id, default));
        Assert.Equal(2, Assert.Single(node.Engine.Newest.Ended).Number);
        Assert.Equal(EndTrackResult.NoSuchTrack, await node.Meetings.EndTrackAsync(Acme, made.Id, TrackId.New(DateTimeOffset.UnixEpoch), default));
        Assert.Equal(EndTrackResult.NoSuchMeeting, await node.Meetings.EndTrackAsync(Acme, MeetingId.New(DateTimeOffset.UnixEpoch), added.Tracks[0].Track.Id, default));

        Assert.IsType<AddTracksResult.NotFound>(await node.Meetings.AddTracksAsync(Acme, MeetingId.New(DateTimeOffset.UnixEpoch), [Tracks.Of("dan")], default));
        Assert.Equal(new AddTracksResult.AmbiguousTrack(1), await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("dan", 99), Tracks.Of("eve", 113)], default));
        Assert.Equal(3, (await node.FindAsync(made.Id)).Tracks.Count);

        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal(new AddTracksResult.InvalidState(MeetingStatus.Completed), await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("dan", 99)], default));
        Assert.Equal(EndTrackResult.InvalidState, await node.Meetings.EndTrackAsync(Acme, made.Id, made.Tracks[0].Track.Id, default));
    }

    [Fact]
    public async Task A_track_the_journal_does_not_take_is_refused_and_ended()
    {
        var made = await node.CreateAsync();
        node.Engine.Newest.AddFails = new IOException("no space");
        await Assert.ThrowsAsync<IOException>(() => node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob")], default));
        await node.UntilAsync(made.Id, m => m.Tracks[0].Status == TrackStatus.Ended);

        node.Engine.Newest.AddFails = null;
        var added = Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob")], default));
        Assert.Equal(2, added.Tracks[0].Track.Number);   // a number is never used for two tracks
        Assert.Equal([1], node.Engine.Newest.Ended.Select(t => t.Number));   // told before: whatever of it the media knows has an end
    }

    [Fact]
    public async Task A_meeting_that_cannot_be_told_apart_or_finds_no_room_is_not_made()
    {
        Assert.Equal(new CreateMeetingResult.AmbiguousTrack(1), await node.Meetings.CreateAsync(Acme, new MeetingSpec(), [Tracks.Of("a"), Tracks.Of("b")], default));
        Assert.True(node.Meetings.IsReady);
        node.Engine.IsFull = true;
        Assert.IsType<CreateMeetingResult.NoCapacity>(await node.Meetings.CreateAsync(Acme, new MeetingSpec(), [], default));
        Assert.False(node.Meetings.IsReady);
        Assert.Empty(await node.Store.UnfinishedAsync(default));
        Assert.Empty((await node.Meetings.ListAsync(Acme, new MeetingQuery(), default)).Meetings);

        node.Engine.IsFull = false;
        await node.CreateAsync();
        Assert.True(node.Meetings.IsReady);
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    public async Task A_key_the_disk_does_not_take_leaves_nothing_of_a_meeting(Type why)
    {
        node.Engine.SealFails = (Exception)Activator.CreateInstance(why)!;
        Assert.IsType<CreateMeetingResult.NoCapacity>(await node.Meetings.CreateAsync(Acme, new MeetingSpec(), [Protected("alice")], default));
        Assert.Empty(node.Engine.KeysAlone);
    }

    [Fact]
    public async Task A_meeting_that_could_not_be_stored_leaves_no_key()
    {
        node.Store.Plan = _ => Fault.Fail;
        await Assert.ThrowsAsync<IOException>(() => node.Meetings.CreateAsync(Acme, new MeetingSpec(), [Protected("alice")], default));
        Assert.Empty(node.Engine.KeysAlone);
    }

    [Fact]
    public async Task Keys_of_meetings_that_were_never_stored_go_with_the_next_start_and_no_others()
    {
        var made = await node.CreateAsync(null, Protected("alice"));
        var never = MeetingId.New(node.Clock.GetUtcNow());
        node.Engine.KeysAlone[never] = true;                                         // a crash came between the key and the store

        await node.RestartAsync();

        Assert.Equal([made.Id], node.Engine.KeysAlone.Keys);
    }

    [Fact]
    public async Task A_meeting_without_packets_is_stopped_and_one_with_packets_is_not()
    {
        var spec = new MeetingSpec { IdleTimeout = TimeSpan.FromSeconds(300) };
        var quiet = await node.CreateAsync(spec, Tracks.Of("alice"));
        var busy = await node.CreateAsync(spec, Tracks.Of("alice"));
        node.Engine.Newest.Now = Snapshots.Of(MediaHealth.Flowing, TimeSpan.FromSeconds(301), 1);

        node.Clock.Advance(TimeSpan.FromSeconds(302));
        await node.UntilAsync(quiet.Id, MeetingStatus.Completed);
        Assert.Equal("idle_timeout", (await node.FindAsync(quiet.Id)).Reason);
        await node.UntilAsync(busy.Id, m => m.MediaHealth == MediaHealth.Flowing);   // it was looked at too
        Assert.Equal(MeetingStatus.Recording, (await node.FindAsync(busy.Id)).Status);
        Assert.Equal(Authenticated.Address, (await node.FindAsync(busy.Id)).Tracks[0].Authenticated);
    }

    [Fact]
    public async Task A_meeting_is_stopped_at_its_longest()
    {
        var made = await node.CreateAsync(new MeetingSpec { MaxDuration = TimeSpan.FromSeconds(60), IdleTimeout = TimeSpan.Zero });
        node.Clock.Advance(TimeSpan.FromSeconds(60));
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        var over = await node.FindAsync(made.Id);
        Assert.Equal(("max_duration", TimeSpan.FromSeconds(60)), (over.Reason, over.Duration));
    }

    [Fact]
    public async Task Health_and_the_state_of_captions_show_as_they_change()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var media = node.Engine.Newest;
        foreach (var health in new[] { MediaHealth.Flowing, MediaHealth.Stalled, MediaHealth.Flowing })
        {
            media.Now = Snapshots.Of(health, TimeSpan.FromSeconds(1), 1);
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await node.UntilAsync(made.Id, m => m.MediaHealth == health);
        }
        foreach (var status in new[] { CaptionsStatus.Degraded, CaptionsStatus.Live })
        {
            media.Become(status);
            await node.UntilAsync(made.Id, m => m.CaptionsStatus == status);
        }
        Assert.Equal(
            ["media.flowing", "media.flowing", "media.stalled", "media.stalled", "media.flowing", "media.flowing", "captions.degraded", "captions.restored"],
            (await node.LedgerAsync(made.Id)).Skip(2));                              // each of the meeting, then of the track
    }

    [Fact]
    public async Task Files_that_cannot_be_made_fail_the_meeting_and_no_other()
    {
        var other = await node.CreateAsync();
        foreach (bool throws in new[] { true, false })
        {
            var made = await node.CreateAsync();
            node.Engine.Result = _ => throws ? throw new InvalidDataException("a bug") : new ProcessMediaResult.Failed("encoder_failed", "no ffmpeg", [], new MediaSnapshot(null, MediaHealth.Waiting, [], new Dictionary<string, long>()), CaptionsStatus.Off);
            await node.Meetings.StopAsync(Acme, made.Id, default);
            await node.UntilAsync(made.Id, MeetingStatus.Failed);
            Assert.Equal(throws ? "processing_failed" : "encoder_failed", (await node.FindAsync(made.Id)).Reason);
        }
        node.Engine.Result = FakeMediaEngine.MixAndTracks;
        await node.Meetings.StopAsync(Acme, other.Id, default);
        await node.UntilAsync(other.Id, MeetingStatus.Completed);
    }

    [Fact]
    public async Task An_owner_that_breaks_begins_again_with_its_media_untouched()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var media = node.Engine.Newest;
        media.Now = Snapshots.Of(MediaHealth.Flowing, null, 1, 1);   // twice the same track: a bug that breaks the rules
        node.Clock.Advance(TimeSpan.FromSeconds(1));
        media.Say(1, 1, 2, "Still there.");
        await node.UntilHeardAsync(made.Id, 1);

        media.Now = Snapshots.Of(MediaHealth.Flowing, null, 1);
        Assert.IsType<AddTracksResult.Added>(await node.Meetings.AddTracksAsync(Acme, made.Id, [Tracks.Of("bob", 112)], default));
        Assert.Equal((1, false), (node.Engine.Opened.Count, media.IsDisposed));
    }

    [Fact]
    public async Task A_stop_that_breaks_still_leads_to_the_files()
    {
        var made = await node.CreateAsync();
        node.Engine.BeforeStop = _ => throw new IOException("stuck");
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.True(node.Engine.Newest.IsDisposed);
    }

    [Fact]
    public async Task A_stop_that_does_not_end_is_cut_after_a_minute()
    {
        var made = await node.CreateAsync();
        var stuck = new TaskCompletionSource();
        node.Engine.BeforeStop = async ct =>
        {
            stuck.SetResult();
            await new TaskCompletionSource().Task.WaitAsync(ct);
        };
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await stuck.Task;
        node.Clock.Advance(TimeSpan.FromSeconds(60));
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
    }

    [Fact]
    public async Task What_is_counted_comes_back_to_nothing_and_names_no_meeting()
    {
        var sums = new ConcurrentDictionary<string, long>();
        var tags = new ConcurrentDictionary<string, bool>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (node.Factory.Made.Contains(instrument.Meter)) l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, with, _) =>
        {
            sums.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
            foreach (var tag in with) tags[$"{tag.Key}={tag.Value}"] = true;
        });
        listener.Start();

        var ended = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Engine.Newest.Say(1, 1, 2, "Hello.");
        await node.Meetings.StopAsync(Acme, ended.Id, default);
        await node.UntilAsync(ended.Id, MeetingStatus.Completed);
        await node.CreateAsync();
        await node.Meetings.StopAsync(CancellationToken.None);

        Assert.Equal((0, 0, 1), (sums["pipeline.meetings.active"], sums["pipeline.meetings.mailbox.depth"], sums["pipeline.meetings.commands"]));
        Assert.Equal(["command=Stop", "outcome=done"], tags.Keys.Order());
    }

    [Fact]
    public async Task The_services_are_one_object_over_one_file()
    {
        string folder = Directory.CreateTempSubdirectory("services-").FullName;
        var services = new ServiceCollection().AddLogging().AddMetrics()
            .AddSingleton<IMediaEngine>(new FakeMediaEngine()).AddSingleton<ITextSealer>(new TestSealer()).AddSingleton(TimeProvider.System)
            .AddSingleton<IKeyVault>(new FileKeyVault(Path.Combine(folder, "keys"))).AddLocalMeetings(Path.Combine(folder, "data"));
        await using (var provider = services.BuildServiceProvider())
        {
            Assert.Equal<object>([provider.GetRequiredService<IMeetings>(), provider.GetRequiredService<IRenders>()], provider.GetServices<IHostedService>());   // in this order
            foreach (var service in provider.GetServices<IHostedService>()) await service.StartAsync(default);
            Assert.True(provider.GetRequiredService<IMeetings>().IsReady);
            foreach (var service in provider.GetServices<IHostedService>()) await service.StopAsync(default);
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task More_captions_than_fit_are_made_again_from_the_journal()
    {
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        var media = node.Engine.Newest;
        node.Engine.BeforeStop = _ =>
        {
            for (int i = 0; i < 6000; i++) media.Say(1, i, i + 1, $"{i}");   // faster than anybody can store
            return Task.CompletedTask;
        };
        node.Engine.BeforeProcessed = (job, observer, _) =>
        {
            double from = job.Heard.Select(h => h.End.TotalSeconds).DefaultIfEmpty().Max();
            for (double i = from; i < 6000; i++) observer.OnCaption(job.Run, Snapshots.Caption(1, i, i + 1, $"{i}"));
            return Task.CompletedTask;
        };
        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal(Enumerable.Range(0, 6000).Select(i => $"{i}"), (await node.Meetings.TranscriptAsync(Acme, made.Id, default))!.Select(s => s.Text));
    }

    [Fact]
    public async Task Another_tenant_sees_nothing_and_changes_nothing()
    {
        var other = new TenantId("other");
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Engine.Newest.Say(1, 1, 2, "Secret.");
        await node.UntilHeardAsync(made.Id, 1);
        var segment = (await node.Meetings.TranscriptAsync(Acme, made.Id, default))![0];

        Assert.IsType<AddTracksResult.NotFound>(await node.Meetings.AddTracksAsync(other, made.Id, [Tracks.Of("bob", 112)], default));
        Assert.Equal(EndTrackResult.NoSuchMeeting, await node.Meetings.EndTrackAsync(other, made.Id, made.Tracks[0].Track.Id, default));
        Assert.IsType<StopMeetingResult.NotFound>(await node.Meetings.StopAsync(other, made.Id, default));
        Assert.Equal(MeetingStatus.Recording, (await node.FindAsync(made.Id)).Status);

        await node.Meetings.StopAsync(Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        var recording = (await node.Meetings.RecordingsAsync(Acme, made.Id, default))![0];
        Assert.Null(await node.Meetings.FindAsync(other, made.Id, default));
        Assert.Empty((await node.Meetings.ListAsync(other, new MeetingQuery(), default)).Meetings);
        Assert.Null(await node.Meetings.QualityAsync(other, made.Id, default));
        Assert.Null(await node.Meetings.TranscriptAsync(other, made.Id, default));
        Assert.Null(await node.Meetings.FindSegmentAsync(other, made.Id, segment.Id, default));
        Assert.Null(await node.Meetings.RecordingsAsync(other, made.Id, default));
        Assert.Null(await node.Meetings.FindRecordingAsync(other, made.Id, recording.Id, default));
        Assert.Empty(await node.Meetings.CaptionsAsync(other, made.Id, 0, default).ToListAsync());
    }

    [Fact]
    public async Task Fifty_meetings_at_once_keep_to_themselves()
    {
        var made = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => node.CreateAsync(new MeetingSpec { Title = $"{i}" }, Tracks.Of($"p{i}"))));
        Assert.Equal(50, made.Select(m => m.Port).Distinct().Count());
        foreach (var media in node.Engine.Opened) media.Say(1, 1, 2, $"I am {media.Job.Spec.Title}.");
        await Task.WhenAll(made.Select(async m =>
        {
            await node.UntilHeardAsync(m.Id, 1);
            await node.Meetings.StopAsync(Acme, m.Id, default);
            await node.UntilAsync(m.Id, MeetingStatus.Completed);
            Assert.Equal($"I am {m.Spec.Title}.", Assert.Single((await node.Meetings.TranscriptAsync(Acme, m.Id, default))!).Text);
        }));
    }

    private static TrackSpec Protected(string participant)
    {
        var suite = SrtpSuite.AesGcm128;
        return Tracks.Of(participant) with { OfferedSrtp = new SrtpParameters(suite, new byte[suite.MasterLength], 0) };
    }
}
