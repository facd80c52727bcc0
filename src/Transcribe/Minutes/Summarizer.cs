namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Picks the sentences that stand for the rest: in each topic those that most others resemble (TextRank, Mihalcea 2004), preferring what
/// was decided, then over all topics those that do not repeat each other (maximal marginal relevance, Carbonell 1998). Pure.
/// </summary>
internal static class Summarizer
{
    private const int MinWords = 6, MaxWords = 40, MinClaims = 3, MaxClaims = 12, MinutesPerClaim = 5;

    /// <summary>More sentences than this are not compared in one topic, nor more candidates over all: the work stays bounded.</summary>
    private const int MaxCompared = 150, MaxCandidates = 8;

    private const int Rounds = 20;
    private const double Damping = 0.85, Relevance = 0.7, MaxRepetition = 0.6;

    private readonly record struct Candidate(int Sentence, double Score);

    /// <returns>As they were said, by start.</returns>
    public static List<Claim> Summarize(List<Sentence> sentences, List<SpokenTopic> topics, LanguageRules? rules, IReadOnlySet<string> claimed)
    {
        if (topics.Count == 0) return [];
        var terms = new Terms(sentences, rules, []);
        var candidates = topics.SelectMany(topic => Best(sentences, topic, terms, rules, claimed)).ToList();
        double minutes = (topics[^1].Topic.End - topics[0].Topic.Start).TotalMinutes;
        int wanted = Math.Clamp(2 + (int)Math.Ceiling(minutes / MinutesPerClaim), MinClaims, MaxClaims);

        var chosen = new List<Candidate>();
        while (chosen.Count < wanted && Next(candidates, chosen, terms) is { } next) chosen.Add(next);
        return [.. chosen.OrderBy(one => one.Sentence).Select(one => sentences[one.Sentence]).Select(sentence => new Claim(Wording.Claim(sentence.Text), [sentence.Evidence]))];
    }

    private static Candidate? Next(List<Candidate> candidates, List<Candidate> chosen, Terms terms)
    {
        Candidate? best = null;
        double bestWorth = double.NegativeInfinity;
        foreach (var candidate in candidates)
        {
            double repeated = 0;
            foreach (var one in chosen) repeated = Math.Max(repeated, one.Sentence == candidate.Sentence ? 1 : terms.Similarity(one.Sentence, candidate.Sentence));
            double worth = Relevance * candidate.Score - (1 - Relevance) * repeated;
            if (repeated <= MaxRepetition && worth > bestWorth) (best, bestWorth) = (candidate, worth);
        }
        return best;
    }

    /// <summary>The topic's most telling sentences, scored 0 … about 1.</summary>
    private static IEnumerable<Candidate> Best(List<Sentence> sentences, SpokenTopic topic, Terms terms, LanguageRules? rules, IReadOnlySet<string> claimed)
    {
        int[] compared = [.. Enumerable.Range(topic.First, topic.End - topic.First).Where(n => Tells(sentences[n], rules))
            .OrderByDescending(n => Math.Min(sentences[n].Words.Length, MaxWords / 2)).ThenBy(n => n).Take(MaxCompared).Order()];
        if (compared.Length == 0) return [];

        double[] ranks = Rank(compared, terms);
        double highest = ranks.Max();
        return compared.Select((n, at) => new Candidate(n, ranks[at] / highest * Weight(sentences[n], n, topic, rules, claimed)))
            .OrderByDescending(candidate => candidate.Score).ThenBy(candidate => candidate.Sentence).Take(MaxCandidates);
    }

    private static bool Tells(Sentence sentence, LanguageRules? rules)
    {
        if (sentence.Words.Length > MaxWords || sentence.Words.Length < MinWords && !(rules is null && sentence.Text.Length >= 20)) return false;
        return rules is null || !sentence.Asks && Stems.Content(sentence.Words, rules.StopWords).Count >= 2;
    }

    /// <summary>Openings and endings of topics tell more, and so do decisions; what the recogniser was unsure of tells less.</summary>
    private static double Weight(Sentence sentence, int n, SpokenTopic topic, LanguageRules? rules, IReadOnlySet<string> claimed)
    {
        double weight = claimed.Contains(sentence.Statement.Segment) ? 1.0 : 0.75;
        if (n - topic.First < 2 || topic.End - n <= 2) weight *= 1.1;
        if (sentence.Asks || rules is not null && rules.Conditions.In(sentence.Words)) weight *= 0.5;
        return weight * (double.IsFinite(sentence.Statement.Confidence) ? 0.5 + 0.5 * Math.Clamp(sentence.Statement.Confidence, 0, 1) : 0.5);
    }

    private static double[] Rank(int[] compared, Terms terms)
    {
        int count = compared.Length;
        double[,] alike = new double[count, count];
        double[] sums = new double[count];
        for (int one = 0; one < count; one++)
            for (int other = one + 1; other < count; other++)
            {
                alike[one, other] = alike[other, one] = terms.Similarity(compared[one], compared[other]);
                sums[one] += alike[one, other];
                sums[other] += alike[one, other];
            }

        double[] ranks = new double[count];
        Array.Fill(ranks, 1);
        for (int round = 0; round < Rounds; round++)
        {
            double[] next = new double[count];
            for (int one = 0; one < count; one++)
            {
                double given = 0;
                for (int other = 0; other < count; other++)
                    if (sums[other] > 0) given += ranks[other] * alike[other, one] / sums[other];
                next[one] = 1 - Damping + Damping * given;
            }
            ranks = next;
        }
        return ranks;
    }
}
