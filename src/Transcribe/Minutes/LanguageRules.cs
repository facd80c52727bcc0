namespace Pipeline.Transcribe.Minutes;

/// <summary>What is known about how people speak in one language: data only. <see cref="EnglishRules"/> is the first.</summary>
internal sealed class LanguageRules
{
    // Reading.
    public required IReadOnlySet<string> StopWords { get; init; }
    public required IReadOnlySet<string> Fillers { get; init; }
    public required IReadOnlySet<string> Abbreviations { get; init; }
    /// <summary>Words after which a clause opens.</summary>
    public required IReadOnlySet<string> ClauseOpeners { get; init; }
    public required IReadOnlyDictionary<string, string[]> Contractions { get; init; }
    /// <summary>Endings that are a word of their own: `'ll` → will.</summary>
    public required IReadOnlyList<(string Ending, string Word)> Endings { get; init; }
    /// <summary>What opens a sentence where there is no punctuation, unless one of <see cref="Continuing"/> stands before it.</summary>
    public required PhraseSet SentenceOpeners { get; init; }
    public required IReadOnlySet<string> Continuing { get; init; }
    public required PhraseSet QuestionOpeners { get; init; }
    /// <summary>Names that are also words: they need a capital where they do not open a sentence.</summary>
    public required IReadOnlySet<string> WordsThatAreNames { get; init; }
    public required IReadOnlySet<string> Titles { get; init; }

    // Who does what. A phrase for a task ends where its verb begins.
    public required PhraseSet Commitments { get; init; }
    public required PhraseSet DatedCommitments { get; init; }
    public required PhraseSet Offers { get; init; }
    public required PhraseSet Requests { get; init; }
    public required PhraseSet Orders { get; init; }
    public required PhraseSet Imperatives { get; init; }
    public required PhraseSet AfterName { get; init; }
    public required PhraseSet NameAndSpeaker { get; init; }
    public required PhraseSet OwnerlessNeeds { get; init; }
    public required PhraseSet Needs { get; init; }
    /// <summary>"Who can …?": a task only if somebody takes it.</summary>
    public required PhraseSet Calls { get; init; }
    /// <summary>The whole of "I'll do that": what is meant was said before.</summary>
    public required PhraseSet Acceptances { get; init; }
    /// <summary>As above, asked of somebody: "can you handle it".</summary>
    public required PhraseSet PointingRequests { get; init; }
    /// <summary>Says only when: "you'll have it by noon".</summary>
    public required PhraseSet Promises { get; init; }
    public required PhraseSet NeededBy { get; init; }
    /// <summary>Stands for what was said before: "it".</summary>
    public required PhraseSet Pointers { get; init; }
    /// <summary>From the verb on: what is done in the meeting, or is no deed at all.</summary>
    public required PhraseSet NoTask { get; init; }
    public required PhraseSet NoRequest { get; init; }
    /// <summary>Before the phrase in its sentence: somebody's words, or a condition.</summary>
    public required PhraseSet Reported { get; init; }
    public required PhraseSet Conditions { get; init; }
    public required PhraseSet PoliteConditions { get; init; }
    public required PhraseSet Withdrawals { get; init; }
    public required PhraseSet AlreadyDone { get; init; }

    // Replies.
    public required PhraseSet Agreements { get; init; }
    public required PhraseSet StrongAgreements { get; init; }
    public required PhraseSet Refusals { get; init; }
    public required PhraseSet Objections { get; init; }
    public required PhraseSet Deferrals { get; init; }
    public required PhraseSet NonAnswers { get; init; }
    public required PhraseSet Backchannels { get; init; }

    // What is decided, and what is asked.
    public required PhraseSet Decided { get; init; }
    /// <summary>Points to what was said before: "that's settled".</summary>
    public required PhraseSet Settled { get; init; }
    /// <summary>"Everyone okay with that?": a mere yes is then a vote.</summary>
    public required PhraseSet Polls { get; init; }
    public required PhraseSet NotDecided { get; init; }
    public required PhraseSet Closings { get; init; }
    /// <summary>A decision only after one of <see cref="Closings"/>.</summary>
    public required PhraseSet Resolutions { get; init; }
    public required PhraseSet NoResolution { get; init; }
    public required PhraseSet Proposals { get; init; }
    public required PhraseSet NoQuestion { get; init; }
    public required PhraseSet IndirectQuestions { get; init; }

    // Topics.
    public required PhraseSet TopicCues { get; init; }
    public required IReadOnlySet<string> TitleEdges { get; init; }

    /// <param name="language">BCP 47.</param>
    /// <returns>Null where there are none for the language.</returns>
    public static LanguageRules? For(string language) =>
        language.Equals("en", StringComparison.OrdinalIgnoreCase) || language.StartsWith("en-", StringComparison.OrdinalIgnoreCase) ? EnglishRules.Rules : null;

    public IReadOnlyList<string> Expand(string word)
    {
        if (Contractions.TryGetValue(word, out string[]? parts)) return parts;
        foreach (var (ending, meant) in Endings)
            if (word.Length > ending.Length && word.EndsWith(ending, StringComparison.Ordinal))
                return meant.Length == 0 ? [word[..^ending.Length]] : [word[..^ending.Length], meant];
        return [word];
    }

    public bool OpensSentence(List<Word> words, int from, int at)
    {
        if (at - from < 2 || Continuing.Contains(words[at - 1].Text) || words[at].Start == words[at - 1].Start) return false;
        return SentenceOpeners.MatchAt(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(words), at) >= 0;
    }

    public bool AsksWithoutMark(Word[] words)
    {
        for (int at = 0; at < Math.Min(words.Length, 4) && words[at].OpensClause; at++)
            if (QuestionOpeners.MatchAt(words, at) >= 0) return true;
        return false;
    }
}
