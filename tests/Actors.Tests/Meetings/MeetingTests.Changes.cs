using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>What a change of a track or of the meeting comes to.</summary>
public sealed partial class MeetingTests
{
    [Fact]
    public void Consent_is_the_participants_and_holds_for_all_their_tracks_and_those_to_come()
    {
        var meeting = After(In("recording"), new MeetingCommand.AddTracks([New(Says("alice", "unknown", 112)), New(Says("bob", "granted", 113))]));
        var decided = meeting.Decide(Consent(meeting, 2, "denied"), Start);
        Assert.Equal(["consent.changed", "consent.changed"], decided.Select(e => LedgerEntry.Of(meeting.Id, e)!.Type));
        Assert.Contains("\"consent\":\"denied\"", LedgerEntry.Of(meeting.Id, decided[0])!.Data);

        meeting = meeting.Apply(decided);
        Assert.Equal(["denied", "denied", "granted"], meeting.Tracks.Select(t => t.Track.Spec.Participant.Consent));
        meeting = After(meeting, new MeetingCommand.AddTracks([New(Says("alice", "unknown", 114))]));
        Assert.Equal("denied", meeting.Tracks[^1].Track.Spec.Participant.Consent);
        meeting = After(meeting, new MeetingCommand.AddTracks([New(Says("alice", "granted", 115))]));
        Assert.All(meeting.Tracks, t => Assert.Equal("granted", t.Track.Spec.Participant.Consent));
    }

    [Fact]
    public void Where_one_says_yes_and_no_at_once_it_is_no()
    {
        var meeting = After(In("recording"), new MeetingCommand.AddTracks([New(Says("bob", "denied", 112)), New(Says("bob", "granted", 113))]));
        Assert.All(meeting.Tracks.Skip(1), t => Assert.True(t.Track.Spec.Participant.IsDenied));
        Assert.Equal(["bob"], meeting.Job([]).Denied);
    }

    [Fact]
    public void A_new_name_is_the_participants_on_every_track_and_no_name_is_the_id()
    {
        var meeting = After(In("recording"), new MeetingCommand.AddTracks([New(Says("alice", "unknown", 112) with { Participant = new Participant("alice", "alice", "unknown") })]));
        Assert.Equal(["Alice", "Alice"], meeting.Tracks.Select(t => t.Track.Spec.Participant.Name));   // who is known keeps their name
        meeting = After(meeting, Patch(meeting, 1, new TrackPatch(Name: "Alice B.")));
        Assert.Equal(["Alice B.", "Alice B."], meeting.Tracks.Select(t => t.Track.Spec.Participant.Name));
        meeting = After(meeting, Patch(meeting, 1, new TrackPatch(Name: "")));
        Assert.Equal(["alice", "alice"], meeting.Tracks.Select(t => t.Track.Spec.Participant.Name));
    }

    [Fact]
    public void An_SSRC_can_be_given_and_taken_where_it_tells_tracks_apart()
    {
        var meeting = After(In("recording"), new MeetingCommand.AddTracks([New(Tracks.Of("bob", 111, 7))]));
        Assert.Equal(new Refusal.AmbiguousTrack(0), meeting.Refuse(Bind(meeting, 1, 7)));
        Assert.Equal(new Refusal.AmbiguousTrack(0), meeting.Refuse(Bind(meeting, 2, null)));   // of Alice's payload type, as she has none
        Assert.Null(meeting.Refuse(Bind(meeting, 2, 7)));
        meeting = After(meeting, Bind(meeting, 1, 9));
        Assert.Equal(9u, meeting.Tracks[0].Track.Spec.Ssrc);
        Assert.Null(After(meeting, Bind(meeting, 2, null)).Tracks[1].Track.Spec.Ssrc);
        Assert.Equal(new Refusal.TrackIsOver(), After(meeting, new MeetingCommand.EndTrack(meeting.Tracks[0].Track.Id)).Refuse(Bind(meeting, 1, 5)));
    }

    [Theory]
    [InlineData("stopping")]
    [InlineData("processing")]
    [InlineData("completed")]
    [InlineData("failed")]
    public void An_ended_meetings_tracks_change_no_more_but_its_title_does(string status)
    {
        var meeting = In(status);
        Assert.Equal(new Refusal.InvalidState(meeting.Status), meeting.Refuse(Consent(meeting, 1, "denied")));
        Assert.Empty(meeting.Decide(Consent(meeting, 1, "denied"), Start));
        var after = After(meeting, new MeetingCommand.PatchMeeting(new MeetingPatch("New", new Dictionary<string, string?> { ["case"] = "A-17" })));
        Assert.Equal(("New", "A-17", meeting.Version + 1), (after.Spec.Title, after.Spec.Metadata["case"], after.Version));
    }

    [Fact]
    public void Metadata_is_merged_null_takes_out_and_fifty_are_enough()
    {
        var meeting = In("recording") with { Spec = new MeetingSpec { Metadata = Enumerable.Range(0, 50).ToDictionary(n => $"k{n}", n => "v") } };
        Assert.Equal(new Refusal.TooMuchMetadata(), meeting.Refuse(Merge(("new", "v"))));
        var after = After(meeting, Merge(("new", "w"), ("k0", null), ("k1", "x"), ("nobody", null)));
        Assert.Equal((50, "w", "x"), (after.Spec.Metadata.Count, after.Spec.Metadata["new"], after.Spec.Metadata["k1"]));
        Assert.Empty(After(after, new MeetingCommand.PatchMeeting(new MeetingPatch(ClearMetadata: true))).Spec.Metadata);
        Assert.Equal(new Refusal.OtherVersion(), after.Refuse(new MeetingCommand.PatchMeeting(new MeetingPatch("x", OnlyAt: after.Version - 1))));

        static MeetingCommand Merge(params (string, string?)[] members) =>
            new MeetingCommand.PatchMeeting(new MeetingPatch(Metadata: members.ToDictionary(m => m.Item1, m => m.Item2)));
    }

    private static TrackSpec Says(string participant, string consent, byte payloadType)
    {
        var track = Tracks.Of(participant, payloadType);
        return track with { Participant = track.Participant with { Consent = consent } };
    }

    private static MeetingCommand.PatchTrack Consent(Meeting meeting, int number, string consent) => Patch(meeting, number, new TrackPatch(Consent: consent));
    private static MeetingCommand.PatchTrack Bind(Meeting meeting, int number, uint? ssrc) => Patch(meeting, number, new TrackPatch(Ssrc: new SsrcPatch(ssrc)));
    private static MeetingCommand.PatchTrack Patch(Meeting meeting, int number, TrackPatch patch) => new(meeting.Tracks[number - 1].Track.Id, patch);
}
