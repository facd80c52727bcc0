namespace Pipeline.Transcribe.Captions;

/// <summary>
/// Which language each speaker speaks, where nobody said: found out from what they say first, and then kept, so that one word does not make another
/// language of the next. Finding out costs the engine a pass of its own for every job. Thread-safe.
/// </summary>
/// <param name="asked">ISO 639-1, with or without a region: everybody speaks that; or `auto`.</param>
internal sealed class LanguagePins(string asked)
{
    public const string Auto = "auto";

    /// <summary>Of one language, before it is taken for the speaker's.</summary>
    internal static readonly TimeSpan EnoughSpeech = TimeSpan.FromSeconds(3);
    /// <summary>Mean confidence of an utterance's words: below, its language says nothing.</summary>
    internal const double Believed = 0.6;
    /// <summary>Below, a pinned language may be the wrong one.</summary>
    internal const double Doubtful = 0.4;
    /// <summary>So many in a row, and it is found out anew.</summary>
    internal const int MaxDoubts = 3;

    private readonly Lock gate = new();
    private readonly Dictionary<string, Speaker> speakers = new(StringComparer.Ordinal);

    /// <summary>What a job of the speaker's is to be heard as.</summary>
    public string Of(string speaker)
    {
        if (asked != Auto) return asked;
        lock (gate) return speakers.TryGetValue(speaker, out var known) && known.Pinned is { } pinned ? pinned : Auto;
    }

    /// <summary>Takes what one of the speaker's utterances came to.</summary>
    /// <param name="words">None where nothing in it was believed.</param>
    public void Heard(string speaker, string language, TimeSpan speech, IReadOnlyList<Word> words)
    {
        if (asked != Auto || words.Count == 0) return;
        double confidence = words.Average(word => word.Confidence);
        lock (gate)
        {
            if (!speakers.TryGetValue(speaker, out var known)) speakers.Add(speaker, known = new Speaker());
            if (known.Pinned is not null)
            {
                known.Doubts = confidence < Doubtful ? known.Doubts + 1 : 0;
                if (known.Doubts == MaxDoubts) speakers[speaker] = new Speaker();
            }
            else if (confidence >= Believed) known.Add(language, speech);
        }
    }

    /// <summary>What is known from before.</summary>
    public void Remember(string speaker, string language, TimeSpan speech)
    {
        if (asked != Auto) return;
        lock (gate)
        {
            if (!speakers.TryGetValue(speaker, out var known)) speakers.Add(speaker, known = new Speaker());
            if (known.Pinned is null) known.Add(language, speech);
        }
    }

    private sealed class Speaker
    {
        private readonly Dictionary<string, TimeSpan> spoken = new(StringComparer.Ordinal);

        public string? Pinned { get; private set; }
        public int Doubts { get; set; }

        public void Add(string language, TimeSpan speech)
        {
            var sum = spoken[language] = spoken.GetValueOrDefault(language) + speech;
            if (sum >= EnoughSpeech) Pinned = language;
        }
    }
}
