namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Finds what was asked and not answered: nobody else said anything that could be an answer, or somebody said that they do not know.
/// Requests, proposals and talk about the meeting itself are no questions. Pure.
/// </summary>
internal sealed class QuestionFinder(IReadOnlyList<Sentence> sentences, LanguageRules rules)
{
    private const int MinWords = 3, SurelyAQuestion = 5, AnswerTurns = 3;

    /// <summary>However much is said at once, an answer is looked for in so many sentences, and repeats in so many questions.</summary>
    private const int MaxReplies = 20, MaxCompared = 100;

    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(30);

    public List<Claim> Find()
    {
        var open = new List<(Claim Claim, List<string> Stems)>();
        foreach (var sentence in sentences)
        {
            if (!IsQuestion(sentence) || Evidence(sentence) is not { } evidence) continue;
            var stems = Stems.Content(sentence.Words, rules.StopWords);
            if (open.TakeLast(MaxCompared).Any(other => Stems.Overlap(stems, other.Stems) > 0.6)) continue;
            open.Add((new Claim(Wording.Question(sentence.Text), [.. evidence.Select(said => said.Evidence).Distinct()]), stems));
        }
        return [.. open.Select(entry => entry.Claim)];
    }

    private bool IsQuestion(Sentence sentence) => sentence.Asks
        ? sentence.Words.Length >= MinWords && (sentence.Words.Length >= SurelyAQuestion || rules.QuestionOpeners.In(sentence.Words)) && !rules.NoQuestion.In(sentence.Words)
        : rules.IndirectQuestions.In(sentence.Words) && !rules.Reported.In(sentence.Words);

    /// <summary>The question and who did not know; null where it was answered.</summary>
    private List<Sentence>? Evidence(Sentence question)
    {
        List<Sentence> evidence = [question];
        for (int n = question.Index + 1; n < Math.Min(sentences.Count, question.Index + MaxReplies); n++)
        {
            var reply = sentences[n];
            if (reply.Turn - question.Turn > AnswerTurns || reply.Statement.Start - question.Statement.End > AnswerTime) return evidence;
            if (rules.NonAnswers.In(reply.Words) || rules.Deferrals.In(reply.Words))
            {
                evidence.Add(reply);
                return evidence;
            }
            if (reply.Speaker == question.Speaker || reply.Asks || rules.Backchannels.In(reply.Words)) continue;
            // Words that share the turn with "I don't know" are not the answer.
            if (sentences.Skip(n + 1).Take(2).Where(later => later.Turn == reply.Turn).Any(later => rules.NonAnswers.In(later.Words))) continue;
            return null;
        }
        return evidence;
    }
}
