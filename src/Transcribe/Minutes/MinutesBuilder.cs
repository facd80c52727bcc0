namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Makes minutes from a transcript by rules alone: offline, and the same source gives the same minutes, to the byte. Sentences are read
/// once each for tasks, decisions and questions; topics and summary come from which words go together. Pure.
/// </summary>
public static class MinutesBuilder
{
    /// <summary>Never throws for what was said, however it is written; a meeting without words has statistics and no claims.</summary>
    public static MeetingMinutes Build(MinutesSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var rules = LanguageRules.For(source.Language);
        var sentences = SentenceSplitter.Split(source.Statements, rules);
        var claims = rules is null ? new SpokenClaims([], [], []) : Claims(source, sentences, rules);
        var topics = TopicFinder.Find(sentences, rules, source.Attendees);
        return new MeetingMinutes
        {
            Method = "rules",
            Note = rules is null && sentences.Count > 0 ? $"Decisions, action items and open questions are found in English only; this meeting's language is \"{source.Language}\"." : null,
            Summary = Summarizer.Summarize(sentences, topics, rules, claims.Segments),
            Topics = [.. topics.Select(topic => topic.Topic)],
            Decisions = claims.Decisions,
            ActionItems = claims.ActionItems,
            OpenQuestions = claims.OpenQuestions,
            Attendees = AttendeeCounts.Of(source),
        };
    }

    private sealed record SpokenClaims(IReadOnlyList<Claim> Decisions, IReadOnlyList<ActionItem> ActionItems, IReadOnlyList<Claim> OpenQuestions)
    {
        /// <summary>Segments that say what was decided and who does what.</summary>
        public HashSet<string> Segments =>
            [.. Decisions.SelectMany(claim => claim.Evidence).Concat(ActionItems.SelectMany(item => item.Evidence)).Select(evidence => evidence.Segment)];
    }

    private static SpokenClaims Claims(MinutesSource source, List<Sentence> sentences, LanguageRules rules)
    {
        var roster = new Roster(source.Attendees, rules);
        roster.Listen(sentences);
        roster.OpenClauses(sentences);
        var replies = new ReplyReader(sentences, rules);
        // A meeting may last over midnight: "today" is the day on which it is said.
        EnglishDates Dates(Sentence sentence) => new(TimeZoneInfo.ConvertTime(source.StartedAt + sentence.Statement.Start, source.TimeZone).DateTime);

        var tasks = new ActionItemFinder(sentences, rules, roster, replies, Dates).Find();
        return new SpokenClaims(
            new DecisionFinder(sentences, rules, roster, replies).Find(),
            ActionItems.From(tasks, rules),
            new QuestionFinder(sentences, rules).Find());
    }
}
