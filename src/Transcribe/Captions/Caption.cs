namespace Pipeline.Transcribe.Captions;

/// <summary>One word as it was heard; times since the meeting began.</summary>
/// <param name="Confidence">0 … 1.</param>
public sealed record Word(string Text, TimeSpan Start, TimeSpan End, double Confidence);

/// <summary>One final caption: what one track said in one utterance. Never retracted.</summary>
/// <param name="Track">The number the track was added under; who spoke is known, never guessed.</param>
/// <param name="Late">True when it was recognised later than a live caption should be.</param>
public sealed record Caption(int Track, TimeSpan Start, TimeSpan End, string Text, string Language, IReadOnlyList<Word> Words, bool Late);
