using System.Buffers;

namespace Pipeline.Transcribe.Minutes;

/// <param name="First">Index of its first sentence; <paramref name="End"/> is after its last.</param>
internal sealed record SpokenTopic(Topic Topic, int First, int End);

/// <summary>
/// Cuts a meeting where somebody says that they move on, and where the words change (TextTiling, Hearst 1997): the words of the sentences
/// before a gap are compared with those after it, and a deep valley is a change of topic. Pure.
/// </summary>
internal static class TopicFinder
{
    /// <summary>Sentences on each side of a gap: about a minute of talk.</summary>
    private const int Window = 12;
    private const int CueWords = 6, MaxTopics = 40;

    private static readonly SearchValues<char> Marks = SearchValues.Create(",;:.–—");

    private static readonly TimeSpan MinCuedTopic = TimeSpan.FromSeconds(20), MinLexicalTopic = TimeSpan.FromMinutes(3);

    /// <returns>By start, without a hole; none where nothing was said.</returns>
    public static List<SpokenTopic> Find(List<Sentence> sentences, LanguageRules? rules, IReadOnlyList<Attendee> attendees)
    {
        if (sentences.Count == 0) return [];

        var terms = new Terms(sentences, rules, attendees);
        var cuts = Cuts(sentences, terms, rules);
        var topics = new List<SpokenTopic>();
        for (int n = 0; n < cuts.Count; n++)
        {
            int end = n + 1 < cuts.Count ? cuts[n + 1] : sentences.Count;
            var until = n + 1 < cuts.Count ? sentences[end].Statement.Start : sentences.Max(sentence => sentence.Statement.End);
            string title = Cued(sentences, cuts[n], end, rules) ?? terms.Title(cuts[n], end) ?? $"Part {n + 1}";
            topics.Add(new SpokenTopic(new Topic(title, sentences[cuts[n]].Statement.Start, until), cuts[n], end));
        }
        return topics;
    }

    /// <summary>Where topics begin; the first is 0.</summary>
    private static List<int> Cuts(List<Sentence> sentences, Terms terms, LanguageRules? rules)
    {
        List<int> cuts = [0];
        for (int n = 1; n < sentences.Count && rules is not null; n++)
            if (Cue(sentences[n], rules) >= 0 && Begins(n) - Begins(cuts[^1]) >= MinCuedTopic && cuts.Count < MaxTopics) cuts.Add(n);

        foreach (int valley in terms.Valleys(Window))
            if (cuts.Count < MaxTopics && cuts.All(cut => (Begins(valley) - Begins(cut)).Duration() >= MinLexicalTopic) && Ends() - Begins(valley) >= MinLexicalTopic)
                cuts.Add(valley);
        cuts.Sort();
        return cuts;

        TimeSpan Begins(int n) => sentences[n].Statement.Start;
        TimeSpan Ends() => sentences[^1].Statement.End;
    }

    /// <returns>Where the words after "let's move on to" begin; −1 where nobody moves on.</returns>
    private static int Cue(Sentence sentence, LanguageRules rules)
    {
        if (sentence.Asks) return -1;
        var (start, end) = rules.TopicCues.Find(sentence.Words, before: CueWords);
        return start >= 0 ? end : -1;
    }

    /// <summary>The topic's name where its opening says one.</summary>
    private static string? Cued(List<Sentence> sentences, int first, int end, LanguageRules? rules)
    {
        const int Opening = 4, MaxTitleWords = 7;
        if (rules is null) return null;
        for (int n = first; n < Math.Min(first + Opening, end); n++)
        {
            var sentence = sentences[n];
            int from = Cue(sentence, rules);
            if (from < 0) continue;

            var words = sentence.Words;
            while (from < words.Length && rules.TitleEdges.Contains(words[from].Text)) from++;
            int to = from;
            while (to < words.Length && to - from < MaxTitleWords && (to == from || !Breaks(sentence, to))) to++;
            while (to > from && rules.TitleEdges.Contains(words[to - 1].Text)) to--;
            if (to > from && words[from..to].Any(word => Stems.IsContent(word.Text, rules.StopWords))) return Wording.Task(sentence.Text[words[from].Start..words[to - 1].End]);
        }
        return null;
    }

    private static bool Breaks(Sentence sentence, int at) =>
        sentence.Text.AsSpan(sentence.Words[at - 1].End, Math.Max(0, sentence.Words[at].Start - sentence.Words[at - 1].End)).ContainsAny(Marks);
}
