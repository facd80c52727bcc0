namespace Pipeline.Transcribe.Minutes;

/// <summary>What others say to something: who agrees, who objects. Pure.</summary>
internal sealed class ReplyReader(IReadOnlyList<Sentence> sentences, LanguageRules rules)
{
    /// <summary>An answer begins a turn; what comes later in it is about something else.</summary>
    private const int OpeningSentences = 2, OpeningWords = 4;

    /// <summary>Whether the sentence stands at the beginning of its speaker's turn, where one answers.</summary>
    public bool Opens(Sentence sentence) =>
        sentence.Index < OpeningSentences || sentences[sentence.Index - OpeningSentences].Turn != sentence.Turn;

    public bool Agrees(Sentence sentence) => Opens(sentence) && rules.Agreements.In(sentence.Words, before: OpeningWords) && !Refuses(sentence);

    public bool AgreesStrongly(Sentence sentence) => !sentence.Asks && rules.StrongAgreements.In(sentence.Words) && !rules.Objections.In(sentence.Words);

    public bool Refuses(Sentence sentence) => rules.Refusals.In(sentence.Words, before: OpeningWords);

    public bool Objects(Sentence sentence) =>
        rules.Objections.In(sentence.Words) && !rules.StrongAgreements.In(sentence.Words, before: OpeningWords);
}
