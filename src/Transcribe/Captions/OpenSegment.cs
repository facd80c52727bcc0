using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>One segment from its first word to its final: an id, the revisions so far, and how much is promised of it. One thread at a time.</summary>
/// <param name="number">Which of its track's utterances it is (<see cref="Utterance.Number"/>).</param>
internal sealed class OpenSegment(int track, int number, Guid id, ICaptionPolicy policy)
{
    /// <summary>Two hypotheses that came to nothing: whatever is wrong with it, its final is still asked for.</summary>
    private const int MaxFailures = 2;

    private Caption? newest;
    private int failures;

    public int Number => number;
    public bool IsShown => newest is not null;

    /// <summary>End of what is promised; null where nothing is.</summary>
    public TimeSpan? StableEnd => newest is { StableWords: > 0 } ? newest.Words[newest.StableWords - 1].End : null;

    public bool IsDue(TimeSpan speech, int stretch) => failures < MaxFailures && policy.IsDue(speech, stretch);
    public void Asked(TimeSpan speech) => policy.Asked(speech);
    public void Failed() => failures++;

    /// <summary>The next partial; null where nothing changes.</summary>
    /// <param name="speech">What it was heard in; its samples may be gone.</param>
    public Caption? Revise(Utterance speech, IReadOnlyList<Word> heard, string language)
    {
        if (policy.Revise(heard, language, CaptionFilter.Time(speech.EndSample)) is not { } shown || shown.Words.Count == 0) return null;
        return newest = Of(shown.Words, language, shown.Words[^1].End, isFinal: false, late: false) with { StableWords = shown.StableWords };
    }

    /// <summary>The final; null where nothing was said, and nothing was shown.</summary>
    public Caption? Finish(Utterance speech, IReadOnlyList<Word> heard, string language, bool late)
    {
        var words = policy.Finish(heard);
        if (words.Count == 0) return Withdraw();
        // It ends with the speech: the engine's last word may end early, and what lies behind it would seem unheard.
        var end = CaptionFilter.Time(speech.SpeechEnd);
        return newest = Of(words, language, end > words[^1].Start ? end : words[^1].End, isFinal: true, late) with { StableWords = words.Count };
    }

    /// <summary>It comes to nothing: tells whoever was shown something of it. Null where nobody was, or it has ended already.</summary>
    public Caption? Withdraw()
    {
        if (newest is null or { IsFinal: true }) return null;
        return newest = newest with { Text = "", Words = [], StableWords = 0, IsFinal = true, Revision = newest.Revision + 1 };
    }

    private Caption Of(IReadOnlyList<Word> words, string language, TimeSpan end, bool isFinal, bool late) =>
        new(track, words[0].Start, end, string.Join(' ', words.Select(word => word.Text)), language, words, late)
        {
            Segment = id,
            Revision = (newest?.Revision ?? 0) + 1,
            IsFinal = isFinal,
        };
}
