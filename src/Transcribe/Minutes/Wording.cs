namespace Pipeline.Transcribe.Minutes;

/// <summary>How what was said reads in minutes. Pure.</summary>
internal static class Wording
{
    /// <summary>Longer claims are cut at a word: minutes are to be read.</summary>
    private const int MaxLength = 300;

    /// <summary>One line that begins with a capital and ends as a sentence does.</summary>
    public static string Claim(string said)
    {
        string text = OneLine(said);
        return text.Length == 0 || text[^1] is '.' or '?' or '!' or '…' or '。' or '？' or '！' or '؟' ? text : text + ".";
    }

    /// <summary>As a claim; a recogniser may have left out the question mark.</summary>
    public static string Question(string said) => Claim(said) is var text && text.EndsWith('.') ? text[..^1] + "?" : text;

    /// <summary>One line that begins with a capital, without the mark at the end.</summary>
    public static string Task(string said) => OneLine(said.TrimEnd('.', '?', '!', '…', ',', ' '));

    private static string OneLine(string said)
    {
        string text = string.Join(' ', said.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).Trim(',', ';', ':', '-', '–', '—', ' ');
        if (text.Length > MaxLength)
        {
            int cut = text.LastIndexOf(' ', MaxLength);
            if (cut < MaxLength / 2) cut = char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength;
            text = text[..cut] + "…";
        }
        return text.Length > 0 && char.IsLower(text[0]) ? char.ToUpperInvariant(text[0]) + text[1..] : text;
    }
}
