using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Meetings;

/// <summary>When the words of a corrected text were said.</summary>
public static class CorrectedWords
{
    /// <summary>
    /// The new words with the times of the old, where there are as many: then one word was most likely put for another. Else
    /// none: nobody knows when they were said. A word somebody wrote has the confidence 1.
    /// </summary>
    public static IReadOnlyList<Word> Of(IReadOnlyList<Word> recognised, string text)
    {
        string[] written = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return written.Length == recognised.Count
            ? [.. recognised.Zip(written, (word, now) => word.Text.Trim() == now ? word : word with { Text = now, Confidence = 1 })]
            : [];
    }
}
