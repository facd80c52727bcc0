using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>What is done about what a room says.</summary>
public sealed class JanusRoomTests
{
    private const int Port = 26000;
    private static readonly JanusId Alice = JanusId.Of(1696168737825827), Bob = JanusId.Of(8973021906857882);
    private uint ssrcs = 100;

    [Fact]
    public void Everybody_who_publishes_when_the_room_is_entered_is_forwarded_once()
    {
        var room = Room();
        var asked = room.Joined([Says(Alice, "alice", Mic("0")), Says(Bob, null, Mic("0"), Mic("1"))], [], []);

        Assert.Equal(["1696168737825827/0", "8973021906857882/0", "8973021906857882/1"], Forwards(asked));
        var (alice, bob) = (((RoomStep.Forward)asked[0]).What, ((RoomStep.Forward)asked[1]).What);
        Assert.Equal(("alice", "8973021906857882"), (alice.Name, bob.Name));
        Assert.Equal(("microphone", "opus", (byte)111, 48000, 2), (alice.Media.Source, alice.Media.Codec, alice.Media.PayloadType, alice.Media.ClockRate, alice.Media.Channels));
        Assert.Equal(3, asked.OfType<RoomStep.Forward>().Select(f => f.What.Ssrc).Distinct().Count());
        Assert.Empty(room.Hear(Published(Says(Alice, "alice", Mic("0")))));          // said again, while it is being asked for
    }

    [Fact]
    public void A_stream_is_a_track_once_Janus_forwards_it()
    {
        var room = Room();
        var asked = Assert.IsType<RoomStep.Forward>(Assert.Single(room.Hear(Published(Says(Alice, "alice", Mic("0")))))).What;

        var begun = Assert.IsType<RoomStep.BeginTrack>(Assert.Single(room.Forwarded(asked, Forwarder(7, asked.Ssrc))));
        Assert.Equal(asked, begun.What);
        Assert.Equal((asked.Stream, asked.Ssrc, 7L), Assert.Single(room.Forwards));
        Assert.Empty(room.Hear(Published(Says(Alice, "alice", Mic("0")))));
    }

    [Fact]
    public void A_stream_that_is_added_later_is_forwarded_and_the_others_stay()
    {
        var room = Room();
        Begin(room, Says(Alice, "alice", Mic("0")));
        Assert.Equal(["1696168737825827/2"], Forwards(room.Hear(Published(Says(Alice, "alice", Mic("0"), Mic("2"))))));
    }

    [Theory]
    [InlineData("unpublished")]
    [InlineData("leaving")]
    [InlineData("kicked")]
    public void Who_goes_is_ended_once_however_often_it_is_said(string how)
    {
        var room = Room();
        uint ssrc = Begin(room, Says(Alice, "alice", Mic("0")), streamId: 9)[0];

        Assert.Equal([new RoomStep.EndTrack(ssrc), new RoomStep.StopForward(Alice, 9)], room.Hear(Gone(how, Alice)));
        Assert.Empty(room.Hear(Gone(how, Alice)));
        Assert.Empty(room.Forwards);
    }

    [Fact]
    public void What_is_published_again_is_another_track()
    {
        var room = Room();
        uint first = Begin(room, Says(Alice, "alice", Mic("0")))[0];
        room.Hear(Gone("unpublished", Alice));
        room.Hear(Gone("unpublished", Alice));
        uint second = Begin(room, Says(Alice, "alice", Mic("0")))[0];
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void A_stream_that_is_disabled_or_takes_another_codec_ends()
    {
        var room = Room();
        uint ssrc = Begin(room, Says(Alice, "alice", Mic("0")), streamId: 9)[0];
        Assert.Equal(
            [new RoomStep.EndTrack(ssrc), new RoomStep.StopForward(Alice, 9)],
            room.Hear(Published(Says(Alice, "alice", Mic("0") with { Disabled = true }))));

        Begin(room, Says(Alice, "alice", Mic("0")), streamId: 10);
        var steps = room.Hear(Published(Says(Alice, "alice", Mic("0") with { Codec = "isac16" })));
        Assert.Equal(new RoomStep.StopForward(Alice, 10), Assert.Single(steps.OfType<RoomStep.StopForward>()));
        Assert.Empty(steps.OfType<RoomStep.Forward>());                              // it cannot be recorded
    }

    [Fact]
    public void Who_goes_while_they_are_being_asked_for_leaves_nothing_behind()
    {
        var room = Room();
        var asked = Assert.IsType<RoomStep.Forward>(Assert.Single(room.Hear(Published(Says(Alice, "alice", Mic("0")))))).What;
        Assert.Empty(room.Hear(Gone("leaving", Alice)));
        Assert.Equal([new RoomStep.StopForward(Alice, 12)], room.Forwarded(asked, Forwarder(12, asked.Ssrc)));
        Assert.Empty(room.Forwards);
    }

    [Fact]
    public void What_Janus_does_not_forward_is_asked_for_again_ever_later_or_when_it_is_published_anew()
    {
        var room = Room();
        var asked = Assert.IsType<RoomStep.Forward>(Assert.Single(room.Hear(Published(Says(Alice, "alice", Mic("0")))))).What;
        foreach (int comparisons in (int[])[1, 2, 4, 8, 16, 16])
        {
            room.NotForwarded(asked);
            Assert.True(room.HasRefused);
            for (int n = 1; n < comparisons; n++) Assert.Empty(room.Compared([], []));
            Assert.Empty(room.Hear(Published(Says(Alice, "alice", Mic("0")))));
            asked = Assert.IsType<RoomStep.Forward>(Assert.Single(room.Compared([], []))).What;
        }
        room.Forwarded(asked, Forwarder(1, asked.Ssrc));
        Assert.False(room.HasRefused);

        room.Hear(Gone("unpublished", Alice));
        Assert.Single(Forwards(room.Hear(Published(Says(Alice, "alice", Mic("0"))))));
    }

    [Fact]
    public void Forwarders_of_an_earlier_life_are_gone_on_with_and_strangers_stopped()
    {
        var room = Room();
        var listed = new PublisherNews
        {
            PublisherId = Alice,
            Forwarders =
            [
                Forwarder(1, 777), Forwarder(2, 777), Forwarder(3, 4711), Forwarder(4, 777) with { Port = 45500 }, Forwarder(5, 888) with { Host = "192.0.2.9" },
                null,
            ],
        };
        var steps = room.Joined([Says(Alice, "alice", Mic("0"), Mic("1"))], [listed, null], [new OpenForward(new FeedStream(Alice, "0"), 777, "opus")]);

        Assert.Equal([new RoomStep.StopForward(Alice, 2), new RoomStep.StopForward(Alice, 3)], steps.OfType<RoomStep.StopForward>());
        Assert.Equal(["1696168737825827/1"], Forwards(steps));
        Assert.Empty(steps.OfType<RoomStep.EndTrack>());
        Assert.Equal((new FeedStream(Alice, "0"), 777u, 1L), Assert.Single(room.Forwards));
    }

    [Fact]
    public void A_track_whose_forwarder_or_publisher_is_gone_when_the_room_is_entered_again_ends()
    {
        var room = Room();
        var steps = room.Joined(
            [Says(Alice, "alice", Mic("0"))],
            [new PublisherNews { PublisherId = Bob, Forwarders = [Forwarder(5, 888)] }],
            [new OpenForward(new FeedStream(Alice, "0"), 777, "opus"), new OpenForward(new FeedStream(Bob, "0"), 888, "opus")]);

        Assert.Equal([777u, 888u], steps.OfType<RoomStep.EndTrack>().Select(e => e.Ssrc));
        Assert.Equal([new RoomStep.StopForward(Bob, 5)], steps.OfType<RoomStep.StopForward>());
        Assert.Equal(["1696168737825827/0"], Forwards(steps));                       // published anew, unsaid
    }

    [Fact]
    public void A_track_that_somebody_ended_is_not_begun_again_while_its_stream_stays()
    {
        var room = Room();
        uint ssrc = Begin(room, Says(Alice, "alice", Mic("0")), streamId: 3)[0];
        var listed = new PublisherNews { PublisherId = Alice, Forwarders = [Forwarder(3, ssrc)] };

        Assert.Equal([new RoomStep.StopForward(Alice, 3)], room.Compared([listed], []));
        Assert.Empty(room.Compared([], []));
        Assert.Empty(room.Joined([Says(Alice, "alice", Mic("0"))], [], []));
        room.Hear(Gone("unpublished", Alice));
        Assert.Single(Forwards(room.Hear(Published(Says(Alice, "alice", Mic("0"))))));
    }

    [Fact]
    public void A_track_the_meeting_could_not_take_is_tried_again_under_another_ssrc()
    {
        var room = Room();
        uint ssrc = Begin(room, Says(Alice, "alice", Mic("0")), streamId: 3)[0];
        Assert.Equal([new RoomStep.StopForward(Alice, 3)], room.NotTaken(ssrc));
        var again = Assert.IsType<RoomStep.Forward>(Assert.Single(room.Compared([], [])));
        Assert.NotEqual(ssrc, again.What.Ssrc);
    }

    [Fact]
    public void A_room_that_is_destroyed_ends_everything()
    {
        var room = Room();
        Begin(room, Says(Alice, "alice", Mic("0")));
        Begin(room, Says(Bob, "bob", Mic("0")));
        Assert.Equal(2, room.Hear(new RoomNews { Videoroom = "destroyed" }).OfType<RoomStep.EndTrack>().Count());
        Assert.Empty(room.Forwards);
    }

    [Fact]
    public void Only_a_meetings_own_forwarders_are_taken_back_at_its_end()
    {
        var listed = new[]
        {
            new PublisherNews { PublisherId = Alice, Forwarders = [Forwarder(1, 5), Forwarder(2, 6), Forwarder(3, 5) with { Port = 9 }] },
            new PublisherNews { PublisherId = Bob, Forwarders = [Forwarder(4, 7), Forwarder(5, 5) with { Host = "10.1.2.3" }] },
        };
        Assert.Equal([new(Alice, 1), new(Bob, 4), new(Bob, 5)], JanusRoom.LeftBehind(listed, Port, new HashSet<uint> { 5, 7 }, _ => false));
    }

    [Fact]
    public void A_forwarder_to_this_server_that_the_meeting_never_knew_of_is_taken_back_too()
    {
        var listed = new[] { new PublisherNews { PublisherId = Alice, Forwarders = [Forwarder(1, 6), Forwarder(2, 6) with { Host = "10.1.2.3" }, Forwarder(3, 6) with { Port = 9 }] } };
        Assert.Equal([new(Alice, 1)], JanusRoom.LeftBehind(listed, Port, new HashSet<uint>(), host => host == "127.0.0.1"));
    }

    [Fact]
    public void More_than_the_meeting_takes_is_left_out_until_there_is_room()
    {
        var room = Room();
        room.TracksLeft = 1;
        Assert.Single(Forwards(room.Joined([Says(Alice, "alice", Mic("0"), Mic("1"))], [], [])));
        Assert.True(room.LeavesOut);
        room.TracksLeft = 1;
        Assert.Single(Forwards(room.Hear(new RoomNews { Videoroom = "event" })));
        room.Hear(new RoomNews { Videoroom = "event" });
        Assert.False(room.LeavesOut);
    }

    [Fact]
    public void News_are_kept_as_far_as_anything_follows_from_them()
    {
        Assert.False(new RoomNews { Videoroom = "talking" }.IsOfStreams);
        Assert.True(new RoomNews { Videoroom = "destroyed" }.IsOfStreams);
        Assert.True(Gone("leaving", Alice).IsOfStreams);

        var greedy = Says(Alice, "alice", [.. Enumerable.Range(0, 500).Select(n => Mic(n.ToString()))]);
        var kept = JanusRoom.Within(Published([.. Enumerable.Repeat(greedy, 3000)])).Publishers!;
        Assert.InRange(kept.Count, 1, 1000);
        Assert.All(kept, publisher => Assert.InRange(publisher!.Streams!.Count, 1, 32));
    }

    [Fact]
    public void Pauses_grow_to_ten_seconds_and_are_never_shorter_than_is_asked_for()
    {
        var pauses = new JanusPauses(() => 0);
        Assert.Equal([0.5, 1, 2, 4, 8, 10, 10], Enumerable.Range(0, 7).Select(_ => pauses.Next().TotalSeconds));
        Assert.Equal(30, pauses.Next(TimeSpan.FromSeconds(30)).TotalSeconds);
        pauses.Reset();
        Assert.Equal(0.5, pauses.Next().TotalSeconds);
    }

    [Fact]
    public void A_room_of_any_size_is_followed_within_bounds()
    {
        var room = Room();
        var crowd = Enumerable.Range(1, 400).Select(n => Says(JanusId.Of(n), "someone", Mic("0"))).ToList();
        Assert.Equal(JanusRoom.MaxStreams, Forwards(room.Joined(crowd, [], [])).Count);
        Assert.Equal(400 - JanusRoom.MaxStreams, room.LeftOut);

        var greedy = Says(Alice, "alice", [.. Enumerable.Range(0, 5000).Select(n => Mic(n.ToString()))]);
        Assert.InRange(Forwards(Room().Hear(Published(greedy))).Count, 1, 32);
    }

    [Theory]
    [InlineData("  Zo\u00eb \u0007 ", "Zo\u00eb")]
    [InlineData("", "1696168737825827")]
    [InlineData(" \n ", "1696168737825827")]
    public void A_participants_name_is_their_display_name_as_far_as_it_is_text(string display, string name) =>
        Assert.Equal(name, ((RoomStep.Forward)Room().Hear(Published(Says(Alice, display, Mic("0"))))[0]).What.Name);

    [Fact]
    public void Names_and_ids_have_bounds()
    {
        string name = ((RoomStep.Forward)Room().Hear(Published(Says(Alice, new string('x', 199) + "\U0001F600", Mic("0"))))[0]).What.Name;
        Assert.Equal(new string('x', 199), name);                                    // not half a character
        Assert.Empty(Room().Hear(Published(Says(JanusId.Of(new string('x', 201)), "x", Mic("0")), Says(JanusId.Of("a\nb"), "x", Mic("0")), Says(JanusId.Of(""), "x", Mic("0")))));
        Assert.Empty(Room().Hear(Published(Says(Alice, "x", Mic("")), Says(Bob, "x", Mic(new string('m', 65))))));
    }

    [Fact]
    public void A_number_and_a_text_are_two_participants() =>
        Assert.Equal(2, Forwards(Room().Hear(Published(Says(JanusId.Of(7), "a", Mic("0")), Says(JanusId.Of("7"), "b", Mic("0"))))).Count);

    [Fact]
    public void A_screens_sound_is_known_by_what_its_publisher_calls_it() =>
        Assert.Equal("screen_audio", JanusMedia.Of(Mic("0") with { Description = "My Screen" })!.Source);

    [Theory]
    [InlineData("audio", "opus", "microphone", 111, 48000, 2)]
    [InlineData("audio", "pcmu", "microphone", 0, 8000, 1)]
    [InlineData("audio", "pcma", "microphone", 8, 8000, 1)]
    [InlineData("audio", "g722", "microphone", 9, 8000, 1)]
    [InlineData("video", "vp8", "camera", 96, 90000, 1)]
    [InlineData("video", "vp9", "camera", 98, 90000, 1)]
    [InlineData("video", "h264", "camera", 102, 90000, 1)]
    [InlineData("video", "av1", "camera", 45, 90000, 1)]
    public void What_can_be_recorded_is_a_track_of_its_codec(string type, string codec, string source, int payloadType, int clockRate, int channels)
    {
        var media = JanusMedia.Of(new StreamNews { Type = type, Mid = "0", Codec = codec })!;
        Assert.Equal(new FeedMedia(type, source, codec, (byte)payloadType, clockRate, channels), media);
    }

    [Theory]
    [InlineData("audio", "isac16")]
    [InlineData("audio", "vp8")]
    [InlineData("video", "h265")]
    [InlineData("data", null)]
    [InlineData(null, null)]
    public void What_cannot_be_recorded_is_not_forwarded(string? type, string? codec) => Assert.Null(JanusMedia.Of(new StreamNews { Type = type, Mid = "0", Codec = codec }));

    [Fact]
    public void One_stream_of_the_best_layer_is_asked_for_only_where_there_are_layers()
    {
        Assert.True(JanusMedia.Of(new StreamNews { Type = "video", Codec = "vp8", Simulcast = true })!.Simulcast);
        Assert.False(JanusMedia.Of(new StreamNews { Type = "video", Codec = "vp8" })!.Simulcast);
    }

    internal static StreamNews Mic(string mid) => new() { Type = "audio", Mid = mid, Codec = "opus" };
    internal static PublisherNews Says(JanusId feed, string? display, params StreamNews[] streams) => new() { Id = feed, Display = display, Streams = streams };
    internal static RoomNews Published(params PublisherNews[] publishers) => new() { Videoroom = "event", Publishers = publishers };
    internal static ForwarderNews Forwarder(long id, uint ssrc) => new() { StreamId = id, Host = "127.0.0.1", Port = Port, Ssrc = ssrc };

    internal static RoomNews Gone(string how, JanusId feed) => how switch
    {
        "unpublished" => new RoomNews { Videoroom = "event", Unpublished = feed },
        "leaving" => new RoomNews { Videoroom = "event", Leaving = feed },
        _ => new RoomNews { Videoroom = "event", Kicked = feed },
    };

    private JanusRoom Room() => new(Port, host => host == "127.0.0.1", JanusMedia.Of, () => ssrcs++);

    private static List<string> Forwards(IReadOnlyList<RoomStep> steps) =>
        [.. steps.OfType<RoomStep.Forward>().Select(f => $"{f.What.Stream.Feed}/{f.What.Stream.Mid}")];

    /// <summary>They publish, and Janus forwards.</summary>
    private static uint[] Begin(JanusRoom room, PublisherNews publisher, long streamId = 1)
    {
        var asked = room.Hear(Published(publisher)).OfType<RoomStep.Forward>().Select(f => f.What).ToList();
        foreach (var (what, i) in asked.Select((what, i) => (what, i))) room.Forwarded(what, Forwarder(streamId + i, what.Ssrc));
        return [.. asked.Select(what => what.Ssrc)];
    }
}
