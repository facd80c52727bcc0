using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Meetings;

public sealed class SpokenLanguageTests
{
    [Theory]
    [InlineData("de", "en en en", "de")]       // asked for
    [InlineData("auto", "en de de", "de")]
    [InlineData("auto", "de en", "de")]        // as many: what came first
    [InlineData("auto", "", "auto")]
    public void It_is_what_was_asked_for_or_what_most_was_said_in(string asked, string said, string spoken)
    {
        var at = new DateTimeOffset(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);
        Segment[] segments = [.. said.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((language, i) => new Segment(
            SegmentId.New(at), i + 1, MeetingId.New(at), TrackId.New(at), new Participant("alice", "Alice", "granted"),
            TimeSpan.FromSeconds(i), TimeSpan.FromSeconds(i + 1), "…", language, [], Late: false))];
        Assert.Equal(spoken, SpokenLanguage.Of(new MeetingSpec { Language = asked }, segments));
    }
}
