using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Meetings;

public sealed partial class MeetingTests
{
    private static readonly DateTimeOffset Start = new(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);
    private static readonly TrackSpec Alice = Tracks.Of("alice", 111);
    private static readonly MediaSnapshot Quality = Snapshots.Of(MediaHealth.Flowing, TimeSpan.FromSeconds(5), 1);

    /// <summary>Every status a meeting can be in, reached the way it is reached.</summary>
    private static Meeting In(string status) => status switch
    {
        "announced" => Meeting.Apply(Meeting.Decide(
            new CreateMeeting(MeetingId.New(Start), new TenantId("acme"), new MeetingSpec(), [New(Alice)], CaptionsStatus.Live), Start)),
        "recording" => After(In("announced"), new MeetingCommand.MediaOpened(1, 26000)),
        "paused" => After(In("recording"), new MeetingCommand.PauseRecording()),
        "stopping" => After(In("recording"), new MeetingCommand.Stop("requested")),
        "processing" => After(In("stopping"), new MeetingCommand.MediaStopped(1, Quality)),
        "completed" => After(In("processing"), Processed(1)),
        "failed" => After(In("processing"), new MeetingCommand.ProcessingFailed(1, "processing_failed", [], CaptionsStatus.Live)),
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    private static readonly string[] Statuses = ["announced", "recording", "paused", "stopping", "processing", "completed", "failed"];

    private static Meeting After(Meeting meeting, MeetingCommand command, double seconds = 60) =>
        meeting.Apply(meeting.Decide(command, Start.AddSeconds(seconds)));

    private static NewTrack New(TrackSpec spec) => new(TrackId.New(Start), spec);

    private static MeetingCommand.MediaProcessed Processed(int run) => new(run, [Mix()], Quality, CaptionsStatus.Live);

    private static ReadyFile Mix() => new(RecordingId.New(Start), new MadeFile("mix", null, "audio/mp4", "aac", "/x", 1, TimeSpan.Zero, "00"));

    private static MeetingCommand Command(string name, int run) => name switch
    {
        "opened" => new MeetingCommand.MediaOpened(run, 26000),
        "add" => new MeetingCommand.AddTracks([new NewTrack(new TrackId(Guid.Parse("01950000-0000-7000-8000-000000000001")), Tracks.Of("bob", 112))]),
        "pause" => new MeetingCommand.PauseRecording(),
        "resume" => new MeetingCommand.ResumeRecording(),
        "stop" => new MeetingCommand.Stop("requested"),
        "stopped" => new MeetingCommand.MediaStopped(run, Quality),
        "mixed" => new MeetingCommand.FilesMade(run, [Mix()]),
        "processed" => Processed(run),
        "broken" => new MeetingCommand.ProcessingFailed(run, "processing_failed", [], CaptionsStatus.Live),
        "recovered" => new MeetingCommand.Recovered(run + 1),
        "heard" => new MeetingCommand.CaptionHeard(run, SegmentId.New(Start), Snapshots.Caption(1, 1, 2, "Hello.")),
        "degraded" => new MeetingCommand.CaptionsChanged(run, CaptionsStatus.Degraded),
        "seen" => new MeetingCommand.MediaSeen(run, Snapshots.Of(MediaHealth.Flowing, TimeSpan.FromSeconds(59), 1)),
        "tick" => new MeetingCommand.Tick(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    private static readonly string[] Commands =
        ["opened", "add", "pause", "resume", "stop", "stopped", "mixed", "processed", "broken", "recovered", "heard", "degraded", "seen", "tick"];

    [Theory]
    [InlineData("announced", "opened", "meeting.started track.started")]
    [InlineData("announced", "recovered", "meeting.failed")]
    [InlineData("recording", "opened", "")]
    [InlineData("recording", "add", "track.started")]
    [InlineData("recording", "stop", "track.ended meeting.stopped")]
    [InlineData("announced", "pause", "")]
    [InlineData("recording", "pause", "meeting.paused")]
    [InlineData("recording", "resume", "")]
    [InlineData("paused", "pause", "")]
    [InlineData("paused", "resume", "meeting.resumed")]
    [InlineData("paused", "stop", "track.ended meeting.stopped")]
    [InlineData("paused", "add", "track.started")]
    [InlineData("paused", "recovered", "meeting.recovered")]
    [InlineData("stopping", "pause", "")]
    [InlineData("completed", "resume", "")]
    [InlineData("recording", "seen", "media.flowing media.flowing")]   // the meeting's and the track's
    [InlineData("recording", "tick", "")]
    [InlineData("recording", "heard", "caption.final")]
    [InlineData("recording", "degraded", "captions.degraded")]
    [InlineData("recording", "recovered", "meeting.recovered")]
    [InlineData("recording", "stopped", "")]
    [InlineData("recording", "processed", "")]
    [InlineData("stopping", "stop", "")]
    [InlineData("stopping", "add", "")]
    [InlineData("stopping", "seen", "")]
    [InlineData("stopping", "heard", "caption.final")]
    [InlineData("stopping", "stopped", "-")]
    [InlineData("stopping", "recovered", "meeting.recovered -")]
    [InlineData("processing", "heard", "caption.final")]
    [InlineData("processing", "processed", "recording.ready transcript.ready minutes.ready meeting.completed")]
    [InlineData("recording", "mixed", "")]
    [InlineData("processing", "mixed", "recording.ready")]
    [InlineData("completed", "mixed", "")]
    [InlineData("processing", "broken", "meeting.failed")]
    [InlineData("processing", "recovered", "meeting.recovered")]
    [InlineData("processing", "tick", "")]
    [InlineData("completed", "stop", "")]
    [InlineData("completed", "heard", "")]
    [InlineData("completed", "recovered", "")]
    [InlineData("completed", "processed", "")]
    [InlineData("failed", "processed", "")]
    public void A_command_decides_to_events(string status, string command, string events)
    {
        var meeting = In(status);
        var decided = meeting.Decide(Command(command, run: 1), Start.AddSeconds(60));
        Assert.Equal(events, string.Join(' ', decided.Select(e => LedgerEntry.Of(meeting.Id, e)?.Type ?? "-")));
    }

    [Fact]
    public void Deciding_again_is_harmless_in_every_status()
    {
        foreach (string status in Statuses)
        {
            foreach (string name in Commands)
            {
                var command = Command(name, run: 1);
                var once = After(In(status), command);
                Assert.True(once.Decide(command, Start.AddSeconds(61)).Count == 0, $"{name} twice when {status}");
            }
        }
    }

    [Fact]
    public void A_mix_that_was_ready_before_the_rest_is_told_of_once()
    {
        var mixed = After(In("processing"), Command("mixed", run: 1));
        Assert.True(mixed.Job([]).MixIsReady);
        Assert.Equal(
            ["transcript.ready", "minutes.ready", "meeting.completed"],
            mixed.Decide(Processed(1), Start.AddSeconds(61)).Select(e => LedgerEntry.Of(mixed.Id, e)!.Type));
        Assert.DoesNotContain(mixed.Decide(new MeetingCommand.ProcessingFailed(1, "processing_failed", [Mix()], CaptionsStatus.Live), Start.AddSeconds(61)), e => e is RecordingReady);
    }

    [Fact]
    public void News_of_an_older_run_is_ignored_in_every_status()
    {
        foreach (string status in Statuses.Skip(1))
        {
            var meeting = In(status) with { Run = 2 };
            foreach (string name in Commands.Except(["add", "pause", "resume", "stop", "tick", "recovered"]))
                Assert.True(meeting.Decide(Command(name, run: 1), Start.AddSeconds(60)).Count == 0, $"{name} of run 1 when {status}");
        }
    }

    [Theory]
    [InlineData(300, 0, 0.0, 299, false)]
    [InlineData(300, 0, 0.0, 300, true)]     // from creation on
    [InlineData(300, 0, 100.0, 399, false)]
    [InlineData(300, 0, 100.0, 400, true)]
    [InlineData(300, 500, 100.0, 700, false)]   // the node was down in between: its senders were not heard, not silent
    [InlineData(300, 500, 100.0, 800, true)]
    [InlineData(0, 0, 0.0, 14000, false)]    // never
    public void A_meeting_without_packets_ends(int timeout, int recoveredAt, double lastPacket, int now, bool ends)
    {
        var meeting = In("recording") with { Spec = new MeetingSpec { IdleTimeout = TimeSpan.FromSeconds(timeout) }, ListeningSince = Start.AddSeconds(recoveredAt) };
        var seen = new MeetingCommand.MediaSeen(1, Snapshots.Of(MediaHealth.Stalled, TimeSpan.FromSeconds(lastPacket), 1));
        var after = After(meeting, seen, now);
        Assert.Equal(ends ? MeetingStatus.Stopping : MeetingStatus.Recording, after.Status);
        if (ends) Assert.Equal(("idle_timeout", Start.AddSeconds(now)), (after.Reason, after.EndedAt));
    }

    [Theory]
    [InlineData(59.9, MeetingStatus.Recording)]
    [InlineData(60, MeetingStatus.Stopping)]
    public void A_meeting_ends_at_its_longest(double now, MeetingStatus status)
    {
        var meeting = In("recording") with { Spec = new MeetingSpec { MaxDuration = TimeSpan.FromSeconds(60) } };
        var after = After(meeting, new MeetingCommand.Tick(), now);
        Assert.Equal(status, after.Status);
        Assert.Equal(status == MeetingStatus.Stopping ? "max_duration" : null, after.Reason);
    }

    [Theory]
    [InlineData("111", "111", 0)]
    [InlineData("111", "112", null)]
    [InlineData("111", "112 111", 1)]
    [InlineData("", "111 112 112", 2)]
    [InlineData("111", "111:7", null)]       // an SSRC tells it apart
    [InlineData("111:7", "111:8 112:9", null)]
    [InlineData("111:7", "112:7", 0)]        // the same SSRC does not
    public void Tracks_must_be_told_apart(string present, string added, int? index)
    {
        static List<TrackSpec> Specs(string text) => [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(t => t.Split(':'))
            .Select((t, i) => Tracks.Of($"p{i}", byte.Parse(t[0]), t.Length > 1 ? uint.Parse(t[1]) : null))];
        Assert.Equal(index, Meeting.Ambiguous(Specs(present), Specs(added)));
    }

    [Theory]
    [InlineData("111 - 97", "112 - 97", 0)]                                          // what comes again could be either's
    [InlineData("111 - 97:5", "112 - 97:6", null)]
    [InlineData("111 - 97:5", "112 - 97:5", 0)]
    [InlineData("111:7 - 97:5", "112:5", 0)]
    [InlineData("111 63", "112 63", 0)]
    [InlineData("111:7 63", "112:8 63", null)]
    [InlineData("111 63", "63", 0)]
    [InlineData("111 - 97", "97", 0)]
    public void So_must_what_brings_lost_packets_back(string present, string added, int? index)
    {
        static TrackSpec Spec(string text)
        {
            string[] parts = text.Split(' ');
            (byte Type, uint? Ssrc)? Read(int at) => at >= parts.Length || parts[at] == "-" ? null : parts[at].Split(':') is var t && t.Length > 1 ? (byte.Parse(t[0]), uint.Parse(t[1])) : (byte.Parse(t[0]), null);
            return Tracks.Of("p", Read(0)!.Value.Type, Read(0)!.Value.Ssrc) with
            {
                RedPayloadType = Read(1)?.Type,
                Rtx = Read(2) is { } rtx ? new RtxSpec(rtx.Type, rtx.Ssrc) : null,
            };
        }
        Assert.Equal(index, Meeting.Ambiguous([Spec(present)], [Spec(added)]));
    }

    [Fact]
    public void A_track_that_ended_leaves_its_payload_type_to_the_next()
    {
        var meeting = In("recording");
        var again = new MeetingCommand.AddTracks([New(Tracks.Of("bob", 111))]);
        Assert.Equal(new Refusal.AmbiguousTrack(0), meeting.Refuse(again));
        var many = Enumerable.Range(1, Meeting.MaxTracks).Select(n => New(Tracks.Of("bob", 112) with { Ssrc = (uint)n })).ToList();
        Assert.Equal(new Refusal.TooManyTracks(), meeting.Refuse(new MeetingCommand.AddTracks(many)));
        Assert.Null(meeting.Refuse(new MeetingCommand.AddTracks(many[meeting.Tracks.Count..])));
        Assert.Empty(meeting.Decide(again, Start));

        meeting = After(meeting, new MeetingCommand.EndTrack(meeting.Tracks[0].Track.Id));
        Assert.Null(meeting.Refuse(again));
        Assert.Equal([1, 2], After(meeting, again).Tracks.Select(t => t.Track.Number));
    }

    [Theory]
    [InlineData("stopping")]
    [InlineData("processing")]
    [InlineData("completed")]
    [InlineData("failed")]
    public void An_ended_meeting_takes_no_tracks(string status)
    {
        var meeting = In(status);
        Assert.Equal(new Refusal.InvalidState(meeting.Status), meeting.Refuse(Command("add", 1)));
        Assert.Equal(new Refusal.InvalidState(meeting.Status), meeting.Refuse(new MeetingCommand.EndTrack(meeting.Tracks[0].Track.Id)));
        Assert.Equal(new Refusal.NoSuchTrack(), meeting.Refuse(new MeetingCommand.EndTrack(TrackId.New(Start))));
        Assert.Null(meeting.Refuse(new MeetingCommand.Stop("requested")));
    }

    [Fact]
    public void The_end_is_the_moment_the_stop_was_accepted_and_stays()
    {
        var meeting = After(In("recording"), new MeetingCommand.Stop("requested"), 42);
        meeting = After(meeting, new MeetingCommand.Stop("requested"), 50);
        meeting = After(After(meeting, new MeetingCommand.MediaStopped(1, Quality), 51), Processed(1), 55);
        var view = meeting.View();
        Assert.Equal((Start.AddSeconds(42), TimeSpan.FromSeconds(42)), (view.EndedAt, view.Duration));
        Assert.Equal([(MeetingStatus.Recording, 60, null), (MeetingStatus.Stopping, 42, "requested"), (MeetingStatus.Processing, 51, "requested"), (MeetingStatus.Completed, 55, "requested")],
            view.History.Select(h => (h.Status, h.Status == MeetingStatus.Recording ? 60 : (int)(h.At - Start).TotalSeconds, h.Reason)));
        Assert.All(view.Tracks, t => Assert.Equal((TrackStatus.Ended, Start.AddSeconds(42)), (t.Status, t.Track.EndedAt)));
    }

    [Fact]
    public void A_recovery_is_recorded_and_begins_to_listen_anew()
    {
        var seen = After(In("recording"), Command("seen", 1));
        var meeting = After(seen, new MeetingCommand.Recovered(2), 100);
        Assert.Equal((2, "recovered", MeetingStatus.Recording, MediaHealth.Waiting), (meeting.Run, meeting.Reason, meeting.Status, meeting.Health));
        Assert.Equal(new StatusChange(MeetingStatus.Recording, Start.AddSeconds(100), "recovered"), meeting.History[^1]);
        Assert.Equal("requested", After(meeting, new MeetingCommand.Stop("requested"), 101).Reason);
    }

    [Theory]
    [InlineData(MediaHealth.Waiting, MediaHealth.Flowing, "media.flowing")]
    [InlineData(MediaHealth.Flowing, MediaHealth.Silent, "media.silent")]
    [InlineData(MediaHealth.Flowing, MediaHealth.Stalled, "media.stalled")]
    [InlineData(MediaHealth.Flowing, MediaHealth.Failing, "recording.failing")]
    [InlineData(MediaHealth.Failing, MediaHealth.Flowing, "recording.restored")]
    [InlineData(MediaHealth.Flowing, MediaHealth.Flowing, null)]
    public void Health_shows_in_the_ledger_where_it_changes(MediaHealth was, MediaHealth now, string? type)
    {
        var decided = (In("recording") with { Health = was }).Decide(new MeetingCommand.MediaSeen(1, Snapshots.Of(now, TimeSpan.FromSeconds(59), 1)), Start.AddSeconds(60));
        Assert.Equal(type, decided.OfType<MediaSeen>().Select(e => LedgerEntry.Of(In("recording").Id, e)?.Type).SingleOrDefault(t => t is not null));
    }

    [Fact]
    public void A_caption_is_taken_once_and_only_of_a_track_there_is()
    {
        var meeting = In("recording");
        MeetingCommand Heard(int track, string text) => new MeetingCommand.CaptionHeard(1, SegmentId.New(Start), Snapshots.Caption(track, 1, 2, text));
        Assert.Empty(meeting.Decide(Heard(0, "Hello."), Start));
        Assert.Empty(meeting.Decide(Heard(2, "Hello."), Start));
        Assert.Empty(meeting.Decide(Heard(1, ""), Start));
        meeting = After(meeting, Heard(1, "Hello."));
        Assert.Empty(meeting.Decide(Heard(1, "Hello again."), Start));   // the same moment, recognised a second time
        Assert.Equal(1, meeting.LastSequence);
    }

    [Fact]
    public void Captions_do_not_change_what_an_etag_shows()
    {
        var meeting = In("recording");
        var after = After(meeting, Command("heard", 1));
        Assert.Equal((meeting.Version, meeting.Revision + 1), (after.Version, after.Revision));
        Assert.Equal(meeting.Version + 1, After(meeting, Command("add", 1)).Version);
    }

    [Fact]
    public void The_ledger_holds_ids_and_nothing_that_was_said_or_where_it_came_from()
    {
        var spec = Tracks.Of("alice") with { From = "192.0.2.7/32" };
        var track = new Track(TrackId.New(Start), 1, spec);
        var file = new MadeFile("mix", null, "audio/mp4", "aac", "/files/secret/mix.m4a", 1, TimeSpan.Zero, "00");
        MeetingEvent[] all =
        [
            new MeetingStarted(26000, Start), new TrackStarted(track, Start), new RecordingReady(RecordingId.New(Start), file, Start),
            new CaptionFinal(SegmentId.New(Start), 1, track, Snapshots.Caption(1, 1, 2, "pineapple"), Start),
        ];
        string ledger = string.Concat(all.Select(e => LedgerEntry.Of(MeetingId.New(Start), e)!.Data));
        Assert.All(["pineapple", "192.0.2.7", "Alice", "secret", "26000"], word => Assert.DoesNotContain(word, ledger));
        Assert.Contains(track.Id.ToString(), ledger);
    }
}
