using System.Buffers;
using System.Globalization;

namespace Pipeline.Transcribe.Minutes;

/// <summary>Text to words. Linear in its length, whatever it is made of. Pure.</summary>
internal static class Tokenizer
{
    /// <summary>Longer is no word; what is left of it starts the next.</summary>
    private const int MaxWordLength = 48;

    private static readonly SearchValues<char> ClauseMarks = SearchValues.Create(",;:–—()\"");

    /// <param name="rules">Null where nothing is known about the language.</param>
    public static List<Word> Read(string text, LanguageRules? rules)
    {
        var words = new List<Word>();
        bool opens = true;
        int at = 0, previousEnd = 0;
        while (at < text.Length)
        {
            if (!IsWordCharacter(text, at))
            {
                at++;
                continue;
            }
            int start = at;
            while (at < text.Length && at - start < MaxWordLength && IsWordCharacter(text, at)) at++;
            opens |= text.AsSpan(previousEnd, start - previousEnd).ContainsAny(ClauseMarks);
            previousEnd = at;

            string word = text[start..at].Replace('’', '\'').Trim('\'').ToLowerInvariant();
            if (word.Length == 0 || rules is not null && rules.Fillers.Contains(word)) continue;

            bool capital = char.IsUpper(text[start]);
            foreach (string part in rules?.Expand(word) ?? [word])
            {
                words.Add(new Word(part, start, at, opens, capital));
                opens = rules is not null && rules.ClauseOpeners.Contains(part);
            }
        }
        return words;
    }

    private static bool IsWordCharacter(string text, int at)
    {
        char character = text[at];
        if (char.IsLetterOrDigit(character) || char.IsSurrogate(character) && char.IsLetter(text, at)) return true;
        if (CharUnicodeInfo.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark) return true;
        if (at == 0 || at + 1 >= text.Length) return false;
        return character switch
        {
            '\'' or '’' or '-' => char.IsLetterOrDigit(text[at - 1]) && char.IsLetterOrDigit(text[at + 1]),
            ':' or '.' or '/' => char.IsAsciiDigit(text[at - 1]) && char.IsAsciiDigit(text[at + 1]),
            _ => false,
        };
    }
}
