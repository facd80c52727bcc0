using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>Meetings with a room, from their creation to their end, through whatever happens to Janus, to the connection and to the node.</summary>
public sealed class JanusSourceTests : IAsyncLifetime
{
    private static readonly JanusId Room = JanusId.Of(1234), Alice = JanusId.Of(1), Bob = JanusId.Of(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), Compare = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromSeconds(10);

    private FakeJanus janus = new(Room);
    private FakeDoor door = null!;
    private Node node = null!;
    private WatchedClock clock = null!;
    private string host = "127.0.0.1";

    public Task InitializeAsync() => Task.CompletedTask;
    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task Who_publishes_becomes_a_track_and_who_leaves_ends_it()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);
        janus.Publish(Bob, "bob", Mic("0"), new FakeJanus.Stream("1", "isac16"), new FakeJanus.Stream("2", "text", "data"));
        await node.UntilAsync(id, m => m.Tracks.Count == 2);

        var meeting = await node.FindAsync(id);
        Assert.Equal((SourceStatus.Watching, null), (meeting.Source!.Status, meeting.Source.Detail));
        Assert.Equal([("1", "alice"), ("2", "bob")], meeting.Tracks.Select(t => (t.Track.Spec.Participant.Id, t.Track.Spec.Participant.Name)));
        var (alice, forward) = (meeting.Tracks[0].Track.Spec, Assert.Single(janus.Forwards(Alice)));
        Assert.Equal((alice.Ssrc, alice.PayloadType, "127.0.0.1", meeting.Port), (forward.Ssrc, (byte)forward.Pt, forward.Host, forward.Port));
        Assert.Equal(("127.0.0.1/32", null, null), (alice.From, alice.Srtp, forward.Crypto));

        janus.Unpublish(Alice);
        await node.UntilAsync(id, m => m.Tracks[0].Status == TrackStatus.Ended);
        janus.Publish(Alice, "alice", Mic("0"));
        await node.UntilAsync(id, m => m.Tracks.Count == 3);
        meeting = await node.FindAsync(id);
        Assert.Equal("1", meeting.Tracks[2].Track.Spec.Participant.Id);
        Assert.NotEqual(alice.Ssrc, meeting.Tracks[2].Track.Spec.Ssrc);
        AssertWhole(meeting, 2);
    }

    [Fact]
    public async Task A_picture_is_a_track_too_and_its_sender_is_asked_for_key_frames_where_Janus_takes_that()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);
        janus.Publish(
            Alice, "alice", Mic("0"), new FakeJanus.Stream("1", "vp8", "video", Simulcast: true), new FakeJanus.Stream("2", "h264", "video", Description: "Screen of Alice"));
        await node.UntilAsync(id, m => m.Tracks.Count == 3);

        var meeting = await node.FindAsync(id);
        var (mic, camera, screen) = (meeting.Tracks[0].Track.Spec, meeting.Tracks[1].Track.Spec, meeting.Tracks[2].Track.Spec);
        Assert.Equal(("audio", "microphone", null), (mic.Kind, mic.Source, mic.Feedback));
        Assert.Equal(("video", "camera", "vp8", 90000, 1, $"127.0.0.1:{FakeJanus.FeedbackPort}"), (camera.Kind, camera.Source, camera.Codec, camera.ClockRate, camera.Channels, camera.Feedback));
        Assert.Equal(("video", "screen", "h264"), (screen.Kind, screen.Source, screen.Codec));
        var forwards = janus.Forwards();
        Assert.Equal([(meeting.Port + 1, true), (meeting.Port + 1, false)], forwards.Skip(1).Select(f => (f.RtcpPort!.Value, f.Simulcast)));
        Assert.Null(forwards[0].RtcpPort);
        AssertWhole(meeting, 3);
    }

    [Fact]
    public async Task Where_Janus_sends_over_a_network_every_stream_has_a_key_of_its_own()
    {
        host = "192.0.2.7";
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"), Mic("1"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 2);

        var meeting = await node.FindAsync(id);
        foreach (var track in meeting.Tracks)
        {
            var forward = janus.Forwards().Single(f => f.Ssrc == track.Track.Spec.Ssrc);
            byte[] key = Convert.FromBase64String(forward.Crypto!);
            Assert.Equal(("192.0.2.7", 30), (forward.Host, key.Length));
            Assert.Equal("AES_CM_128_HMAC_SHA1_80", track.Track.Spec.Srtp!.Suite);
            Assert.Equal(key.Reverse(), track.Track.Spec.Srtp.Master);               // as the engine of these tests seals it
            Assert.Null(track.Track.Spec.From);
        }
        Assert.Equal(2, janus.Forwards().Select(f => f.Crypto).Distinct().Count());
    }

    [Fact]
    public async Task A_connection_that_is_lost_and_found_changes_nothing_for_those_who_stayed()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        janus.Publish(Bob, "bob", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 2);
        var before = janus.Forwards();

        door.IsShut = true;
        clock.Forget();
        janus.Drop();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Lost);
        janus.Unpublish(Bob);
        janus.Publish(JanusId.Of(3), "carol", Mic("0"));
        door.IsShut = false;
        await clock.PassAsync(FirstPause);
        await node.UntilAsync(id, m => m.Tracks.Count == 3 && m.Tracks[1].Status == TrackStatus.Ended);

        var meeting = await node.FindAsync(id);
        Assert.Equal(SourceStatus.Watching, meeting.Source!.Status);
        Assert.Equal(before[0], Assert.Single(janus.Forwards(Alice)));
        AssertWhole(meeting, 2);
    }

    [Fact]
    public async Task A_Janus_that_died_and_came_back_is_watched_again_by_everybody_who_is_there()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);

        door.IsShut = true;
        clock.Forget();
        janus.Restart();
        await clock.PassAsync(FirstPause);
        await clock.UntilWaitedForAsync(2 * FirstPause);                             // once in vain
        janus.Publish(JanusId.Of(17), "alice", Mic("0"));
        door.IsShut = false;
        await clock.PassAsync(2 * FirstPause);
        await node.UntilAsync(id, m => m.Tracks.Count == 2 && m.Tracks[0].Status == TrackStatus.Ended);
        AssertWhole(await node.FindAsync(id), 1);
    }

    [Fact]
    public async Task A_node_that_was_restarted_goes_on_with_what_is_forwarded_to_it()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        janus.Publish(Bob, "bob", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 2);
        var before = janus.Forwards(Alice);
        int port = (await node.FindAsync(id)).Port;

        await node.StopAsync();
        Assert.Equal(0, janus.Watchers);
        Assert.Equal(2, janus.Forwards().Count);                                     // for the next life
        janus.Unpublish(Bob);
        janus.Publish(Bob, "bob", Mic("0"));
        janus.ForwardElsewhere(Alice, port, ssrc: 4711);                             // begun, and never known to the meeting
        janus.ForwardElsewhere(Alice, port: 40000, ssrc: 4711);                      // another program's
        await node.AgainAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 3 && m.Tracks[1].Status == TrackStatus.Ended);

        Assert.Equal([before[0].Id], janus.Forwards(Alice).Where(f => f.Port == port).Select(f => f.Id));
        Assert.Single(janus.Forwards(Alice), f => f.Port == 40000);
        AssertWhole(await node.FindAsync(id), 2);
    }

    [Fact]
    public async Task A_track_that_somebody_ended_is_not_begun_again_by_a_node_that_was_restarted()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        janus.Publish(Bob, "bob", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 2);
        await node.Meetings.EndTrackAsync(Node.Acme, id, (await node.FindAsync(id)).Tracks.Single(t => t.Track.Spec.Participant.Name == "alice").Track.Id, default);

        await node.StopAsync();
        janus.Publish(JanusId.Of(3), "carol", Mic("0"));
        await node.AgainAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 3);
        Assert.Equal(["alice", "bob", "carol"], (await node.FindAsync(id)).Tracks.Select(t => t.Track.Spec.Participant.Name).Order());
        await janus.UntilAsync(() => janus.Forwards(Alice).Count == 0);
        AssertWhole(await node.FindAsync(id), 2);

        janus.Unpublish(Alice);
        janus.Publish(Alice, "alice", Mic("0"));
        await node.UntilAsync(id, m => m.Tracks.Count == 4);
    }

    [Fact]
    public async Task A_stop_takes_back_every_forwarder_and_leaves_the_room()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        janus.ForwardElsewhere(Alice, port: 40000, ssrc: 4711);
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);

        await node.Meetings.StopAsync(Node.Acme, id, default);
        await node.UntilAsync(id, MeetingStatus.Completed);
        await janus.UntilAsync(() => janus.Watchers == 0 && janus.Forwards().Count == 1);
        Assert.Equal(40000, janus.Forwards()[0].Port);
        Assert.Contains(janus.Asked, asked => asked.Contains("\"janus\":\"destroy\""));
    }

    [Fact]
    public async Task What_a_crash_left_between_a_stop_and_its_end_is_taken_back_after_it()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);
        door.IsShut = true;
        clock.Forget();
        janus.Drop();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Lost);
        var hold = new TaskCompletionSource();
        node.Engine.BeforeProcessed = (_, _, ct) => hold.Task.WaitAsync(ct);
        await node.Meetings.StopAsync(Node.Acme, id, default);
        await node.UntilAsync(id, MeetingStatus.Processing);
        await node.StopAsync();
        Assert.Single(janus.Forwards());

        door.IsShut = false;
        await node.AgainAsync();
        await janus.UntilAsync(() => janus.Forwards().Count == 0);
    }

    [Fact]
    public async Task What_could_not_be_taken_back_at_the_end_is_taken_back_later_and_the_port_held_until_then()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);
        int port = (await node.FindAsync(id)).Port;
        janus.ForwardElsewhere(Alice, port, ssrc: 4711);                             // begun, and never known to the meeting
        door.IsShut = true;
        janus.Drop();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Lost);
        clock.Forget();
        await node.Meetings.StopAsync(Node.Acme, id, default);
        await node.UntilAsync(id, MeetingStatus.Completed);
        await clock.UntilWaitedForAsync(TimeSpan.FromSeconds(10));
        var letGo = node.Engine.Held[port].Task;
        await clock.PassAsync(TimeSpan.FromSeconds(10));
        await clock.UntilWaitedForAsync(TimeSpan.FromSeconds(20));                   // once in vain
        Assert.Equal((2, false), (janus.Forwards().Count, letGo.IsCompleted));

        door.IsShut = false;
        await clock.PassAsync(TimeSpan.FromSeconds(20));
        await letGo.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Empty(janus.Forwards());
    }

    [Fact]
    public async Task A_meeting_is_there_before_its_Janus_and_says_what_stands_in_the_way()
    {
        await StartAsync();
        door.IsShut = true;
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Source!.Detail is not null);
        var meeting = await node.FindAsync(id);
        Assert.Equal((MeetingStatus.Recording, MediaHealth.Waiting, SourceStatus.Connecting, JanusFault.Unreachable.Detail),
            (meeting.Status, meeting.MediaHealth, meeting.Source!.Status, meeting.Source.Detail));

        door.IsShut = false;
        await clock.PassAsync(FirstPause);
        await node.UntilAsync(id, m => m.Source is { Status: SourceStatus.Watching, Detail: null });
    }

    [Theory]
    [InlineData("", "p", "a", "k", "secret")]
    [InlineData("s", "", "a", "k", "pin")]
    [InlineData("s", "p", "", "k", "api_secret")]
    [InlineData("s", "p", "a", "", "admin_key")]
    [InlineData("s", "p", "a", "k", null)]
    public async Task What_Janus_wants_to_be_told_is_told_and_what_is_wrong_is_said(string secret, string pin, string api, string admin, string? wrong)
    {
        janus = new FakeJanus(Room) { Secret = "s", Pin = "p", ApiSecret = "a", AdminKey = "k" };
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync(new SourceSecrets(secret, pin, api, admin));

        if (wrong is null) await node.UntilAsync(id, m => m.Tracks.Count == 1);
        else await node.UntilAsync(id, m => m.Source!.Detail?.Contains(wrong) ?? false);
        Assert.Equal(wrong is null ? 1 : 0, janus.Forwards().Count);
        var spec = (await node.FindAsync(id)).Spec.Source!;
        Assert.Null(spec.Offered);
        Assert.NotNull(spec.Sealed);
    }

    [Fact]
    public async Task A_room_that_is_gone_for_a_minute_ends_the_meeting()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 1);
        janus.DestroyRoom();
        await node.UntilAsync(id, m => m.Source!.GoneSince is not null);
        var meeting = await node.FindAsync(id);
        Assert.Equal((SourceStatus.Lost, JanusFault.NoRoom.Detail, TrackStatus.Ended), (meeting.Source!.Status, meeting.Source.Detail, meeting.Tracks[0].Status));

        node.Clock.Advance(Meeting.SourceGrace - TimeSpan.FromSeconds(1));
        await node.Meetings.EndTrackAsync(Node.Acme, id, meeting.Tracks[0].Track.Id, default);   // handled after the tick
        Assert.Equal(MeetingStatus.Recording, (await node.FindAsync(id)).Status);
        node.Clock.Advance(TimeSpan.FromSeconds(1.5));
        await node.UntilAsync(id, m => m.Reason == "source_ended");
    }

    [Fact]
    public async Task A_room_that_is_made_again_in_time_is_gone_on_with()
    {
        await StartAsync();
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Watching);
        clock.Forget();
        janus.DestroyRoom();
        await clock.PassAsync(FirstPause);
        await clock.UntilWaitedForAsync(2 * FirstPause);                             // there is no such room
        Assert.NotNull((await node.FindAsync(id)).Source!.GoneSince);
        janus.CreateRoom();
        await clock.PassAsync(2 * FirstPause);
        await node.UntilAsync(id, m => m.Source is { Status: SourceStatus.Watching, GoneSince: null });
    }

    [Fact]
    public async Task What_went_unsaid_is_put_right_at_the_next_comparison()
    {
        await StartAsync();
        janus.Publish(Alice, "alice", Mic("0"));
        janus.Publish(Bob, "bob", Mic("0"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 2);
        janus.LoseForwards(Alice);
        await node.Meetings.EndTrackAsync(Node.Acme, id, (await node.FindAsync(id)).Tracks[1].Track.Id, default);

        await clock.PassAsync(Compare);
        await node.UntilAsync(id, m => m.Tracks.Count == 3 && m.Tracks[0].Status == TrackStatus.Ended);
        await janus.UntilAsync(() => janus.Forwards(Bob).Count == 0);                // somebody does not want that track
        AssertWhole(await node.FindAsync(id), 1);
        Assert.Contains(janus.Asked, asked => asked.Contains("\"janus\":\"keepalive\""));
    }

    [Fact]
    public async Task A_Janus_that_does_not_answer_is_given_up_and_tried_again()
    {
        await StartAsync();
        janus.IsStuck = true;
        var id = await WatchAsync();
        await clock.PassAsync(Patience);
        await node.UntilAsync(id, m => m.Source!.Detail == JanusFault.Silent.Detail);
        janus.IsStuck = false;
        await clock.PassAsync(FirstPause);
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Watching);
    }

    [Fact]
    public async Task Who_is_put_out_of_the_room_enters_it_again()
    {
        await StartAsync();
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Watching);
        clock.Forget();
        janus.Kick();
        await node.UntilAsync(id, m => m.Source!.Detail == JanusFault.Kicked.Detail);
        await clock.PassAsync(TimeSpan.FromSeconds(15));
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Watching);
        Assert.Equal(1, janus.Watchers);
    }

    [Fact]
    public async Task Nonsense_is_passed_over()
    {
        await StartAsync();
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Watching);
        janus.TellNonsense();
        janus.Publish(Alice, "alice", Mic("0"));
        await node.UntilAsync(id, m => m.Tracks.Count == 1);
    }

    [Fact]
    public async Task A_track_the_journal_could_not_take_is_not_forwarded_for_nothing()
    {
        await StartAsync();
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Source!.Status == SourceStatus.Watching);
        node.Engine.Newest.AddFails = new IOException("The disk did not take it.");
        janus.Publish(Alice, "alice", Mic("0"));
        await node.UntilAsync(id, m => m.Tracks is [{ Status: TrackStatus.Ended }]);
        node.Engine.Newest.AddFails = null;
        await clock.PassAsync(Compare);
        await node.UntilAsync(id, m => m.Tracks.Count == 2);
        AssertWhole(await node.FindAsync(id), 1);
    }

    [Fact]
    public async Task A_full_room_is_taken_in_whole()
    {
        await StartAsync();
        for (int n = 1; n <= 50; n++) janus.Publish(JanusId.Of($"p{n}"), $"person {n}", Mic("0"), Mic("1"));
        var id = await WatchAsync();
        await node.UntilAsync(id, m => m.Tracks.Count == 100);
        AssertWhole(await node.FindAsync(id), 100);
    }

    private async Task StartAsync()
    {
        door = new FakeDoor(janus);
        node = await Node.StartAsync(n =>
        {
            clock ??= new WatchedClock(n.Clock);
            return new JanusSources(host, n.Engine, clock, Node.Metrics(), NullLogger<JanusSources>.Instance, _ => door, new ShortPauses());
        });
    }

    private async Task<MeetingId> WatchAsync(SourceSecrets? secrets = null) =>
        (await node.CreateAsync(new MeetingSpec { Source = new SourceSpec("ws://janus.test", Room) { Offered = secrets } })).Id;

    private static FakeJanus.Stream Mic(string mid) => new(mid, "opus");

    /// <summary>As many tracks are open as are expected, each with one forwarder of its own, and the meeting's port has no other.</summary>
    private void AssertWhole(MeetingView meeting, int open)
    {
        var tracks = meeting.Tracks.Where(t => t.Status != TrackStatus.Ended).Select(t => t.Track.Spec.Ssrc!.Value).Order().ToList();
        Assert.Equal(open, tracks.Count);
        Assert.Equal(tracks, janus.Forwards().Where(f => f.Port == meeting.Port).Select(f => f.Ssrc).Order());
    }

    /// <summary>The shortest pause there can be, always; SSRCs as chance will have them.</summary>
    private sealed class ShortPauses() : Random(42)
    {
        public override double NextDouble() => 1;
    }
}
