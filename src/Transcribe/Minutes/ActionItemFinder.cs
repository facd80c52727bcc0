namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Finds who will do what by when, reading once from the beginning: promises, requests and who agreed to them, needs and who took them,
/// and what was taken back (description, owner, timeframe and agreement after Purver 2006). Pure.
/// </summary>
internal sealed class ActionItemFinder(IReadOnlyList<Sentence> sentences, LanguageRules rules, Roster roster, ReplyReader replies, Func<Sentence, EnglishDates> dates)
{
    /// <summary>How far back a reply can reach.</summary>
    private const int ReplyTurns = 3, ReplySentences = 8;

    private readonly List<TaskDraft> drafts = [];

    /// <returns>In the order they were first said.</returns>
    public List<TaskDraft> Find()
    {
        foreach (var sentence in sentences)
        {
            if (Withdraws(sentence)) continue;
            var replied = Reply(sentence);
            if (Accepts(sentence, replied) || Dates(sentence, replied)) continue;
            if (Read(sentence) is not { } draft || AnswersWith(draft, replied)) continue;
            draft.Instead?.Dropped = true;
            drafts.Add(draft);
        }
        return [.. drafts.Where(draft => draft.Holds)];
    }

    // What was said before, newest first, that a sentence can be about.
    private IEnumerable<TaskDraft> Recent(Sentence sentence)
    {
        for (int n = drafts.Count - 1; n >= 0 && sentence.Index - drafts[n].Last.Index <= ReplySentences; n--)
            if (!drafts[n].Dropped && sentence.Turn - drafts[n].Last.Turn <= ReplyTurns) yield return drafts[n];
    }

    private bool Withdraws(Sentence sentence)
    {
        if (!rules.Withdrawals.In(sentence.Words) && !rules.AlreadyDone.In(sentence.Words)) return false;
        if (sentence.Asks || Recent(sentence).FirstOrDefault() is not { } last || sentence.Turn - last.Last.Turn > 1) return false;
        bool own = last.Owner == sentence.Speaker || last.Said.Speaker == sentence.Speaker;
        if (!own && sentences[sentence.Index - 1].Turn == sentence.Turn) return false;
        // "Forget it, Kevin will do it" gives the task away; "is already doing it" needs none.
        string? other = rules.AlreadyDone.In(sentence.Words) ? null : Assigned(sentence).Owner;
        if (other is null) last.Dropped = true;
        else last.Confirm(other, sentence);
        return true;
    }

    /// <summary>The draft that the sentence agrees to, and is now its speaker's; null where it answers none.</summary>
    private TaskDraft? Reply(Sentence sentence)
    {
        if (sentence.Asks) return null;
        foreach (var draft in Recent(sentence))
        {
            if (draft.Said.Speaker == sentence.Speaker || draft.Agreed || sentence.Turn == draft.Said.Turn) continue;
            if (draft.Kind == TaskKind.Request && draft.Addressee is { } asked && asked != sentence.Speaker) continue;
            if (replies.Refuses(sentence))
            {
                if (draft.Kind is TaskKind.Request or TaskKind.Offer || draft.Owner == sentence.Speaker) draft.Dropped = true;
                return null;
            }
            if (!replies.Agrees(sentence) || draft.Kind == TaskKind.Offer && Speaks(sentence)) continue;
            switch (draft.Kind)
            {
                case TaskKind.Request:
                    draft.Confirm(sentence.Speaker, sentence);
                    draft.SetDue(dates(sentence).Find(sentence.Words), sentence);
                    return draft;
                case TaskKind.Offer:
                    draft.Agreed = true;
                    draft.Cite(sentence);
                    draft.SetDue(dates(sentence).Find(sentence.Words), sentence);
                    return draft;
                case TaskKind.Assignment when draft.Owner == sentence.Speaker:
                    draft.Confirm(sentence.Speaker, sentence);
                    return draft;
            }
        }
        return null;
    }

    /// <summary>It is about what its own speaker does, and so no answer to another's offer.</summary>
    private bool Speaks(Sentence sentence) => rules.Commitments.In(sentence.Words) || rules.Offers.In(sentence.Words);

    /// <summary>"I'll do that": takes what was asked or needed, or says again what the speaker promised.</summary>
    private bool Accepts(Sentence sentence, TaskDraft? replied)
    {
        var (start, end) = rules.Acceptances.Find(sentence.Words);
        if (start < 0 || sentence.Asks || Unreal(sentence, start, end)) return false;
        var taken = replied ?? Recent(sentence).FirstOrDefault(draft => Takes(sentence, draft));
        if (taken is null)
        {
            // Somebody said what is wanted without asking for it.
            if (sentence.Index == 0 || sentences[sentence.Index - 1] is not { Words.Length: >= 5 } wanted || wanted.Speaker == sentence.Speaker || wanted.Asks || end - start < 3) return false;
            taken = new TaskDraft(TaskKind.Commitment, wanted.Text, wanted);
            drafts.Add(taken);
        }
        taken.Confirm(sentence.Speaker, sentence);
        taken.SetDue(dates(sentence).Find(sentence.Words), sentence);
        return true;
    }

    private static bool Takes(Sentence sentence, TaskDraft draft)
    {
        if (draft.Owner == sentence.Speaker) return true;
        if (draft.Said.Speaker == sentence.Speaker) return draft.Kind is TaskKind.OpenCall or TaskKind.OwnerlessNeed && draft.Owner is null;
        return draft.Owner is null && (draft.Addressee is null || draft.Addressee == sentence.Speaker);
    }

    /// <summary>"You'll have it by Thursday", "Wednesday", "they need it by noon": says when, of a task that is known.</summary>
    private bool Dates(Sentence sentence, TaskDraft? replied)
    {
        if (sentence.Asks || dates(sentence).Find(sentence.Words) is not { } date) return false;
        bool promised = rules.Promises.In(sentence.Words);
        bool only = sentence.Words.Length - (date.End - date.Start) <= 3;
        bool needed = rules.NeededBy.In(sentence.Words);
        if (!promised && !only && !needed) return false;
        if (!promised && !needed && replied is null && !rules.Pointers.In(sentence.Words) && Read(sentence) is not null) return false;   // "I'll call tomorrow"
        var dated = replied ?? Recent(sentence).FirstOrDefault(draft =>
            sentence.Turn - draft.Last.Turn <= 1 && (promised ? Takes(sentence, draft) : draft.Owner is not null || draft.Addressee is not null || Takes(sentence, draft)));
        if (dated is null) return false;

        if (promised && dated.Owner != sentence.Speaker) dated.Confirm(sentence.Speaker, sentence);
        dated.SetDue(date, sentence);
        dated.Cite(sentence);
        return true;
    }

    /// <summary>A promise that is the answer to a request is not another task: it says how the request will be met.</summary>
    private bool AnswersWith(TaskDraft draft, TaskDraft? replied)
    {
        if (draft.Kind is not (TaskKind.Commitment or TaskKind.Offer)) return false;
        var asked = replied is { Kind: TaskKind.Request or TaskKind.Assignment } ? replied : Recent(draft.Said).FirstOrDefault(recent =>
            recent.Kind == TaskKind.Request && recent.Said.Speaker != draft.Said.Speaker && draft.Said.Turn - recent.Said.Turn <= 1
            && (!recent.Agreed || recent.Last.Turn == draft.Said.Turn)
            && (recent.Addressee ?? recent.Owner ?? draft.Owner) == draft.Owner && recent.Due is null);
        if (asked is null || !replies.Opens(draft.Said)) return false;
        asked.Confirm(draft.Said.Speaker, draft.Said);
        asked.SetDue(dates(draft.Said).Find(draft.Said.Words), draft.Said);
        return true;
    }

    /// <summary>The first task that the sentence names itself; null where it names none.</summary>
    private TaskDraft? Read(Sentence sentence)
    {
        var words = sentence.Words;
        for (int at = 0; at < words.Length; at++)
            if (ReadAt(sentence, at) is { } draft) return draft;
        return null;
    }

    private TaskDraft? ReadAt(Sentence sentence, int at)
    {
        var words = sentence.Words;
        if (!sentence.Asks && rules.Commitments.MatchAt(words, at) is > 0 and var committed)
            return IsTask(sentence, at, committed) ? Draft(IsConditional(sentence, committed) ? TaskKind.Offer : TaskKind.Commitment, sentence, committed, sentence.Speaker) : null;
        if (!sentence.Asks && rules.DatedCommitments.MatchAt(words, at) is > 0 and var planned && planned < words.Length && words[planned].Text.EndsWith("ing", StringComparison.Ordinal)
            && words[planned].Text is not "going" && IsTask(sentence, at, planned) && dates(sentence).Find(words, planned) is { Day: not null })
            return Draft(TaskKind.Commitment, sentence, planned, sentence.Speaker);
        if (rules.PointingRequests.MatchAt(words, at) is > 0 && Pointing(sentence, at) is { } pointed) return pointed;
        if (rules.OwnerlessNeeds.MatchAt(words, at) is > 0 and var needed && !sentence.Asks)
            return IsTask(sentence, at, needed) ? Draft(TaskKind.OwnerlessNeed, sentence, needed, null) : null;
        if (rules.Calls.MatchAt(words, at) is > 0 and var called) return Draft(TaskKind.OpenCall, sentence, called, null);
        if (rules.Requests.MatchAt(words, at) is > 0 and var requested) return Request(sentence, at, requested);
        if (!sentence.Asks && rules.Orders.MatchAt(words, at) is > 0 and var ordered) return Request(sentence, at, ordered);
        if (!sentence.Asks && IsCalled(sentence, at) && rules.Imperatives.MatchAt(words, at) > 0) return Request(sentence, at, at);
        if (!sentence.Asks && rules.Offers.MatchAt(words, at) is > 0 and var offered || sentence.Asks && rules.Offers.MatchAt(words, at) is > 0 and var asked && (offered = asked) > 0)
            return IsTask(sentence, at, offered) ? Draft(TaskKind.Offer, sentence, offered, sentence.Speaker) : null;
        if (!sentence.Asks && rules.Needs.MatchAt(words, at) is > 0 and var need && !sentence.Has(need, "have"))
            return IsTask(sentence, at, need) ? Draft(TaskKind.OpenCall, sentence, need, null) : null;
        return Assignment(sentence, at);
    }

    /// <summary>Only politeness, or the name of the one who is asked, stands before.</summary>
    private bool IsCalled(Sentence sentence, int at)
    {
        for (int before = 0; before < at; before++)
            if (!sentence.Words[before].OpensClause && roster.At(sentence, before).Owner is null) return false;
        return sentence.Words[at].OpensClause && (at == 0 || !sentence.Has(at + 1, "is"));
    }

    private TaskDraft? Request(Sentence sentence, int start, int verb)
    {
        var words = sentence.Words;
        if (verb >= words.Length - 1 && !(verb < words.Length && words[verb].Text == "call")) return null;
        if (rules.NoRequest.MatchAt(words, verb) > 0 || Reports(sentence, start) || IsSupposed(sentence, start)) return null;
        if (start == verb && Called(sentence, start) is null && Stems.Content(words.AsSpan(verb + 1), rules.StopWords).Count == 0) return null;
        return new TaskDraft(TaskKind.Request, Task(sentence, verb), sentence) { Addressee = Called(sentence, start) }.Dated(dates(sentence), verb);
    }

    /// <summary>The attendee whose name is called just before, at the beginning or at the end of the sentence; else of the one before it.</summary>
    private string? Called(Sentence sentence, int start)
    {
        for (int at = 0; at < start; at++)
            if (sentence.Words[at].OpensClause && roster.At(sentence, at).Owner is { } owner && owner != sentence.Speaker) return owner;
        int last = sentence.Words.Length - 1;
        if (last > start && sentence.Words[last].OpensClause && roster.At(sentence, last).Owner is { } end && end != sentence.Speaker) return end;
        if (sentence.Index == 0 || sentences[sentence.Index - 1] is not { Words.Length: <= 3 } before || before.Statement != sentence.Statement) return null;
        return roster.At(before, before.Words.Length - 1).Owner;
    }

    /// <summary>"Can you handle it, Luca?": asks for what was just called for.</summary>
    private TaskDraft? Pointing(Sentence sentence, int start)
    {
        string? addressee = Called(sentence, start);
        var open = Recent(sentence).FirstOrDefault(draft => draft.Owner is null && draft.Addressee is null);
        if (open is null) return sentence.Index == 0 ? null : addressee is null ? null : new TaskDraft(TaskKind.Request, sentences[sentence.Index - 1].Text, sentence) { Addressee = addressee };
        var request = new TaskDraft(TaskKind.Request, open.Text, open.Said) { Addressee = addressee, Instead = open };
        request.Cite(sentence);
        return request.Dated(dates(open.Said), 0);
    }

    private TaskDraft? Assignment(Sentence sentence, int at)
    {
        if (sentence.Asks || roster.At(sentence, at) is not { Owner: { } owner, Length: var length }) return null;
        if (rules.NameAndSpeaker.MatchAt(sentence.Words, at + length) is > 0 and var both && IsTask(sentence, at, both)) return Draft(TaskKind.Commitment, sentence, both, sentence.Speaker);
        if (rules.AfterName.MatchAt(sentence.Words, at + length) is > 0 and var verb && IsTask(sentence, at, verb)) return Draft(TaskKind.Assignment, sentence, verb, owner);
        return rules.Orders.MatchAt(sentence.Words, at + length) is > 0 and var ordered ? Request(sentence, at + length, ordered) : null;
    }

    private (string? Owner, int Verb) Assigned(Sentence sentence)
    {
        for (int at = 0; at < sentence.Words.Length; at++)
            if (roster.At(sentence, at) is { Owner: { } owner, Length: var length } && rules.AfterName.MatchAt(sentence.Words, at + length) is > 0 and var verb) return (owner, verb);
        return (null, -1);
    }

    private TaskDraft Draft(TaskKind kind, Sentence sentence, int verb, string? owner) =>
        new TaskDraft(kind, Task(sentence, verb), sentence) { Owner = owner }.Dated(dates(sentence), verb);

    private static string Task(Sentence sentence, int verb) => Wording.Task(sentence.Text[sentence.Words[Math.Min(verb, sentence.Words.Length - 1)].Start..]);

    private bool IsTask(Sentence sentence, int start, int verb) =>
        verb < sentence.Words.Length - 1 && !Unreal(sentence, start, verb)
        && rules.NoTask.MatchAt(sentence.Words, verb) < 0;

    /// <summary>Told of somebody else, supposed, or denied.</summary>
    private bool Unreal(Sentence sentence, int start, int end) =>
        Reports(sentence, start) || rules.Conditions.In(sentence.Words, before: start) || sentence.Has(end, "not") || sentence.Has(end, "never");

    private bool Reports(Sentence sentence, int start) => rules.Reported.In(sentence.Words, before: start);

    /// <summary>"Let's say we needed it, would you …": but "if you have time, can you …" is a request.</summary>
    private bool IsSupposed(Sentence sentence, int before) =>
        rules.Conditions.Find(sentence.Words, before: before) is { Start: >= 0 and var at } && !sentence.Has(at, "if");

    private bool IsConditional(Sentence sentence, int from) =>
        rules.Conditions.Find(sentence.Words, from) is { Start: >= 0 and var at } && rules.PoliteConditions.MatchAt(sentence.Words, at) < 0;
}
