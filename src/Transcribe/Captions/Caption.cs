namespace Pipeline.Transcribe.Captions;

/// <summary>One word as it was heard; times since the meeting began.</summary>
/// <param name="Confidence">0 … 1.</param>
public sealed record Word(string Text, TimeSpan Start, TimeSpan End, double Confidence);

/// <summary>One revision of what one track says in one utterance. A higher one replaces it; a final is never retracted.</summary>
/// <param name="Track">The number the track was added under; who spoke is known, never guessed.</param>
/// <param name="Text">The words with a space between each two; empty in the final of a segment that came to nothing.</param>
/// <param name="Late">True when it was recognised later than a live caption should be.</param>
public sealed record Caption(int Track, TimeSpan Start, TimeSpan End, string Text, string Language, IReadOnlyList<Word> Words, bool Late)
{
    /// <summary>Names the segment: the same in all its revisions. A UUIDv7.</summary>
    public Guid Segment { get; init; } = Guid.CreateVersion7();

    /// <summary>From 1, one more with each.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>The last revision, once for each segment of which there was any.</summary>
    public bool IsFinal { get; init; } = true;

    /// <summary>So many words, from the first, are the same in every later revision.</summary>
    public int StableWords { get; init; }
}
