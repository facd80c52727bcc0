using System.Globalization;
using System.Text;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>Names as they are written into tiles: how wide, how much of them, and so that they are text and nothing else.</summary>
internal static class Lettering
{
    public const string Font = "DejaVu Sans";
    /// <summary>A font's size counts from its highest point to its lowest, which is so much of its em.</summary>
    private const double LineHeight = 1.164;
    private const double Letter = 0.64, Wide = 1.0;                                  // em; of what is not in the table
    /// <summary>Of ASCII's letters from the blank on, in hundredths of an em.</summary>
    private static readonly byte[] Widths =
    [
        32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53,
        100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50,
        50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
    ];

    /// <summary>Pixels; near enough for what goes around it.</summary>
    public static double Width(string text, double size)
    {
        double em = 0;
        foreach (var rune in text.EnumerateRunes()) em += Width(rune);
        return em * size / LineHeight;
    }

    /// <summary>As much of it as has room, with an ellipsis where that is not all.</summary>
    public static string Fitted(string text, double size, double room)
    {
        if (Width(text, size) <= room) return text;
        var elements = StringInfo.GetTextElementEnumerator(text);
        string kept = "";
        while (elements.MoveNext())
        {
            string more = kept + elements.GetTextElement();
            if (Width(more.TrimEnd() + "…", size) > room) break;
            kept = more;
        }
        return kept.TrimEnd() + "…";
    }

    /// <summary>Of the first word and the last, what each begins with; "?" for a name without a letter.</summary>
    public static string Initials(string name)
    {
        string[] words = [.. name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(First).OfType<string>()];
        return words.Length switch { 0 => "?", 1 => words[0], _ => words[0] + words[^1] };
    }

    /// <summary>As libass is to take it: letters that begin a tag or an escape are themselves, and there is one line.</summary>
    public static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\\') escaped.Append("\\\u2060");                       // a word joiner: what follows is no escape
            else if (rune.Value is '{' or '}') escaped.Append('\\').Append(rune);
            else if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029) escaped.Append(' ');
            else escaped.Append(rune);
        }
        return escaped.ToString();
    }

    private static string? First(string word)
    {
        var elements = StringInfo.GetTextElementEnumerator(word);
        while (elements.MoveNext())
            if (Rune.GetRuneAt(elements.GetTextElement(), 0) is var rune && Rune.IsLetterOrDigit(rune)) return elements.GetTextElement().ToUpperInvariant();
        return null;
    }

    private static double Width(Rune rune)
    {
        if (rune.Value is >= 32 and < 127) return Widths[rune.Value - 32] / 100.0;
        if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format) return 0;
        bool isWide = rune.Value is >= 0x1100 and <= 0x115F or >= 0x2E80 and <= 0xA4CF or >= 0xAC00 and <= 0xD7A3 or >= 0xF900 and <= 0xFAFF or >= 0xFE30 and <= 0xFE6F
            or >= 0xFF00 and <= 0xFF60 or >= 0x1F300 and <= 0x1FAFF or >= 0x20000 and <= 0x3FFFD;
        return rune.Value == '…' ? Wide : isWide ? Wide : Letter;
    }
}
