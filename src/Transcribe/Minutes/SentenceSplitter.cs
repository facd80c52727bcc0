using System.Buffers;

namespace Pipeline.Transcribe.Minutes;

/// <summary>Statements to sentences: by punctuation, and by the words that open a sentence where a recogniser wrote none. Pure.</summary>
internal static class SentenceSplitter
{
    /// <summary>Nobody speaks longer sentences; what comes after is read as another one, so that no rule looks at more.</summary>
    private const int MaxWords = 60;

    private const int UnpunctuatedWords = 6;

    private static readonly SearchValues<char> Punctuation = SearchValues.Create(".?!,。？！؟");

    public static List<Sentence> Split(IReadOnlyList<Statement> statements, LanguageRules? rules)
    {
        var sentences = new List<Sentence>();
        int turn = -1;
        string? speaker = null;
        foreach (var statement in statements)
        {
            bool counted = false;
            foreach (string text in Pieces(statement.Text, rules))
            {
                var words = Tokenizer.Read(text, rules);
                if (words.Count == 0) continue;

                if (!counted && statement.Speaker != speaker) turn++;
                (counted, speaker) = (true, statement.Speaker);
                bool punctuated = text.AsSpan().ContainsAny(Punctuation);
                foreach (var (part, partWords) in Parts(text, words, punctuated, rules))
                {
                    bool asks = EndsAsQuestion(part) || !punctuated && rules is not null && rules.AsksWithoutMark(partWords);
                    sentences.Add(new Sentence(sentences.Count, turn, statement, part, partWords, asks));
                }
            }
        }
        return sentences;
    }

    private static bool EndsAsQuestion(string text) => text.AsSpan().TrimEnd(" \"')”’").EndsWith('?') || text.EndsWith('？') || text.EndsWith('؟');

    /// <summary>Cut after a mark that ends a sentence and is not part of a number or an abbreviation.</summary>
    private static IEnumerable<string> Pieces(string text, LanguageRules? rules)
    {
        int from = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (!EndsSentence(text, at, from, rules)) continue;
            if (text[from..(at + 1)].Trim() is { Length: > 0 } piece) yield return piece;
            from = at + 1;
        }
        if (text[from..].Trim() is { Length: > 0 } rest) yield return rest;
    }

    private static bool EndsSentence(string text, int at, int from, LanguageRules? rules)
    {
        if (text[at] is '。' or '！' or '？' or '\n' or '\u2028') return true;
        if (text[at] is not ('.' or '?' or '!' or '…' or '؟')) return false;
        if (at + 1 < text.Length && !char.IsWhiteSpace(text[at + 1])) return false;
        if (text[at] != '.') return true;

        int word = at;
        while (word > from && at - word < 12 && char.IsLetter(text[word - 1])) word--;
        bool initial = at - word == 1 && char.IsUpper(text[word]) && text[word] != 'I';
        return !initial && !(rules?.Abbreviations.Contains(text[word..at].ToLowerInvariant()) ?? false);
    }

    private static IEnumerable<(string Text, Word[] Words)> Parts(string text, List<Word> words, bool punctuated, LanguageRules? rules)
    {
        int from = 0;
        for (int at = 1; at <= words.Count; at++)
        {
            bool cut = at == words.Count || at - from >= MaxWords && words[at].Start > words[at - 1].Start
                || !punctuated && words.Count >= UnpunctuatedWords && rules is not null && rules.OpensSentence(words, from, at);
            if (!cut) continue;

            int start = words[from].Start, end = at == words.Count ? text.Length : words[at].Start;
            string part = (from == 0 ? text[..end] : text[start..end]).Trim();
            int shift = from == 0 ? 0 : start;
            yield return (part, [.. words[from..at].Select((word, n) => word with
            {
                Start = word.Start - shift, End = word.End - shift, OpensClause = n == 0 || word.OpensClause,
            })]);
            from = at;
        }
    }
}
