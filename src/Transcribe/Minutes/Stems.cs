namespace Pipeline.Transcribe.Minutes;

/// <summary>Words as they are compared: without the ending that number and tense give them. Pure.</summary>
internal static class Stems
{
    /// <summary>English endings only; other words stay as they are.</summary>
    public static string Of(string word)
    {
        if (word.Length > 5 && word.EndsWith("ing", StringComparison.Ordinal)) return Undoubled(word[..^3]);
        if (word.Length > 4 && word.EndsWith("ies", StringComparison.Ordinal)) return word[..^3] + "y";
        if (word.Length > 4 && word.EndsWith("ed", StringComparison.Ordinal)) return Undoubled(word[..^2]);
        if (word.Length > 4 && word.EndsWith("es", StringComparison.Ordinal)) return word[..^2];
        if (word.Length > 3 && word[^1] == 's' && word[^2] != 's') return word[..^1].TrimEnd('e');
        return word.Length > 4 && word[^1] == 'e' ? word[..^1] : word;
    }

    private static string Undoubled(string stem) =>
        stem.Length > 3 && stem[^1] == stem[^2] && stem[^1] is not ('l' or 's') ? stem[..^1] : stem.Length > 4 && stem[^1] == 'e' ? stem[..^1] : stem;

    /// <summary>Of the words that say something, each once, in the order they come.</summary>
    public static List<string> Content(ReadOnlySpan<Word> words, IReadOnlySet<string>? stopWords)
    {
        var stems = new List<string>();
        foreach (var word in words)
            if (IsContent(word.Text, stopWords) && Of(word.Text) is var stem && !stems.Contains(stem)) stems.Add(stem);
        return stems;
    }

    public static bool IsContent(string word, IReadOnlySet<string>? stopWords) =>
        stopWords is null ? word.Length > 3 || !char.IsAscii(word[0]) : !stopWords.Contains(word) && (word.Length > 1 || char.IsDigit(word[0]));

    /// <summary>Jaccard: what both have, of what either has; 0 where one has nothing.</summary>
    public static double Overlap(List<string> one, List<string> other)
    {
        int both = one.Count(other.Contains);
        return both == 0 ? 0 : both / (double)(one.Count + other.Count - both);
    }
}
