using System.Text;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// Tokens become words. A token that begins with a space begins a word; any other continues it, also with part of a UTF-8
/// character, so text is decoded only where a word is whole.
/// </summary>
internal static class WordAssembler
{
    public static IReadOnlyList<SpokenWord> Assemble(ReadOnlySpan<LibWhisper.Token> tokens, ReadOnlySpan<byte> text)
    {
        var words = new List<SpokenWord>();
        int first = 0;
        for (int n = 1; n <= tokens.Length; n++)
        {
            if (n < tokens.Length && !BeginsWord(tokens[n], text)) continue;
            if (Word(tokens[first..n], text) is { } word) words.Add(word);
            first = n;
        }
        return words;
    }

    private static bool BeginsWord(LibWhisper.Token token, ReadOnlySpan<byte> text) =>
        token.TextLength > 0 && text[token.TextOffset] == (byte)' ';

    private static SpokenWord? Word(ReadOnlySpan<LibWhisper.Token> tokens, ReadOnlySpan<byte> text)
    {
        int begin = tokens[0].TextOffset, end = tokens[^1].TextOffset + tokens[^1].TextLength;
        // A character that was cut off decodes to U+FFFD, which nobody said.
        string spoken = Encoding.UTF8.GetString(text[begin..end]).Replace("\uFFFD", "", StringComparison.Ordinal).Trim();
        if (spoken.Length == 0) return null;

        double logSum = 0;
        foreach (var token in tokens) logSum += Math.Log(Math.Max(token.Probability, 1e-6));
        var start = Time(tokens[0].StartCentiseconds);
        var stop = Time(tokens[^1].EndCentiseconds);
        return new SpokenWord(spoken, start, stop < start ? start : stop, Math.Min(1, Math.Exp(logSum / tokens.Length)));
    }

    private static TimeSpan Time(int centiseconds) => TimeSpan.FromMilliseconds(10L * Math.Max(0, centiseconds));
}
