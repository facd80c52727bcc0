namespace Pipeline.Transcribe.Minutes;

internal enum TaskKind
{
    /// <summary>"I'll …": holds unless it is taken back.</summary>
    Commitment,
    /// <summary>"I could …", "I'll … if …": holds once somebody takes it up.</summary>
    Offer,
    /// <summary>"Can you …?", "please …".</summary>
    Request,
    /// <summary>"Laura will …".</summary>
    Assignment,
    /// <summary>"Somebody has to …": holds without an owner.</summary>
    OwnerlessNeed,
    /// <summary>"We need to …", "who can …?": holds once somebody takes it.</summary>
    OpenCall,
}

/// <summary>A task while the meeting is read: later sentences confirm it, date it or take it back.</summary>
internal sealed class TaskDraft(TaskKind kind, string text, Sentence said)
{
    private const int MaxEvidence = 8;

    public TaskKind Kind { get; } = kind;
    public string Text { get; } = text;
    public Sentence Said { get; } = said;
    public List<Sentence> Evidence { get; } = [said];
    public string? Owner { get; set; }
    /// <summary>Who was asked by name.</summary>
    public string? Addressee { get; set; }
    /// <summary>The same task, which nobody was asked to do yet.</summary>
    public TaskDraft? Instead { get; init; }
    public bool Agreed { get; set; }
    public bool Dropped { get; set; }
    public DateOnly? Due { get; private set; }
    public string? DueText { get; private set; }

    /// <summary>The sentence the draft was last confirmed in.</summary>
    public Sentence Last => Evidence[^1];

    public bool Holds => !Dropped && Kind switch
    {
        TaskKind.Commitment or TaskKind.Assignment or TaskKind.OwnerlessNeed => true,
        TaskKind.Offer => Agreed || DueText is not null,
        TaskKind.Request => Agreed || Addressee is not null,
        _ => Agreed,
    };

    /// <summary>A day replaces words that no calendar knows; else what was said first stays.</summary>
    public void SetDue(DueDate? date, Sentence sentence)
    {
        if (date is not { } found || Due is not null || DueText is not null && found.Day is null) return;
        (Due, DueText) = (found.Day, found.Text(sentence));
    }

    /// <summary>With the day that is said in the sentence itself, from a word on.</summary>
    public TaskDraft Dated(EnglishDates dates, int from)
    {
        SetDue(dates.Find(Said.Words, from), Said);
        return this;
    }

    public void Confirm(string owner, Sentence sentence)
    {
        (Owner, Agreed) = (owner, true);
        Cite(sentence);
    }

    /// <summary>Takes over what a later saying of the same task adds; its day, where it names one, is the newer word.</summary>
    public void Absorb(TaskDraft later)
    {
        Owner ??= later.Owner ?? later.Addressee;
        if (later.Due is not null || DueText is null) (Due, DueText) = (later.Due ?? Due, later.DueText ?? DueText);
        foreach (var sentence in later.Evidence) Cite(sentence);
    }

    public void Cite(Sentence sentence)
    {
        if (Evidence.Count < MaxEvidence && !Evidence.Contains(sentence)) Evidence.Add(sentence);
    }
}
