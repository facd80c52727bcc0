namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Finds what was decided: where somebody says so, where somebody sums up what they will do, and where a proposal is agreed to and nobody
/// objects. What was decided before the meeting, should have been, or is only asked about, is none. Pure.
/// </summary>
internal sealed class DecisionFinder(IReadOnlyList<Sentence> sentences, LanguageRules rules, Roster roster, ReplyReader replies)
{
    private const int ProposalTurns = 4, ClosingTurns = 7, MinProposalWords = 3, MaxShortWords = 5, MaxEvidence = 8;

    /// <summary>However long somebody speaks without a change of turn, this far is looked back, and repeats are looked for in so many.</summary>
    private const int MaxSentencesBack = 30, MaxCompared = 100;

    private sealed record Decision(Sentence Said, List<Sentence> Evidence);

    private sealed class Proposal(Sentence said)
    {
        public Sentence Said => said;
        public bool Dead { get; set; }
        public bool Polled { get; set; }
        public Decision? Decision { get; set; }
    }

    private readonly List<Decision> decisions = [];
    private readonly List<Proposal> proposals = [];

    public List<Claim> Find()
    {
        foreach (var sentence in sentences)
        {
            if (rules.Deferrals.In(sentence.Words))
            {
                foreach (var proposal in Open(sentence, ClosingTurns)) proposal.Dead = true;
                continue;
            }
            if (Says(sentence) is { } said) Decide(said, sentence);
            else if (rules.Polls.In(sentence.Words)) Open(sentence, ProposalTurns).FirstOrDefault()?.Polled = true;
            else if (Reply(sentence)) continue;
            else if (Proposes(sentence)) proposals.Add(new Proposal(sentence));
        }
        return [.. Distinct().Select(decision => new Claim(Wording.Claim(Stripped(decision.Said)), [.. decision.Evidence.OrderBy(s => s.Index).Select(s => s.Evidence).Distinct()]))];
    }

    private IEnumerable<Proposal> Open(Sentence sentence, int turns)
    {
        for (int n = proposals.Count - 1; n >= 0 && sentence.Turn - proposals[n].Said.Turn <= turns && sentence.Index - proposals[n].Said.Index <= MaxSentencesBack; n--)
            if (!proposals[n].Dead) yield return proposals[n];
    }

    /// <summary>The sentence that words the decision this one makes; null where it makes none.</summary>
    private Sentence? Says(Sentence sentence)
    {
        var words = sentence.Words;
        if (sentence.Asks || rules.NotDecided.In(words) || rules.Conditions.In(words)) return null;

        if (rules.Settled.Find(words) is { Start: >= 0 } settled)
            return words.Length - settled.End >= MaxShortWords ? sentence : Open(sentence, ClosingTurns).FirstOrDefault()?.Said;
        if (rules.Decided.Find(words) is { Start: >= 0 } decided && !rules.Reported.In(words, before: decided.Start))
            return Assigns(sentence, decided.End) ? null : sentence;
        if (Resolves(sentence) && (Stems.Content(words, rules.StopWords).Count > 0 || Open(sentence, ClosingTurns).Any())) return sentence;

        bool shortAnswer = words.Length <= MaxShortWords && words.Length > 1 && sentence.Index > 0 && Discussed(sentence);
        bool itIs = words.Length >= 3 && sentence.Has(words.Length - 2, "it") && sentence.Has(words.Length - 1, "is");
        bool then = words.Length >= 2 && sentence.Has(words.Length - 1, "then") && words[^1].OpensClause && !words[0].Text.StartsWith("okay", StringComparison.Ordinal);
        return shortAnswer && (itIs || then) && !rules.Backchannels.In(words) ? sentence : null;
    }

    /// <summary>"Okay, so we will move the release": a closing word, and what they will do.</summary>
    private bool Resolves(Sentence sentence)
    {
        var words = sentence.Words;
        for (int at = 0; at < words.Length; at++)
        {
            if (rules.Resolutions.MatchAt(words, at) is not (> 0 and var end)) continue;
            int verb = sentence.Has(at, "let") ? at + 2 : end;
            bool negated = sentence.Has(verb, "not");
            if (rules.NoResolution.MatchAt(words, negated ? verb + 1 : verb) > 0 || words.Length - verb < 2 || words[Math.Max(at, end - 1)].Text is "waiting" or "going" && !sentence.Has(end, "with")) return false;
            return (at > 0 && rules.Closings.In(words, before: at)) || words[^1].Text == "then";
        }
        return false;
    }

    private bool Discussed(Sentence sentence)
    {
        for (int n = sentence.Index - 1; n >= Math.Max(0, sentence.Index - MaxSentencesBack) && sentence.Turn - sentences[n].Turn <= ProposalTurns; n--)
            if (rules.Proposals.In(sentences[n].Words) || replies.AgreesStrongly(sentences[n]) || sentences[n].Asks && sentences[n].Words.Any(word => word.Text == "or")) return true;
        return false;
    }

    /// <summary>"We agreed that Martin will …" gives a task away.</summary>
    private bool Assigns(Sentence sentence, int at) =>
        roster.At(sentence, Math.Min(at, sentence.Words.Length - 1)) is { Owner: not null, Length: var length } && rules.AfterName.MatchAt(sentence.Words, at + length) > 0;

    private void Decide(Sentence said, Sentence sentence)
    {
        var stems = Stems.Content(sentence.Words, rules.StopWords);
        bool points = said != sentence || sentence.Words.Length <= MaxShortWords;
        var before = Open(sentence, ClosingTurns).Where(proposal => points || Stems.Content(proposal.Said.Words, rules.StopWords).Intersect(stems).Any()).ToList();
        if (points) before = [.. before.Take(1)];
        // What was agreed to a moment ago is only said again.
        var decision = before.Select(proposal => proposal.Decision).FirstOrDefault(made => made is not null);
        if (stems.Count == 0 && before.Count > 0) said = before[0].Said;               // "okay, let's do that"
        if (decision is null) decisions.Add(decision = new Decision(said, [said]));
        foreach (var proposal in before)
        {
            proposal.Decision = decision;
            proposal.Dead = true;
            Cite(decision, proposal.Said);
        }
        Cite(decision, sentence);
    }

    private static void Cite(Decision decision, Sentence sentence)
    {
        if (decision.Evidence.Count < MaxEvidence && !decision.Evidence.Contains(sentence)) decision.Evidence.Add(sentence);
    }

    /// <returns>The sentence is an answer, and no proposal itself.</returns>
    private bool Reply(Sentence sentence)
    {
        var proposal = Open(sentence, ProposalTurns).FirstOrDefault(open => open.Said.Speaker != sentence.Speaker);
        if (proposal is null) return false;
        if (replies.Objects(sentence))
        {
            if (proposal.Decision is null) proposal.Dead = true;
            return true;
        }
        if (!replies.AgreesStrongly(sentence) && !(proposal.Polled && replies.Agrees(sentence))) return false;
        if (proposal.Decision is null) decisions.Add(proposal.Decision = new Decision(proposal.Said, [proposal.Said]));
        Cite(proposal.Decision, sentence);
        return true;
    }

    private bool Proposes(Sentence sentence)
    {
        var words = sentence.Words;
        if (words.Length < MinProposalWords || rules.NotDecided.In(words)) return false;
        var (start, end) = rules.Proposals.Find(words);
        if (start < 0) (start, end) = rules.Resolutions.Find(words);
        return start >= 0 && rules.NoResolution.MatchAt(words, end) < 0 && !rules.Reported.In(words, before: start);
    }

    /// <summary>A recap says again what was decided: the first saying stays, with the recap as evidence.</summary>
    private List<Decision> Distinct()
    {
        var distinct = new List<(Decision Decision, List<string> Stems)>();
        foreach (var decision in decisions)
        {
            var stems = Stems.Content(decision.Said.Words, rules.StopWords);
            stems.RemoveAll(stem => stem is "decid" or "agre" or "summariz" or "recap");
            var same = distinct.TakeLast(MaxCompared).FirstOrDefault(other =>
                Stems.Overlap(stems, other.Stems) > 0.6 || other.Stems.Count > 1 && other.Stems.All(stems.Contains));
            if (same.Decision is null) distinct.Add((decision, stems));
            else foreach (var sentence in decision.Evidence) Cite(same.Decision, sentence);
        }
        return [.. distinct.Select(entry => entry.Decision)];
    }

    /// <summary>Without "okay, so" before it.</summary>
    private string Stripped(Sentence sentence)
    {
        int at = 0;
        while (at < sentence.Words.Length - 3 && at < 3 && sentence.Words[at].Text is var word && (rules.ClauseOpeners.Contains(word) || word == "all" && sentence.Has(at + 1, "right"))) at++;
        return sentence.Text[sentence.Words[at].Start..];
    }
}
