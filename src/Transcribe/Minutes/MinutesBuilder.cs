namespace Pipeline.Transcribe.Minutes;

/// <summary>Makes minutes from a transcript by rules alone: offline, and the same source gives the same minutes, to the byte. Pure.</summary>
public static class MinutesBuilder
{
    private const int MaxSummaryClaims = 5, MinSummaryWords = 6;

    /// <summary>Never throws for what was said, however it is written; a meeting without words has statistics and no claims.</summary>
    public static MeetingMinutes Build(MinutesSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new MeetingMinutes
        {
            Method = "rules",
            Note = null,
            Summary = Summarize(source),
            Topics = Topics(source),
            Decisions = [],
            ActionItems = [],
            OpenQuestions = [],
            Attendees = AttendeeCounts.Of(source),
        };
    }

    private static List<Claim> Summarize(MinutesSource source) =>
        [.. source.Statements.Where(statement => AttendeeCounts.Words(statement.Text) >= MinSummaryWords).Take(MaxSummaryClaims)
            .Select(statement => new Claim(statement.Text.Trim(), [new Evidence(statement.Segment, statement.Start, statement.End)]))];

    private static List<Topic> Topics(MinutesSource source) => source.Statements.Count == 0
        ? []
        : [new Topic("Meeting", source.Statements.Min(statement => statement.Start), source.Statements.Max(statement => statement.End))];
}
