namespace Pipeline.Transcribe.Captions;

/// <summary>
/// What is shown of one segment while it is being said, and how its end keeps to that. One object a segment; pure, so it says nothing of
/// when answers come, only of how much was said.
/// </summary>
internal interface ICaptionPolicy
{
    /// <summary>Whether so much speech is worth asking for: none of it was, or enough is new since the last time.</summary>
    /// <param name="stretch">So many times as much must be new where there is too little of the engine; 1: there is enough.</param>
    bool IsDue(TimeSpan speech, int stretch = 1);

    /// <summary>It was asked for.</summary>
    void Asked(TimeSpan speech);

    /// <summary>Takes the next hypothesis. Null where it changes nothing that is shown.</summary>
    /// <param name="heard">From the segment's beginning, with times since the meeting began.</param>
    /// <param name="until">Where the sound ended that it was heard in.</param>
    Hypothesis? Revise(IReadOnlyList<Word> heard, string language, TimeSpan until);

    /// <summary>The segment's words for good: those that were promised, then what was heard after them.</summary>
    /// <param name="heard">In the whole segment; empty where nothing in it is believed.</param>
    IReadOnlyList<Word> Finish(IReadOnlyList<Word> heard);
}

/// <summary>What is shown of a segment for now.</summary>
/// <param name="StableWords">So many of the words, from the first, never change.</param>
internal sealed record Hypothesis(IReadOnlyList<Word> Words, int StableWords);

/// <summary>Shows nothing before the end: for speech that is caught up on, and where partials would cost more than there is.</summary>
internal sealed class FinalsOnly : ICaptionPolicy
{
    public static FinalsOnly Instance { get; } = new();

    public bool IsDue(TimeSpan speech, int stretch = 1) => false;
    public void Asked(TimeSpan speech) { }
    public Hypothesis? Revise(IReadOnlyList<Word> heard, string language, TimeSpan until) => null;
    public IReadOnlyList<Word> Finish(IReadOnlyList<Word> heard) => heard;
}
