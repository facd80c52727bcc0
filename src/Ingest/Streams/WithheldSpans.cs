namespace Pipeline.Ingest.Streams;

/// <summary>When of a track only headers were kept, and why. As few spans as there were commands, in order.</summary>
public sealed class WithheldSpans
{
    private readonly List<Gap> spans = [];

    /// <summary>Why payloads are discarded as they arrive: <see cref="GapKind.Pause"/> or <see cref="GapKind.Consent"/>. Null: they are taken.</summary>
    public GapKind? Reason { get; private set; }
    /// <summary>Meeting time since when it is heard, where it was not before: what was sent earlier, and comes late, is not taken either.</summary>
    public TimeSpan HeardFrom { get; private set; } = TimeSpan.FromDays(-1);
    /// <summary>Those that are not empty.</summary>
    public IEnumerable<Gap> Gaps => spans.Where(s => s.To > s.From);

    /// <summary>False where only the header of what arrived then may be kept.</summary>
    public bool Takes(TimeSpan arrival) => Reason is null && arrival >= HeardFrom;

    /// <summary>From now on only headers come. Another reason takes the place of the one before.</summary>
    public void Begin(GapKind why, TimeSpan at)
    {
        if (Reason == why) return;
        if (Reason is not null) ExtendTo(at);
        Reason = why;
        if (spans.Count > 0 && spans[^1].From == spans[^1].To) spans.RemoveAt(spans.Count - 1);
        if (spans.Count > 0 && spans[^1].Kind == why && at - spans[^1].To < TimeSpan.FromMilliseconds(1)) ExtendTo(at);   // over a restart it is one
        else spans.Add(new Gap(at, at, why));
    }

    /// <summary>What withholds it lasts until then, at least.</summary>
    public void ExtendTo(TimeSpan to)
    {
        if (Reason is not null && to > spans[^1].To) spans[^1] = spans[^1] with { To = to };
    }

    /// <summary>The meeting ends here: nothing was withheld later.</summary>
    public void CutAt(TimeSpan end)
    {
        for (int n = 0; n < spans.Count; n++)
            if (spans[n].To > end) spans[n] = spans[n] with { To = end };            // of one that began later nothing is left
    }

    /// <summary>What arrives from then on is taken again.</summary>
    public void End(TimeSpan at)
    {
        ExtendTo(at);
        (Reason, HeardFrom) = (null, at);
    }

    /// <summary>What was said to be heard from <paramref name="said"/> on is heard from <paramref name="at"/> on indeed.</summary>
    public void EndLater(TimeSpan said, TimeSpan at)
    {
        if (Reason is not null || HeardFrom != said) return;
        if (spans.Count > 0) spans[^1] = spans[^1] with { To = at };
        HeardFrom = at;
    }

    /// <param name="at">Meeting time at which a frame of the mix ends, which is seconds behind: at most the last few spans are after it.</param>
    public bool Holds(TimeSpan at)
    {
        for (int n = spans.Count - 1; n >= 0; n--)
            if (spans[n].From < at) return at <= spans[n].To;
        return false;
    }

    /// <summary>Gives what of the span was not withheld. True when some of it was.</summary>
    public bool Except(TimeSpan from, TimeSpan to, Action<TimeSpan, TimeSpan> rest)
    {
        bool some = false;
        foreach (var span in spans)
        {
            if (span.To <= from || span.From >= to) continue;
            if (span.From > from) rest(from, span.From);
            (from, some) = (span.To, true);
        }
        if (from < to) rest(from, to);
        return some;
    }
}
