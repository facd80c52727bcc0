using Pipeline.Actors.Media;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Meetings;

/// <summary>Which of a meeting's transcripts: the captions it had, or what a second pass over all of it made of them.</summary>
public enum TranscriptVersion { Live, Refined }

/// <summary>A segment of the live transcript, under the number of its track.</summary>
public sealed record LiveSegment(int Track, Segment Segment);

/// <summary>A live segment that says something else in the refined transcript, under its id.</summary>
/// <param name="Replaces">Others that it says the words of, too.</param>
public sealed record RewrittenSegment(long Sequence, Caption Caption, IReadOnlyList<SegmentId> Replaces);

/// <summary>A segment that only the refined transcript has.</summary>
/// <param name="Replaces">Live ones that it is in the place of; none where nothing had been heard.</param>
public sealed record AddedSegment(SegmentId Id, Caption Caption, IReadOnlyList<SegmentId> Replaces);

/// <summary>
/// How the refined transcript differs from the live one. What it does not name is in both. Pure: made of what was heard live, what people
/// corrected, and what the second pass heard. A corrected segment is nobody's to change; where nothing better was heard the live one stays.
/// </summary>
/// <param name="Superseded">Sequences of live segments that the refined transcript does not have.</param>
public sealed record RefinementPlan(
    IReadOnlyList<RewrittenSegment> Rewritten, IReadOnlyList<AddedSegment> Added, IReadOnlyList<long> Superseded)
{
    /// <summary>Mean log probability from which a live segment is as good as can be: all its words were the likeliest by far.</summary>
    private const double SureFrom = -0.15;
    /// <summary>And none of its words is less likely.</summary>
    private const double NoWordBelow = 0.5;
    /// <summary>A second pass that is less sure than the first by more than this was led astray.</summary>
    private const double MayBeLessSureBy = 0.25;
    /// <summary>Less sure than this, and not heard again: it was made up.</summary>
    private const double MadeUpBelow = -0.7;

    /// <summary>Speech without a caption that is too short for a word.</summary>
    private static readonly TimeSpan Cough = TimeSpan.FromMilliseconds(700);

    /// <summary>Whether what was said in the span should be recognised again: some of it has no caption, or one that may be wrong.</summary>
    /// <param name="live">The live transcript.</param>
    public static bool IsWanted(IReadOnlyList<LiveSegment> live, HeardSpan span)
    {
        var uncovered = span.End - span.Start;
        foreach (var (_, segment) in live.Where(l => l.Track == span.Track))
        {
            var overlap = Overlap(segment.Start, segment.End, span.Start, span.End);
            if (overlap <= TimeSpan.Zero) continue;
            if (!IsSure(segment)) return true;
            uncovered -= overlap;
        }
        return uncovered > Cough;
    }

    /// <summary>Corrected, or as good as the engine can.</summary>
    internal static bool IsSure(Segment segment) =>
        segment.Correction is not null || (Sureness(segment.Words) >= SureFrom && segment.Words.All(word => word.Confidence >= NoWordBelow));

    public static RefinementPlan Make(IReadOnlyList<LiveSegment> live, RefinedSpeech heard)
    {
        List<RewrittenSegment> rewritten = [];
        List<AddedSegment> added = [];
        List<long> superseded = [];
        foreach (var track in heard.Asked.GroupBy(asked => asked.Track).OrderBy(asked => asked.Key))
        {
            Segment[] said = [.. live.Where(l => l.Track == track.Key).Select(l => l.Segment).OrderBy(s => s.Start).ThenBy(s => s.Sequence)];
            Caption[] again = [.. heard.Captions.Where(c => c.Track == track.Key && c.Words.Count > 0).OrderBy(c => c.Start).ThenBy(c => c.Segment)];
            var open = said.Where(s => s.Correction is null && track.Sum(asked => Math.Max(0, Overlap(asked.Start, asked.End, s.Start, s.End).Ticks)) * 2 >= (s.End - s.Start).Ticks).ToHashSet();
            again = [.. again.Where(caption => IsBetter(caption, open))];
            // Words under a segment that stays are said already.
            var staying = said.Where(s => !open.Contains(s)).ToList();
            Match(open, [.. again.Select(caption => Without(caption, staying)).OfType<Caption>()], rewritten, added, superseded);
        }
        return new RefinementPlan(rewritten, added, superseded);
    }

    /// <summary>Where it is not, what was heard live in its place stays, and is open to no other.</summary>
    private static bool IsBetter(Caption caption, HashSet<Segment> open)
    {
        var before = open.Where(s => Overlap(s.Start, s.End, caption.Start, caption.End) > TimeSpan.Zero).ToList();
        if (before.Count == 0 || Sureness(caption.Words) >= Sureness([.. before.SelectMany(s => s.Words)]) - MayBeLessSureBy) return true;
        open.ExceptWith(before);
        return false;
    }

    private static void Match(
        HashSet<Segment> open, IReadOnlyList<Caption> again, List<RewrittenSegment> rewritten, List<AddedSegment> added, List<long> superseded)
    {
        var pairs = from s in open
                    from c in again
                    let overlap = Overlap(s.Start, s.End, c.Start, c.End)
                    where overlap > TimeSpan.Zero && overlap * 2 >= Longer(s.End - s.Start, c.End - c.Start)
                    orderby overlap descending, s.Sequence, c.Start
                    select (Segment: s, Caption: c);
        var kept = new Dictionary<Caption, Segment>(ReferenceEqualityComparer.Instance);
        HashSet<Segment> taken = [];
        foreach (var (segment, caption) in pairs)
            if (!taken.Contains(segment) && kept.TryAdd(caption, segment)) taken.Add(segment);

        HashSet<Segment> replaced = [];
        foreach (var caption in again)
        {
            List<Segment> others = [.. open.Where(s => !taken.Contains(s) && Overlap(s.Start, s.End, caption.Start, caption.End) > TimeSpan.Zero).OrderBy(s => s.Start)];
            replaced.UnionWith(others);
            IReadOnlyList<SegmentId> replaces = [.. others.Select(s => s.Id)];
            if (!kept.TryGetValue(caption, out var same)) added.Add(new AddedSegment(new SegmentId(caption.Segment), caption, replaces));
            else if (same.Text != caption.Text || others.Count > 0) rewritten.Add(new RewrittenSegment(same.Sequence, caption, replaces));
        }
        superseded.AddRange(open.Where(s => !taken.Contains(s) && (replaced.Contains(s) || (s.Words.Count > 0 && Sureness(s.Words) < MadeUpBelow))).Select(s => s.Sequence).Order());
    }

    /// <summary>Without the words that lie in the middle of others; null where none are left.</summary>
    private static Caption? Without(Caption caption, IReadOnlyList<Segment> staying)
    {
        Word[] words = [.. caption.Words.Where(word => !staying.Any(s => s.Start <= Middle(word) && Middle(word) < s.End))];
        if (words.Length == caption.Words.Count) return caption;
        if (words.Length == 0) return null;
        return caption with
        {
            Words = words,
            StableWords = words.Length,
            Text = string.Join(' ', words.Select(word => word.Text)),
            Start = words[0].Start,
            End = words[^1] == caption.Words[^1] ? caption.End : words[^1].End,
        };
    }

    /// <summary>Mean log probability; nothing is surer than no words.</summary>
    private static double Sureness(IReadOnlyList<Word> words) => words.Count == 0 ? double.NegativeInfinity : words.Average(word => Math.Log(Math.Max(word.Confidence, 1e-6)));

    private static TimeSpan Middle(Word word) => word.Start + (word.End - word.Start) / 2;
    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>Negative or zero where there is none.</summary>
    private static TimeSpan Overlap(TimeSpan start, TimeSpan end, TimeSpan otherStart, TimeSpan otherEnd) =>
        (end < otherEnd ? end : otherEnd) - (start > otherStart ? start : otherStart);
}
