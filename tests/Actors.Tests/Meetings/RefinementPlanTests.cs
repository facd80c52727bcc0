using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>What a second pass changes, and what it may not; the properties hold for any two hearings of any meeting.</summary>
public sealed class RefinementPlanTests
{
    private static readonly TrackId Alice = TrackId.New(DateTimeOffset.UnixEpoch), Bob = TrackId.New(DateTimeOffset.UnixEpoch);
    private long sequence;

    [Fact]
    public void A_segment_that_is_heard_otherwise_keeps_its_id()
    {
        var live = Live(1, 10, 14, "wreck a nice beach");
        var plan = RefinementPlan.Make([live], Heard([Again(1, 10.2, 14, "recognise speech")], (1, 10, 14)));
        var rewritten = Assert.Single(plan.Rewritten);
        Assert.Equal((live.Segment.Sequence, "recognise speech"), (rewritten.Sequence, rewritten.Caption.Text));
        Assert.Empty(plan.Added);
        Assert.Empty(plan.Superseded);
    }

    [Fact]
    public void What_is_heard_the_same_changes_nothing() =>
        Assert.True(IsEmpty(RefinementPlan.Make([Live(1, 10, 14, "the same")], Heard([Again(1, 10.1, 13.9, "the same")], (1, 10, 14)))));

    [Fact]
    public void Three_pieces_of_one_utterance_become_a_new_segment_that_names_them()
    {
        LiveSegment[] live = [Live(1, 0, 9, "one"), Live(1, 9, 18, "two"), Live(1, 18, 27, "three")];
        var whole = Again(1, 0, 27, "one two three");
        var plan = RefinementPlan.Make(live, Heard([whole], (1, 0, 27)));
        var added = Assert.Single(plan.Added);
        Assert.Equal((new SegmentId(whole.Segment), "one two three"), (added.Id, added.Caption.Text));
        Assert.Equal(live.Select(l => l.Segment.Id), added.Replaces);
        Assert.Equal(live.Select(l => l.Segment.Sequence), plan.Superseded);
    }

    [Fact]
    public void Of_two_pieces_the_longer_gives_its_id_and_the_other_is_named()
    {
        LiveSegment[] live = [Live(1, 0, 4, "one"), Live(1, 4, 10, "two")];
        var plan = RefinementPlan.Make(live, Heard([Again(1, 0, 10, "one two")], (1, 0, 10)));
        var rewritten = Assert.Single(plan.Rewritten);
        Assert.Equal(live[1].Segment.Sequence, rewritten.Sequence);
        Assert.Equal([live[0].Segment.Id], rewritten.Replaces);
        Assert.Equal([live[0].Segment.Sequence], plan.Superseded);
    }

    [Fact]
    public void A_corrected_segment_stays_and_its_words_are_said_once()
    {
        var corrected = Live(1, 4, 6, "written") is var l ? l with { Segment = l.Segment with { Correction = new SegmentCorrection(1, "key", default, "heard") } } : null!;
        var plan = RefinementPlan.Make([Live(1, 0, 4, "before", 0.4), corrected], Heard([Again(1, 0, 8, "a b c d e f g h")], (1, 0, 8)));
        Assert.Equal("a b c d g h", Assert.Single(plan.Rewritten).Caption.Text);
        Assert.Empty(plan.Superseded);
    }

    [Fact]
    public void What_was_made_up_goes_and_what_was_heard_clearly_stays_though_it_is_not_heard_again()
    {
        LiveSegment[] live = [Live(1, 0, 2, "made up", 0.3), Live(1, 5, 7, "clear", 0.8)];
        var plan = RefinementPlan.Make(live, Heard([], (1, 0, 2), (1, 5, 7)));
        Assert.Equal([live[0].Segment.Sequence], plan.Superseded);
    }

    [Fact]
    public void A_pass_that_was_led_astray_changes_nothing() =>
        Assert.True(IsEmpty(RefinementPlan.Make([Live(1, 0, 4, "good", 0.9)], Heard([Again(1, 0, 4, "astray", 0.5)], (1, 0, 4)))));

    [Fact]
    public void Only_what_has_no_caption_or_an_unsure_one_is_wanted_again()
    {
        LiveSegment[] live = [Live(1, 10, 14, "sure", 0.95), Live(1, 20, 24, "unsure", 0.6), Live(2, 30, 34, "sure", 0.95)];
        Assert.False(RefinementPlan.IsWanted(live, Span(1, 10, 14.5)));
        Assert.True(RefinementPlan.IsWanted(live, Span(1, 20, 24)));
        Assert.True(RefinementPlan.IsWanted(live, Span(1, 10, 16)));
        Assert.True(RefinementPlan.IsWanted(live, Span(1, 30, 34)));
        Assert.False(RefinementPlan.IsWanted(live, Span(1, 40, 40.5)));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Whatever_is_heard_each_id_has_one_fate_and_each_word_is_said_once(int seed)
    {
        var random = new Random(seed);
        for (int meeting = 0; meeting < 500; meeting++)
        {
            sequence = 0;
            var live = Enumerable.Range(1, 2).SelectMany(track => Spans(random).Select(s => Live(track, s.From, s.To, Words(random), random.NextDouble(), random.Next(6) == 0))).ToList();
            var again = Enumerable.Range(1, 2).SelectMany(track => Spans(random).Select(s => Again(track, s.From, s.To, Words(random), random.NextDouble()))).ToList();
            var asked = again.Where(_ => random.Next(5) > 0).Select(c => new HeardSpan(c.Track, c.Start, c.End)).ToList();
            var heard = new RefinedSpeech([.. again.Where(c => asked.Contains(new HeardSpan(c.Track, c.Start, c.End)))], asked);
            var plan = RefinementPlan.Make(live, heard);
            Check(live, heard, plan);

            var shuffled = RefinementPlan.Make([.. live.OrderBy(_ => random.Next())], new RefinedSpeech([.. heard.Captions.OrderBy(_ => random.Next())], asked));
            Assert.Equivalent(plan, shuffled, strict: true);
        }
    }

    private static void Check(IReadOnlyList<LiveSegment> live, RefinedSpeech heard, RefinementPlan plan)
    {
        var bySequence = live.ToDictionary(l => l.Segment.Sequence);
        long[] changed = [.. plan.Rewritten.Select(r => r.Sequence), .. plan.Superseded];
        Assert.Equal(changed.Length, changed.Distinct().Count());
        Assert.All(changed, s => Assert.Null(bySequence[s].Segment.Correction));
        Assert.Equal(plan.Added.Count, plan.Added.Select(a => a.Id).Distinct().Count());

        var refined = new List<(int Track, TimeSpan Start, TimeSpan End, IReadOnlyList<Word> Words)>();
        foreach (var r in plan.Rewritten)
        {
            var was = bySequence[r.Sequence];
            Assert.Equal(was.Track, r.Caption.Track);
            var overlap = Min(was.Segment.End, r.Caption.End) - Max(was.Segment.Start, r.Caption.Start);
            Assert.True(overlap * 2 >= was.Segment.End - was.Segment.Start && overlap * 2 >= r.Caption.End - r.Caption.Start);
        }
        foreach (var (caption, replaces) in plan.Rewritten.Select(r => (r.Caption, r.Replaces)).Concat(plan.Added.Select(a => (a.Caption, a.Replaces))))
        {
            Assert.All(replaces, id =>
            {
                var gone = live.Single(l => l.Segment.Id == id);
                Assert.Contains(gone.Segment.Sequence, plan.Superseded);
                Assert.Equal(caption.Track, gone.Track);
                Assert.True(gone.Segment.Start < caption.End && caption.Start < gone.Segment.End);
            });
            Assert.Equal(caption.Text, string.Join(' ', caption.Words.Select(word => word.Text)));
            Assert.NotEmpty(caption.Words);
            // What people wrote is where it was: no word is said under it.
            Assert.All(live.Where(l => l.Track == caption.Track && l.Segment.Correction is not null), l =>
                Assert.DoesNotContain(caption.Words, word => l.Segment.Start <= Middle(word) && Middle(word) < l.Segment.End));
        }
        // Each word of the second pass is taken once at most.
        Word[] taken = [.. plan.Rewritten.SelectMany(r => r.Caption.Words), .. plan.Added.SelectMany(a => a.Caption.Words)];
        Assert.Equal(taken.Length, taken.Distinct(ReferenceEqualityComparer.Instance).Count());
        Assert.All(taken, word => Assert.Contains(heard.Captions, c => c.Words.Contains(word, ReferenceEqualityComparer.Instance)));
    }

    private static bool IsEmpty(RefinementPlan plan) => plan.Rewritten.Count + plan.Added.Count + plan.Superseded.Count == 0;

    private LiveSegment Live(int track, double from, double to, string text, double confidence = 0.9, bool corrected = false) => new(track, new Segment(
        SegmentId.New(DateTimeOffset.UnixEpoch), ++sequence, MeetingId.New(DateTimeOffset.UnixEpoch), track == 1 ? Alice : Bob, new Participant("alice", "Alice", "granted"),
        TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), text, "en", Spread(from, to, text, confidence), false)
    {
        Correction = corrected ? new SegmentCorrection(1, "key", DateTimeOffset.UnixEpoch, text) : null,
    });

    private static Caption Again(int track, double from, double to, string text, double confidence = 0.9) =>
        new(track, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), text, "en", Spread(from, to, text, confidence), Late: true);

    private static RefinedSpeech Heard(IReadOnlyList<Caption> captions, params (int Track, double From, double To)[] asked) =>
        new(captions, [.. asked.Select(a => Span(a.Track, a.From, a.To))]);

    private static HeardSpan Span(int track, double from, double to) => new(track, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to));

    private static Word[] Spread(double from, double to, string text, double confidence)
    {
        string[] words = text.Split(' ');
        double each = (to - from) / words.Length;
        return [.. words.Select((word, n) => new Word(word, TimeSpan.FromSeconds(from + n * each), TimeSpan.FromSeconds(from + (n + 1) * each), confidence))];
    }

    /// <summary>In order and apart, as one track's utterances are.</summary>
    private static List<(double From, double To)> Spans(Random random)
    {
        List<(double, double)> spans = [];
        for (double at = random.NextDouble() * 5; at < 60;)
        {
            double end = at + 0.3 + random.NextDouble() * 12;
            spans.Add((at, end));
            at = end + (random.Next(3) == 0 ? 0 : random.NextDouble() * 4);
        }
        return spans;
    }

    private static string Words(Random random) => string.Join(' ', Enumerable.Range(0, 1 + random.Next(8)).Select(_ => $"w{random.Next(1000)}"));
    private static TimeSpan Middle(Word word) => word.Start + (word.End - word.Start) / 2;
    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
