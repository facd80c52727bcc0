namespace Pipeline.Transcribe.Minutes;

/// <summary>Words that say when.</summary>
/// <param name="Start">The first word; <paramref name="End"/> is after the last.</param>
/// <param name="Day">Null where no calendar knows it: "before the next meeting".</param>
/// <param name="Deadline">It says "by", "before", "until", "within".</param>
internal readonly record struct DueDate(int Start, int End, DateOnly? Day, bool Deadline)
{
    /// <summary>As it was said.</summary>
    public string Text(Sentence sentence) => sentence.Text[sentence.Words[Start].Start..sentence.Words[End - 1].End];
}
