using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>When a meeting has minutes, and when it says so.</summary>
public sealed partial class MeetingTests
{
    [Theory]
    [InlineData(true, CaptionsStatus.Live, "recording.ready transcript.ready minutes.ready meeting.completed")]
    [InlineData(true, CaptionsStatus.Off, "recording.ready minutes.ready meeting.completed")]          // who talked, and how long
    [InlineData(true, CaptionsStatus.Deferred, "recording.ready meeting.completed")]                   // they come with the transcript
    [InlineData(true, CaptionsStatus.Unavailable, "recording.ready meeting.completed")]
    [InlineData(false, CaptionsStatus.Live, "recording.ready transcript.ready meeting.completed")]
    [InlineData(false, CaptionsStatus.Off, "recording.ready meeting.completed")]
    public void Minutes_are_ready_before_the_end_where_they_were_asked_for_and_the_transcript_is_whole(bool asked, CaptionsStatus captions, string events)
    {
        var processing = In("processing");
        processing = processing with { Spec = processing.Spec with { Minutes = asked } };
        var decided = processing.Decide(Processed(1) with { Captions = captions }, Start.AddSeconds(60));
        Assert.Equal(events, string.Join(' ', decided.Select(e => LedgerEntry.Of(processing.Id, e)?.Type)));
    }

    [Fact]
    public void A_meeting_that_fails_announces_no_minutes()
    {
        var decided = In("processing").Decide(Command("broken", run: 1), Start.AddSeconds(60));
        Assert.DoesNotContain(decided, e => e is MinutesReady);
    }
}
