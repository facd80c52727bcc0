using System.Text;

namespace Pipeline.Transcribe.Captions;

/// <summary>
/// Words to expect, as the engine takes them: text that might have gone before. Short, since each of its tokens costs every job time and
/// all of it may be heard where nothing is said. Pure.
/// </summary>
public static class Glossary
{
    /// <summary>Characters: some 64 tokens.</summary>
    public const int MaxLength = 200;

    /// <param name="vocabulary">Words somebody asked for, the most important first; they come before names.</param>
    /// <param name="names">Of people; what is no name that could be spoken, such as a number, is left out.</param>
    /// <returns>As many as fit, whole; null where nobody asked for words: small models hear worse behind any prompt, and every meeting has names.</returns>
    public static string? Of(IReadOnlyCollection<string> vocabulary, IEnumerable<string> names)
    {
        if (vocabulary.Count == 0) return null;
        var text = new StringBuilder();
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string word in vocabulary.Select(OneLine).Concat(names.Select(OneLine).Where(IsName)))
        {
            if (word.Length == 0 || text.Length + word.Length + 3 > MaxLength || !known.Add(word)) continue;
            if (text.Length > 0) text.Append(", ");
            text.Append(word);
        }
        return text.Length == 0 ? null : text.Append('.').ToString();
    }

    /// <summary>True where the text is nothing but a piece of the glossary, of two words or more: what an engine that hears nothing reads out.</summary>
    public static bool IsEcho(string? glossary, IReadOnlyList<string> words)
    {
        if (glossary is null || words.Count < 2) return false;
        string[] expected = [.. glossary.Split(' ').Select(CaptionFilter.Plain)];
        string[] heard = [.. words.Select(CaptionFilter.Plain)];
        for (int at = 0; at + heard.Length <= expected.Length; at++)
            if (expected.AsSpan(at, heard.Length).SequenceEqual(heard)) return true;
        return false;
    }

    private static string OneLine(string word) => TranscriptLine.OneLine(word).Trim();

    private static bool IsName(string name) => name.Length is > 1 and <= 40 && name.All(c => char.IsLetter(c) || c is ' ' or '-' or '\'' or '’' or '.');
}
