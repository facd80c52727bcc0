namespace Pipeline.Transcribe.Minutes;

/// <summary>Tasks as minutes list them: each once, however often it was said. Pure.</summary>
internal static class ActionItems
{
    /// <summary>The share of words that makes two tasks one.</summary>
    private const double Same = 0.6;

    /// <summary>Repeats are looked for in so many before: the work stays bounded whatever is said.</summary>
    private const int MaxCompared = 100;

    public static List<ActionItem> From(IReadOnlyList<TaskDraft> drafts, LanguageRules rules)
    {
        var distinct = new List<(TaskDraft Draft, List<string> Stems)>();
        foreach (var draft in drafts)
        {
            var stems = Stems.Content([.. Tokenizer.Read(draft.Text, rules)], rules.StopWords);
            var same = distinct.TakeLast(MaxCompared).FirstOrDefault(other => IsSame(other.Draft, draft) && Stems.Overlap(stems, other.Stems) > Same);
            if (same.Draft is null) distinct.Add((draft, stems));
            else same.Draft.Absorb(draft);
        }
        return [.. distinct.Select(entry => entry.Draft).Select(draft => new ActionItem(
            Wording.Task(draft.Text),
            [.. draft.Evidence.OrderBy(sentence => sentence.Index).Select(sentence => sentence.Evidence).Distinct()],
            draft.Owner ?? draft.Addressee, draft.Due, draft.DueText))];
    }

    private static bool IsSame(TaskDraft one, TaskDraft other)
    {
        string? owner = one.Owner ?? one.Addressee, otherOwner = other.Owner ?? other.Addressee;
        return owner is null || otherOwner is null || owner == otherOwner;
    }
}
