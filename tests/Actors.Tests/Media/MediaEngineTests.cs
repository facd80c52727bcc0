using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using CaptionsStatus = Pipeline.Actors.Meetings.CaptionsStatus;

namespace Pipeline.Actors.Tests.Media;

public sealed class MediaEngineTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly EngineNode node = new();

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task What_came_to_the_port_is_in_the_quality_and_in_the_tracks_file()
    {
        var job = node.Job();
        var media = await node.OpenAsync(job);
        Send(media.Port, 0..50);

        await media.StopAsync(Second, default);

        var track = Assert.Single(media.Snapshot().Tracks);
        Assert.Equal((50, 0), (track.Quality.PacketsReceived, track.Quality.PacketsLost));
        AssertFree(media.Port);
        var done = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, Second, node, default));
        Assert.Equal([("track", Second), ("waveform", Second), ("waveform", Second)], done.Files.Select(f => (f.Kind, f.Duration)));
        Assert.Equal(CaptionsStatus.Live, done.Captions);
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_a_paused_meeting_headers_alone_are_kept_from_the_first_packet_of_a_run_on()
    {
        var media = await node.OpenAsync(node.Job());
        using var alice = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await media.PauseAsync(default);
        Send(media.Port, 0..10, alice);
        await media.PauseAsync(default);
        await media.DisposeAsync();
        var job = node.Job(run: 2, age: Second, port: media.Port) with { Paused = true };
        var again = await node.OpenAsync(job);
        Send(again.Port, 10..20, alice);
        await again.ResumeAsync(default);
        await again.ResumeAsync(default);
        Send(again.Port, 20..30, alice);
        await again.StopAsync(3 * Second, default);

        var kept = node.Records();
        Assert.Equal((20, 10), (kept.Count(k => k == RecordKind.RtpHeader), kept.Count(k => k == RecordKind.Rtp)));
        var quality = Assert.Single(again.Snapshot().Tracks).Quality;
        Assert.Equal(30, quality.PacketsReceived);
        Assert.Equal([GapKind.Pause], quality.Gaps.Select(g => g.Kind));
        Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, 3 * Second, node, default));
    }

    [Fact(Timeout = 60_000)]
    public async Task Of_who_denied_consent_headers_alone_are_kept_from_the_first_packet_of_a_run_on()
    {
        var media = await node.OpenAsync(node.Job());
        using var alice = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await media.SetConsentAsync("alice", "denied", default);
        Send(media.Port, 0..10, alice);
        await media.SetConsentAsync("alice", "denied", default);
        await media.DisposeAsync();
        var spec = node.Alice.Spec;
        var job = node.Job(run: 2, age: Second, port: media.Port) with
        {
            Tracks = [node.Alice with { Spec = spec with { Participant = spec.Participant with { Consent = "denied", Name = "Ally" } } }],
        };
        var again = await node.OpenAsync(job);
        Send(again.Port, 10..20, alice);
        await again.SetConsentAsync("alice", "granted", default);
        await again.SetConsentAsync("alice", "granted", default);
        Send(again.Port, 20..30, alice);
        await again.StopAsync(3 * Second, default);

        var kept = node.Records();
        Assert.Equal((20, 10), (kept.Count(k => k == RecordKind.RtpHeader), kept.Count(k => k == RecordKind.Rtp)));
        var quality = Assert.Single(again.Snapshot().Tracks).Quality;
        Assert.Equal(30, quality.PacketsReceived);
        Assert.Equal([GapKind.Consent], quality.Gaps.Select(g => g.Kind));
        var file = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, 3 * Second, node, default)).Files.Single(f => f.Kind == "track");
        Assert.Contains("TITLE=Ally", System.Text.Encoding.UTF8.GetString(node.Content(file)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_protected_track_is_known_again_by_the_next_run_and_its_sealed_key_opens_in_its_meeting_only()
    {
        var suite = SrtpSuite.AesGcm128;
        var key = new SrtpParameters(suite, new byte[suite.MasterLength], 0);
        var track = node.Alice with { Spec = node.Alice.Spec with { Srtp = node.Engine.Seal(node.Id, key, isNew: true) } };
        using var sender = new SrtpSender(key, ssrc: 7);
        using var alice = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        var media = await node.OpenAsync(node.Job() with { Tracks = [track] });
        Send(media.Port, 0..20, alice, sender);
        await media.StopAsync(Second, default);
        Assert.Equal((Authenticated.Srtp, 20), (media.Snapshot().Tracks[0].Authenticated, media.Snapshot().Tracks[0].Quality.PacketsReceived));

        var again = await node.OpenAsync(node.Job(run: 2, age: Second, port: media.Port) with { Tracks = [track] });
        Send(again.Port, 0..5, alice);                                               // plain
        Send(again.Port, 20..40, alice, sender);
        await again.StopAsync(3 * Second, default);
        Assert.Equal((Authenticated.Srtp, 5), (again.Snapshot().Tracks[0].Authenticated, again.Snapshot().Refused["srtp_auth"]));
        Assert.Equal(40, node.Records().Count(k => k == RecordKind.Rtp));

        using var other = new EngineNode();
        await Assert.ThrowsAnyAsync<CryptographicException>(() => other.OpenAsync(other.Job() with { Tracks = [track] }));
        Assert.ThrowsAny<IOException>(() => other.Engine.Seal(node.Id, key, isNew: false));
    }

    [Fact]
    public async Task A_meetings_key_without_a_journal_can_be_discarded_and_one_with_a_journal_is_kept()
    {
        await node.WriteRunAsync(1, 0, 1, []);
        var sealedAlone = MeetingId.New(DateTimeOffset.UtcNow);
        node.Engine.Seal(sealedAlone, new SrtpParameters(SrtpSuite.AesGcm128, new byte[SrtpSuite.AesGcm128.MasterLength], 0), isNew: true);
        Assert.Equal([sealedAlone], node.Engine.Unopened());

        node.Engine.Discard(sealedAlone);
        node.Engine.Discard(node.Id);

        Assert.Empty(node.Engine.Unopened());
        Assert.Contains(RecordKind.Rtp, node.Records());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_picture_that_cannot_be_made_costs_nothing_else_and_what_a_crash_left_is_gone()
    {
        await node.WriteRunAsync(1, 0, 1, [0]);
        string render = $"{RecordingId.New(DateTimeOffset.UtcNow)}.ogg.part";
        Directory.CreateDirectory(Path.Combine(node.Meeting.Recordings, "waveform.png"));
        foreach (string left in new[] { render, "mix.mp4.fragments.part", "track-009.mp4.samples.part" }) File.WriteAllText(Path.Combine(node.Meeting.Recordings, left), "half");

        var done = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(node.Job(), Second, node, default));

        Assert.Equal(["track", "waveform"], done.Files.Select(f => f.Kind));
        Assert.Equal([render, "track-001.ogg", "waveform.json"], Directory.GetFiles(node.Meeting.Recordings).Select(Path.GetFileName).Order());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_run_that_is_left_can_be_left_twice_and_its_port_is_free()
    {
        var media = await node.OpenAsync(node.Job());

        await media.DisposeAsync();
        await media.DisposeAsync();
        await media.StopAsync(TimeSpan.Zero, default);

        AssertFree(media.Port);
        var again = await node.OpenAsync(node.Job(run: 2, age: Second, port: media.Port));
        Assert.Equal(media.Port, again.Port);
        await again.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stop_that_is_cancelled_leaves_nothing_open()
    {
        var media = await node.OpenAsync(node.Job());
        using var cancelled = new CancellationTokenSource();
        var stopping = media.StopAsync(TimeSpan.FromHours(1), cancelled.Token);

        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        await media.DisposeAsync();

        AssertFree(media.Port);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_catch_up_ends_with_its_run_and_the_next_makes_what_it_did_not()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3, 5]);
        node.Recognizer.Hold();
        var media = await node.OpenAsync(node.Job(run: 2, age: TimeSpan.FromSeconds(10)));
        await node.Recognizer.First.Task;

        await media.DisposeAsync();                                                  // as by SIGTERM
        Assert.Empty(node.Captions);
        node.Recognizer.GoOn();

        Assert.Equal([1, 3, 5], (await node.ProcessAsync(12, [])).Select(c => Math.Round(c.Start.TotalSeconds)));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_stop_during_a_catch_up_gives_it_up_when_told_to_and_nothing_is_said_afterwards()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3, 5]);
        node.Recognizer.Hold();
        var media = await node.OpenAsync(node.Job(run: 2, age: TimeSpan.FromSeconds(10)));
        await node.Recognizer.First.Task;
        using var enough = new CancellationTokenSource();
        var stopping = media.StopAsync(TimeSpan.FromSeconds(9), enough.Token);

        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopping);
        await media.DisposeAsync();
        node.Recognizer.GoOn();

        AssertFree(media.Port);
        Assert.Empty(node.Captions);
    }

    [Fact(Timeout = 60_000)]
    public async Task Catching_up_is_done_before_a_stop_is()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3, 5]);
        var job = node.Job(run: 2, age: TimeSpan.FromSeconds(10));
        var media = await node.OpenAsync(job);

        await media.StopAsync(TimeSpan.FromSeconds(10), default);

        Assert.Equal([1, 3, 5], node.Captions.Select(c => Math.Round(c.Start.TotalSeconds)));
        node.Captions.Clear();
        Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, TimeSpan.FromSeconds(10), node, default));
        Assert.Empty(node.Captions);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_loop_that_breaks_says_so_and_the_meeting_can_still_be_stopped()
    {
        var job = node.Job();
        var media = await node.OpenAsync(job);
        Send(media.Port, 0..10);

        await Assert.ThrowsAnyAsync<Exception>(() => BreakAsync(media));
        await media.Broken;
        await media.StopAsync(TimeSpan.FromHours(1), default);                       // nothing is waited for

        AssertFree(media.Port);
        Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, Second, node, default));
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_loop_that_broke_the_next_run_goes_on()
    {
        var media = await node.OpenAsync(node.Job());
        await Assert.ThrowsAnyAsync<Exception>(() => BreakAsync(media));
        await media.DisposeAsync();

        var again = await node.OpenAsync(node.Job(run: 2, age: Second, port: media.Port));

        Send(again.Port, 0..10);
        await again.StopAsync(2 * Second, default);
        Assert.Equal(10, Assert.Single(again.Snapshot().Tracks).Quality.PacketsReceived);
    }

    [Fact(Timeout = 60_000)]
    public async Task Talk_time_and_waveform_are_of_all_runs_also_of_one_that_crashed()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3, 5]);
        var job = node.Job(run: 2, age: TimeSpan.FromSeconds(10)) with { Heard = [] };
        var media = await node.OpenAsync(job);
        await media.StopAsync(TimeSpan.FromSeconds(11), default);
        Assert.Equal(TimeSpan.Zero, Assert.Single(media.Snapshot().Tracks).Quality.Talked);

        var done = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, TimeSpan.FromSeconds(11), node, default));

        Assert.InRange(Assert.Single(done.Quality.Tracks).Quality.Talked.TotalSeconds, 2.7, 3.1);
        Assert.Equal(400, done.Quality.Tracks[0].Quality.PacketsReceived);
        var waveform = Assert.Single(done.Files, f => f is { Kind: "waveform", Codec: "json" });
        Assert.Equal(("application/json", TimeSpan.FromSeconds(11)), (waveform.ContentType, waveform.Duration));
        using var file = JsonDocument.Parse(node.Content(waveform));
        var loud = file.RootElement.GetProperty("data").EnumerateArray().Select(v => v.GetInt32()).Chunk(2).Select(p => p[1] > 10).ToList();
        Assert.Equal(110, loud.Count);
        Assert.Equal([1, 3, 5], Enumerable.Range(0, 11).Where(second => loud[10 * second + 5]));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_track_that_ended_before_a_restart_keeps_its_quality_and_talk_time()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3, 5]);
        var bob = new Track(TrackId.New(DateTimeOffset.UtcNow), 2, Tracks.Of("bob", ssrc: 8));
        var job = node.Job(run: 2, age: TimeSpan.FromSeconds(10)) with { Tracks = [node.Alice with { EndedAt = DateTimeOffset.UtcNow }, bob] };
        var media = await node.OpenAsync(job);
        await media.StopAsync(TimeSpan.FromSeconds(10), default);
        Assert.Equal([(1, 400L), (2, 0L)], media.Snapshot().Tracks.Select(t => (t.Number, t.Quality.PacketsReceived)).Order());

        var done = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, TimeSpan.FromSeconds(10), node, default));

        Assert.Equal([(1, 400L), (2, 0L)], done.Quality.Tracks.Select(t => (t.Number, t.Quality.PacketsReceived)).Order());
        var alice = done.Quality.Tracks.Single(t => t.Number == 1);
        Assert.Equal(TrackStatus.Ended, alice.Status);
        Assert.InRange(alice.Quality.Talked.TotalSeconds, 2.7, 3.1);
    }

    [Fact]
    public void After_a_restart_the_journal_says_how_good_a_meeting_was_and_the_last_run_whom_it_refused()
    {
        TrackQuality whole = TrackQuality.Empty with { PacketsReceived = 900, Talked = 9 * Second, Gaps = [new Gap(Second, 2 * Second, GapKind.Outage)] };
        TrackQuality last = TrackQuality.Empty with { PacketsReceived = 500 };
        var seen = MediaSnapshots.Empty with
        {
            Tracks = [new TrackSnapshot(2, TrackStatus.Ended, Authenticated.Srtp, last)],
            Refused = new Dictionary<string, long> { ["malformed"] = 3 },
        };
        var rendered = new RenderedMeeting([], null, new Dictionary<int, TrackQuality> { [1] = last, [2] = whole }, Heard: true, []);

        var after = MediaSnapshots.OfMeeting(seen, rendered, runs: 2);
        Assert.Equal([new TrackSnapshot(1, TrackStatus.Ended, Authenticated.None, last), seen.Tracks[0] with { Quality = whole }], after.Tracks);
        Assert.Equal(3, after.Refused["malformed"]);
        Assert.Equal(last with { Talked = whole.Talked }, Assert.Single(MediaSnapshots.OfMeeting(seen, rendered, runs: 1).Tracks).Quality);
    }

    [Fact(Timeout = 60_000)]
    public async Task Levels_come_from_the_running_media()
    {
        var media = await node.OpenAsync(node.Job());
        await media.StopAsync(Second, default);

        Assert.Equal([200, 400, 600, 800, 1000], node.Levels.Select(l => l.At.TotalMilliseconds));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_meeting_in_which_nobody_came_has_a_waveform_of_silence_and_the_same_from_its_journal()
    {
        var job = node.Job() with { Spec = new MeetingSpec { Outputs = [] } };
        var media = await node.OpenAsync(job);
        await media.StopAsync(Second, default);

        var live = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, Second, node, default));
        var again = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, Second, node, default));

        Assert.Equal([("waveform", "json"), ("waveform", "png")], live.Files.Select(f => (f.Kind, f.Codec)));
        Assert.Equal(live.Files.Select(f => f.Sha256), again.Files.Select(f => f.Sha256));
        using var file = JsonDocument.Parse(node.Content(again.Files[0]));
        Assert.Equal(10, file.RootElement.GetProperty("length").GetInt32());
    }

    /// <summary>The loop cannot look up a participant without an id: the outside would have refused it.</summary>
    private static Task BreakAsync(IMeetingMedia media) => media.SetConsentAsync(null!, "denied", default);

    private static void Send(int port, Range numbers)
    {
        using var sender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        Send(port, numbers, sender);
    }

    private static void Send(int port, Range numbers, Socket sender, SrtpSender? protection = null)
    {
        for (int n = numbers.Start.Value; n < numbers.End.Value; n++)
        {
            byte[] datagram = EngineNode.Datagram(n, [0xF8, 0xFF, 0xFE]);
            sender.SendTo(protection?.Protect(datagram) ?? datagram, new IPEndPoint(IPAddress.Loopback, port));
        }
    }

    private static void AssertFree(int port)
    {
        foreach (int each in new[] { port, port + 1 })
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, each));
        }
    }
}
