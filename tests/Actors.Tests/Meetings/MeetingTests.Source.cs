using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>What a meeting makes of how its source does.</summary>
public sealed partial class MeetingTests
{
    private static readonly MeetingCommand.SourceSeen There = new(IsWatching: true), Away = new(IsWatching: false, "gone away"), NoRoom = new(IsWatching: false, "no room", IsGone: true);

    [Fact]
    public void A_source_that_was_never_there_is_being_connected_to_and_one_that_was_is_lost()
    {
        Assert.Equal(new SourceState(SourceStatus.Connecting), Fetched().Source);
        Assert.Equal(new SourceState(SourceStatus.Connecting, "gone away"), After(Fetched(), Away).Source);
        Assert.Equal(new SourceState(SourceStatus.Watching), After(Fetched(), Away, There).Source);
        Assert.Equal(new SourceState(SourceStatus.Lost, "gone away"), After(Fetched(), There, Away).Source);
        Assert.Equal(new SourceState(SourceStatus.Watching), After(Fetched(), There, Away, There).Source);
    }

    [Fact]
    public void The_same_news_again_decides_nothing()
    {
        var lost = After(Fetched(), There, Away);
        Assert.Empty(lost.Decide(Away, Start));
        Assert.Empty(After(Fetched(), There).Decide(There, Start));
        Assert.NotEmpty(lost.Decide(Away with { Detail = "something else" }, Start));
    }

    [Fact]
    public void A_room_that_is_gone_ends_the_meeting_after_a_minute_and_not_before()
    {
        var gone = After(After(Fetched(), There), NoRoom, seconds: 100);
        Assert.Equal(MeetingStatus.Recording, After(gone, new MeetingCommand.Tick(), seconds: 159).Status);
        var ended = After(gone, new MeetingCommand.Tick(), seconds: 160);
        Assert.Equal((MeetingStatus.Stopping, "source_ended"), (ended.Status, ended.Reason));
    }

    [Fact]
    public void That_Janus_cannot_be_reached_brings_no_room_back_and_that_it_is_watched_does()
    {
        var gone = After(After(Fetched(), There), NoRoom, seconds: 100);
        Assert.Equal("source_ended", After(After(gone, Away, seconds: 130), new MeetingCommand.Tick(), seconds: 160).Reason);
        Assert.Equal(MeetingStatus.Recording, After(After(gone, There, seconds: 130), new MeetingCommand.Tick(), seconds: 200).Status);
    }

    [Fact]
    public void A_Janus_that_is_away_ends_nothing() =>
        Assert.Equal(MeetingStatus.Recording, After(After(Fetched(), There, Away), new MeetingCommand.Tick(), seconds: 3000).Status);

    [Fact]
    public void A_node_that_was_started_again_does_not_watch_before_it_says_so()
    {
        var again = After(After(Fetched(), There), new MeetingCommand.Recovered(2));
        Assert.Equal(new SourceState(SourceStatus.Lost), again.Source);
        Assert.Equal(new SourceState(SourceStatus.Watching), After(again, There).Source);
        Assert.Equal(new SourceState(SourceStatus.Connecting), After(Fetched(), new MeetingCommand.Recovered(2)).Source);
    }

    [Fact]
    public void A_room_that_was_never_there_is_waited_for() =>
        Assert.Equal(MeetingStatus.Recording, After(After(Fetched(), NoRoom), new MeetingCommand.Tick(), seconds: 3000).Status);

    [Fact]
    public void Time_the_node_was_down_is_not_a_rooms_time_to_come_back()
    {
        var again = After(After(After(Fetched(), There), NoRoom, seconds: 100), new MeetingCommand.Recovered(2), seconds: 500);
        Assert.Equal(MeetingStatus.Recording, After(again, new MeetingCommand.Tick(), seconds: 559).Status);
        Assert.Equal("source_ended", After(again, new MeetingCommand.Tick(), seconds: 560).Reason);
    }

    [Fact]
    public void A_meeting_without_a_source_hears_nothing_of_one() => Assert.Empty(In("recording").Decide(There, Start));

    private static Meeting Fetched()
    {
        var spec = new MeetingSpec { Source = new SourceSpec("ws://janus.test", JanusId.Of(1234)), IdleTimeout = TimeSpan.Zero };
        var announced = Meeting.Apply(Meeting.Decide(new CreateMeeting(MeetingId.New(Start), new TenantId("acme"), spec, [], CaptionsStatus.Off), Start));
        return announced.Apply(announced.Decide(new MeetingCommand.MediaOpened(1, 26000), Start));
    }

    private static Meeting After(Meeting meeting, MeetingCommand first, MeetingCommand second, params ReadOnlySpan<MeetingCommand> more)
    {
        meeting = After(After(meeting, first), second);
        foreach (var command in more) meeting = After(meeting, command);
        return meeting;
    }
}
