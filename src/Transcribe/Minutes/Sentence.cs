namespace Pipeline.Transcribe.Minutes;

/// <summary>One sentence as it is read by rules.</summary>
/// <param name="Index">Its place among the meeting's sentences.</param>
/// <param name="Turn">Counts the changes of speaker.</param>
/// <param name="Text">As it was said, trimmed.</param>
/// <param name="Words">In order, without fillers; contractions are two words ("I'll": i, will).</param>
/// <param name="Asks">It ends as a question does, or is built like one where there is no punctuation.</param>
internal sealed record Sentence(int Index, int Turn, Statement Statement, string Text, Word[] Words, bool Asks)
{
    public string Speaker => Statement.Speaker;
    public Evidence Evidence => new(Statement.Segment, Statement.Start, Statement.End);

    public bool Has(int at, string word) => at >= 0 && at < Words.Length && Words[at].Text == word;
}

/// <param name="Text">In lower case, with a straight apostrophe.</param>
/// <param name="Start">In its sentence's text; <paramref name="End"/> is after the last character.</param>
/// <param name="OpensClause">A clause can begin here: after a comma, "and", "okay", a name that is called.</param>
/// <param name="Capital">It was written with a capital.</param>
internal readonly record struct Word(string Text, int Start, int End, bool OpensClause, bool Capital);
