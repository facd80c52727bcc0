namespace Pipeline.Transcribe.Captions;

/// <summary>
/// LocalAgreement-2 (Liu et al. 2020, Macháček et al. 2023): what two hypotheses in a row agree on, letter for letter, is stable. Each is
/// heard from the segment's beginning, so nothing is ever trimmed. Pure.
/// </summary>
/// <param name="firstHop">Speech before the first hypothesis, and new speech before each one after it until something is shown.</param>
/// <param name="hop">New speech before each one after that.</param>
internal sealed class LocalAgreement(TimeSpan firstHop, TimeSpan hop) : ICaptionPolicy
{
    /// <summary>Words that end this shortly before the sound does are often halves of others.</summary>
    internal static readonly TimeSpan Edge = TimeSpan.FromMilliseconds(200);

    private readonly List<Word> stable = [];
    private IReadOnlyList<Word> previous = [];
    private string? previousLanguage;
    private Hypothesis? shown;
    private TimeSpan? asked;

    public bool IsDue(TimeSpan speech, int stretch = 1) => speech >= (asked is { } before ? before + stretch * (shown is null ? firstHop : hop) : firstHop);
    public void Asked(TimeSpan speech) => asked = speech;

    public Hypothesis? Revise(IReadOnlyList<Word> heard, string language, TimeSpan until)
    {
        int sure = heard.Count;
        while (sure > 0 && heard[sure - 1].End > until - Edge) sure--;
        // What is last has not been heard to its end: it may be half a word, and its full stop a comma.
        int last = heard.Count - 1;
        var now = heard.Take(sure).ToList();
        int from = Continuation(now), before = Continuation(previous);
        bool sameLanguage = language == previousLanguage;
        int agreed = 0;
        while (sameLanguage && from + agreed < Math.Min(now.Count, last) && before + agreed < previous.Count
            && now[from + agreed].Text == previous[before + agreed].Text) agreed++;

        foreach (var word in now.GetRange(from, agreed)) stable.Add(After(stable, word));
        (previous, previousLanguage) = (now, language);
        if (now.Count - from == 0 && stable.Count == 0) return null;             // what was shown before stays a while: better than a hole

        var next = new Hypothesis(Joined(now.Skip(from + agreed)), stable.Count);
        if (shown is not null && shown.StableWords == next.StableWords && shown.Words.Select(w => w.Text).SequenceEqual(next.Words.Select(w => w.Text))) return null;
        return shown = next;
    }

    public IReadOnlyList<Word> Finish(IReadOnlyList<Word> heard)
    {
        if (stable.Count == 0) return heard;
        bool same = heard.Count >= stable.Count && stable.Zip(heard).All(pair => Plain(pair.First) == Plain(pair.Second));
        if (!same) return Joined(heard.Skip(Continuation(heard)));
        // The whole segment gives the best times, and what was promised its spelling.
        return [.. heard.Select((word, n) => n < stable.Count ? word with { Text = stable[n].Text } : word)];
    }

    private List<Word> Joined(IEnumerable<Word> rest)
    {
        var all = stable.ToList();
        foreach (var word in rest) all.Add(After(all, word));
        return all;
    }

    /// <summary>
    /// How many words of another hypothesis say what is stable already: those that differ the least from it; of several such, those that
    /// end the closest to where it ends.
    /// </summary>
    private int Continuation(IReadOnlyList<Word> heard)
    {
        if (stable.Count == 0 || heard.Count == 0) return 0;
        int[] differences = Differences(heard);
        int best = 0;
        for (int n = 1; n <= heard.Count; n++)
            if (differences[n] < differences[best] || (differences[n] == differences[best] && Distance(n) <= Distance(best))) best = n;
        return best;

        TimeSpan Distance(int count) => ((count == 0 ? heard[0].Start : heard[count - 1].End) - stable[^1].End).Duration();
    }

    /// <summary>Words to change (Levenshtein) from the stable ones to the first n of those heard, for each n.</summary>
    private int[] Differences(IReadOnlyList<Word> heard)
    {
        int[] row = [.. Enumerable.Range(0, heard.Count + 1)];
        for (int s = 0; s < stable.Count; s++)
        {
            int diagonal = row[0];
            row[0] = s + 1;
            for (int n = 1; n <= heard.Count; n++)
            {
                int change = diagonal + (Plain(stable[s]) == Plain(heard[n - 1]) ? 0 : 1);
                diagonal = row[n];
                row[n] = Math.Min(change, Math.Min(row[n], row[n - 1]) + 1);
            }
        }
        return row;
    }

    /// <summary>Words of two hypotheses side by side: none begins before the one before it.</summary>
    private static Word After(List<Word> before, Word word)
    {
        if (before.Count == 0 || word.Start >= before[^1].Start) return word;
        var start = before[^1].Start;
        return word with { Start = start, End = word.End < start ? start : word.End };
    }

    private static string Plain(Word word) => CaptionFilter.Plain(word.Text);
}
