namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Words to look for, written as `^we ~ need|have to @do`: alternatives with `|`, `?` after what may be left out, `*` for up to three words
/// of any kind, `~` for up to three adverbs, `@ing` for a word that ends so, `@do` for a verb of doing, `^` where a clause opens,
/// `$` where the sentence ends.
/// </summary>
internal sealed class Phrase
{
    private const int MaxSkipped = 3;

    private enum Kind { Words, Any, Adverbs, Ing, Do, End }

    private readonly record struct Part(Kind Kind, string[] Words, bool Optional);

    private readonly Part[] parts;
    private readonly bool opensClause;
    private readonly WordClasses classes;

    public Phrase(string written, WordClasses classes)
    {
        this.classes = classes;
        opensClause = written.StartsWith('^');
        parts = [.. written.TrimStart('^').Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => part switch
        {
            "*" => new Part(Kind.Any, [], false),
            "~" => new Part(Kind.Adverbs, [], false),
            "@ing" => new Part(Kind.Ing, [], false),
            "@do" => new Part(Kind.Do, [], false),
            "$" => new Part(Kind.End, [], false),
            _ => new Part(Kind.Words, part.TrimEnd('?').Split('|'), part.EndsWith('?')),
        })];
    }

    /// <summary>The words it can begin with; empty where it can begin with any.</summary>
    public string[] FirstWords => parts[0] is { Kind: Kind.Words, Optional: false } first ? first.Words : [];

    /// <returns>Where the phrase ends (after its last word) when it begins at `at`; −1 where it is not there.</returns>
    public int Match(ReadOnlySpan<Word> words, int at) => opensClause && !words[at].OpensClause ? -1 : Match(words, at, 0);

    // Backtracks at most MaxSkipped times for each `*`, `~` and `?`; phrases have few of them.
    private int Match(ReadOnlySpan<Word> words, int at, int n)
    {
        if (n == parts.Length) return at;
        var part = parts[n];
        switch (part.Kind)
        {
            case Kind.End:
                return at == words.Length ? Match(words, at, n + 1) : -1;
            case Kind.Any or Kind.Adverbs:
                for (int skipped = 0; ; skipped++)
                {
                    if (Match(words, at + skipped, n + 1) is >= 0 and var end && !(part.Kind == Kind.Adverbs && IsAdverb(words, at + skipped, skipped)))
                        return end;
                    if (skipped == MaxSkipped || at + skipped >= words.Length) return -1;
                    if (part.Kind == Kind.Adverbs && !IsAdverb(words, at + skipped, skipped)) return -1;
                }
            case Kind.Ing when at < words.Length && words[at].Text.Length > 4 && words[at].Text.EndsWith("ing", StringComparison.Ordinal):
                return Match(words, at + 1, n + 1);
            case Kind.Do when at < words.Length && classes.Doing.Contains(words[at].Text):
                return Match(words, at + 1, n + 1);
            case Kind.Words when at < words.Length && Array.IndexOf(part.Words, words[at].Text) >= 0 && Match(words, at + 1, n + 1) is >= 0 and var rest:
                return rest;
            default:
                return part.Optional ? Match(words, at, n + 1) : -1;
        }
    }

    private bool IsAdverb(ReadOnlySpan<Word> words, int at, int skipped) =>
        skipped < MaxSkipped && at < words.Length && classes.Adverbs.Contains(words[at].Text);
}

/// <param name="Adverbs">What may stand between a helping verb and its verb.</param>
/// <param name="Doing">Verbs for what one can be asked to do, in their base form.</param>
internal sealed record WordClasses(IReadOnlySet<string> Adverbs, IReadOnlySet<string> Doing);

/// <summary>Phrases to look for together.</summary>
internal sealed class PhraseSet
{
    private readonly Dictionary<string, List<Phrase>> byFirstWord = new(StringComparer.Ordinal);
    private readonly List<Phrase> others = [];

    public PhraseSet(WordClasses classes, params string[] phrases)
    {
        foreach (string written in phrases)
        {
            var phrase = new Phrase(written, classes);
            if (phrase.FirstWords.Length == 0) others.Add(phrase);
            foreach (string word in phrase.FirstWords)
            {
                if (!byFirstWord.TryGetValue(word, out var list)) byFirstWord[word] = list = [];
                list.Add(phrase);
            }
        }
    }

    /// <returns>The end of the longest phrase that begins at `at`; −1 where none does.</returns>
    public int MatchAt(ReadOnlySpan<Word> words, int at)
    {
        int longest = -1;
        if (at >= words.Length) return longest;
        if (byFirstWord.TryGetValue(words[at].Text, out var list))
            foreach (var phrase in list) longest = Math.Max(longest, phrase.Match(words, at));
        foreach (var phrase in others) longest = Math.Max(longest, phrase.Match(words, at));
        return longest;
    }

    /// <summary>The first place where a phrase begins, and where it ends; (−1, −1) where none does.</summary>
    public (int Start, int End) Find(ReadOnlySpan<Word> words, int from = 0, int before = int.MaxValue)
    {
        for (int at = from; at < words.Length && at < before; at++)
            if (MatchAt(words, at) is >= 0 and var end) return (at, end);
        return (-1, -1);
    }

    public bool In(ReadOnlySpan<Word> words, int from = 0, int before = int.MaxValue) => Find(words, from, before).Start >= 0;
}
