using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>What a pause changes.</summary>
public sealed partial class MeetingTests
{
    [Theory]
    [InlineData("pause", "recording", true)]
    [InlineData("pause", "paused", true)]
    [InlineData("resume", "recording", true)]
    [InlineData("resume", "paused", true)]
    [InlineData("pause", "stopping", false)]
    [InlineData("resume", "stopping", false)]
    [InlineData("pause", "processing", false)]
    [InlineData("pause", "completed", false)]
    [InlineData("resume", "failed", false)]
    public void Only_what_is_recorded_can_be_paused_and_resumed(string command, string status, bool can)
    {
        Refusal? refusal = In(status).Refuse(Command(command, run: 1));
        Assert.Equal(can ? null : new Refusal.InvalidState(In(status).Status), refusal);
    }

    [Fact]
    public void A_pause_lasts_over_a_restart_and_ends_with_the_meeting()
    {
        var again = After(In("paused"), new MeetingCommand.Recovered(2));
        Assert.True(again is { Paused: true, Run: 2 });
        Assert.True(again.Job([]).Paused);
        Assert.True(again.View().Paused);
        Assert.False(After(again, new MeetingCommand.ResumeRecording()).Paused);
        Assert.False(After(again, new MeetingCommand.Stop("requested")).Paused);
    }

    [Fact]
    public void A_paused_meeting_is_not_idle_and_begins_to_be_when_it_is_resumed()
    {
        var silence = new MeetingCommand.MediaSeen(1, Snapshots.Of(MediaHealth.Stalled, TimeSpan.FromSeconds(1), 1));
        var paused = After(In("paused"), silence, seconds: 3000);
        Assert.Equal(MeetingStatus.Recording, paused.Status);

        var resumed = After(paused, new MeetingCommand.ResumeRecording(), seconds: 3000);
        Assert.Equal(MeetingStatus.Recording, After(resumed, silence, seconds: 3299).Status);
        Assert.Equal("idle_timeout", After(resumed, silence, seconds: 3300).Reason);
    }
}
