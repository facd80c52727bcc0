using System.Collections.Concurrent;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

/// <summary>What the pipeline publishes while somebody speaks. The recognizer is a script, the time simulated.</summary>
public sealed class PartialCaptionTests
{
    private const int Second = 16_000;
    private static readonly CaptionOptions WithPartials = new() { Partials = true };

    /// <summary>Two seconds without a pause worth the name.</summary>
    private static readonly float[] Phrase = SpokenFixtures.Samples("utterance-04.wav")[(Second / 2)..(Second * 9 / 4)];

    private readonly ConcurrentQueue<Caption> published = new();
    private readonly ScriptedRecognizer recognizer = new() { Answer = WordAfterWord };
    private readonly ManualClock clock = new();

    [Fact]
    public async Task A_segment_is_shown_while_it_is_said_and_ends_under_the_same_id()
    {
        await using var captions = Captions();
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, [.. Phrase, .. Phrase, .. Phrase]);
        Assert.True(published.Count >= 3, $"{published.Count} partials of five seconds");
        Assert.True(await captions.FinishAsync(Engine.Patience));

        var revisions = Assert.Single(AssertInvariants());
        Assert.Equal(Enumerable.Range(1, revisions.Count), revisions.Select(revision => revision.Revision));
        Assert.True(revisions[^2].StableWords > 0);
        Assert.Equal(revisions[^1].Words.Count, revisions[^1].StableWords);
    }

    [Fact]
    public async Task What_is_caught_up_on_has_no_partials()
    {
        await using var captions = Engine.Captions(recognizer, published.Enqueue, clock: clock);
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, [.. Phrase, .. Phrase]);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal((1, true), (recognizer.Asked, Assert.Single(published).IsFinal));
    }

    [Fact]
    public async Task Only_one_partial_of_a_track_is_asked_for_and_its_final_does_not_wait_for_it()
    {
        var asked = new ConcurrentQueue<(bool IsPartial, int Length)>();
        recognizer.Answer = job =>
        {
            asked.Enqueue((job.IsPartial, job.Samples.Length));
            return WordAfterWord(job);
        };
        recognizer.Hold();
        await using var captions = Captions();
        captions.AddTrack(1);
        await captions.FeedAsync(1, [.. Sounds.Silence(0.5), .. Phrase, .. Phrase, .. Phrase]);
        await recognizer.AskedAtLeast(1);
        Assert.Equal(1, recognizer.Asked);
        captions.EndTrack(1);
        await recognizer.AskedAtLeast(2);
        recognizer.LetGo();
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.False(Assert.Single(asked).IsPartial);                            // the partial was cancelled: its answer was never made
        Assert.Equal((1, true), (Assert.Single(published).Revision, published.Single().IsFinal));
    }

    [Theory]
    [InlineData(SpeechEffort.Full, 5, 8)]
    [InlineData(SpeechEffort.LongerHop, 2, 3)]
    [InlineData(SpeechEffort.FinalsOnly, 0, 0)]
    [InlineData(SpeechEffort.Deferred, 0, 0)]
    public async Task The_less_of_the_engine_there_is_the_fewer_partials_are_asked_for(SpeechEffort effort, int fewest, int most)
    {
        int partials = 0;
        recognizer.Effort = effort;
        recognizer.Answer = job =>
        {
            if (job.IsPartial) partials++;
            return WordAfterWord(job);
        };
        await using var captions = Captions();
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, [.. Phrase, .. Phrase, .. Phrase, .. Phrase[..Second]]);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.InRange(partials, fewest, most);
        Assert.Single(published, caption => caption.IsFinal);
    }

    [Fact]
    public async Task Where_only_one_can_be_shown_it_is_the_loudest()
    {
        recognizer.Effort = SpeechEffort.LoudestOnly;
        await using var captions = Captions();
        captions.AddTrack(1);
        captions.AddTrack(2);
        Assert.Equal(new CaptionsState.Degraded(SpeechEffort.LoudestOnly), captions.Status);
        float[] sound = [.. Sounds.Silence(0.5), .. Phrase, .. Phrase, .. Phrase], quieter = [.. sound.Select(sample => sample / 4)];
        for (int at = 0; at + 1600 <= sound.Length; at += 1600)
        {
            await captions.FeedAsync(1, quieter[at..(at + 1600)], at);
            await captions.FeedAsync(2, sound[at..(at + 1600)], at);
            await ScriptedRecognizer.UntilAsync(() => recognizer.Answered == recognizer.Asked, captions);
        }
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal([2], published.Where(caption => !caption.IsFinal).Select(caption => caption.Track).Distinct());
        Assert.Equal([1, 2], published.Where(caption => caption.IsFinal).Select(caption => caption.Track).Order());
    }

    [Fact]
    public async Task A_segment_that_was_shown_and_comes_to_nothing_says_so_under_its_id()
    {
        recognizer.Answer = job => job.IsPartial ? ScriptedRecognizer.Heard("hello") : new RecognizeOutcome.Recognized([], "en");
        await using var captions = Captions();
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, Phrase);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal([("hello", false, 1), ("", true, 2)], Assert.Single(AssertInvariants()).Select(c => (c.Text, c.IsFinal, c.Revision)));
    }

    [Fact]
    public async Task Speech_that_cannot_be_recognised_is_taken_back_where_it_was_shown()
    {
        recognizer.Answer = job => job.IsPartial ? WordAfterWord(job) : new RecognizeOutcome.Failed("the worker died of it twice", CanRetry: false);
        await using var captions = Captions();
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, [.. Phrase, .. Phrase]);
        Assert.False(await captions.FinishAsync(Engine.Patience));
        Assert.Equal("", Assert.Single(AssertInvariants())[^1].Text);
    }

    [Fact]
    public async Task A_run_that_ends_in_mid_sentence_takes_back_what_it_showed_of_it()
    {
        await using (var captions = Captions())
        {
            captions.AddTrack(1);
            await SpeakAsync(captions, 1, [.. Phrase, .. Phrase]);
            Assert.NotEmpty(published);
        }
        Assert.Equal("", Assert.Single(AssertInvariants())[^1].Text);
    }

    [Fact]
    public async Task A_pause_ends_the_segment_and_what_is_said_after_it_is_another()
    {
        await using var captions = Captions();
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, [.. Phrase, .. Phrase]);
        captions.PauseTrack(1);
        await ScriptedRecognizer.UntilAsync(() => published.Any(c => c.IsFinal), captions);
        await SpeakAsync(captions, 1, Phrase, 60 * Second);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(2, AssertInvariants().Count);
    }

    [Fact]
    public async Task After_two_hypotheses_that_fail_only_the_final_is_asked_for()
    {
        int partials = 0;
        recognizer.Answer = job =>
        {
            if (!job.IsPartial) return WordAfterWord(job);
            partials++;
            return new RecognizeOutcome.Failed("the speech worker died", CanRetry: false);
        };
        await using var captions = Captions();
        captions.AddTrack(1);
        await SpeakAsync(captions, 1, [.. Phrase, .. Phrase, .. Phrase]);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        Assert.Equal(2, partials);
        Assert.Equal(1, Assert.Single(published).Revision);
    }

    [Fact]
    public async Task Whatever_the_recognizer_says_every_segment_keeps_its_promises()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            published.Clear();
            var random = new Random(seed);
            var once = new Lock();
            recognizer.Answer = job =>
            {
                lock (once) return Anything(random, job);
            };
            await using var captions = Captions();
            int[] tracks = [1, 2, 3];
            foreach (int track in tracks) captions.AddTrack(track);
            await Task.WhenAll(tracks.Select(async track =>
            {
                for (int n = 0; n < 3; n++) await SpeakAsync(captions, track, [.. Phrase, .. Phrase, .. Sounds.Silence(0.7)], 20L * Second * n);
            }));
            await captions.FinishAsync(Engine.Patience);
            Assert.Contains(published, caption => !caption.IsFinal);
            AssertInvariants($"seed {seed}");
        }
    }

    /// <summary>Rising revisions, stable words that stay, and one final, which is the last.</summary>
    private List<List<Caption>> AssertInvariants(string with = "")
    {
        List<List<Caption>> segments = [.. published.GroupBy(caption => caption.Segment).Select(segment => segment.ToList())];
        foreach (var revisions in segments)
        {
            Assert.Single(revisions, revision => revision.IsFinal);
            Assert.True(revisions[^1].IsFinal, with);
            foreach (var (earlier, later) in revisions.Zip(revisions.Skip(1)))
            {
                Assert.Equal(earlier.Revision + 1, later.Revision);
                if (later is { IsFinal: true, Text.Length: 0 }) continue;
                string promised = string.Join(' ', earlier.Words.Take(earlier.StableWords).Select(word => word.Text));
                Assert.True(later.StableWords >= earlier.StableWords && later.Text.StartsWith(promised, StringComparison.Ordinal), $"{with}: “{later.Text}” after “{promised}”");
            }
        }
        return segments;
    }

    private CaptionPipeline Captions() => Engine.Captions(recognizer, published.Enqueue, WithPartials, clock);

    /// <summary>As people do: what is asked for meanwhile is answered before much more is said.</summary>
    private async Task SpeakAsync(CaptionPipeline captions, int track, float[] speech, long firstSample = 0)
    {
        float[] sound = [.. Sounds.Silence(0.5), .. speech];
        for (int at = 0; at < sound.Length; at += 3200)
        {
            await captions.FeedAsync(track, sound[at..Math.Min(at + 3200, sound.Length)], firstSample + at);
            await ScriptedRecognizer.UntilAsync(() => recognizer.Answered == recognizer.Asked, captions);
        }
    }

    /// <summary>A word for each 0.4 s.</summary>
    private static RecognizeOutcome.Recognized WordAfterWord(SpeechJob job)
    {
        int count = Math.Max(1, (int)((job.Samples.Length / (double)Second - 0.4) / 0.4));
        return new RecognizeOutcome.Recognized(
            [.. Enumerable.Range(0, count).Select(n => new SpokenWord($"word{n}", TimeSpan.FromSeconds(0.4 + 0.4 * n), TimeSpan.FromSeconds(0.8 + 0.4 * n), 0.9))], "en");
    }

    private static RecognizeOutcome Anything(Random random, SpeechJob job)
    {
        if (random.Next(8) == 0) return new RecognizeOutcome.Failed("no", CanRetry: job.IsPartial);
        if (random.Next(8) == 0) return new RecognizeOutcome.Recognized([], "en");
        var heard = WordAfterWord(job);
        return heard with { Words = [.. heard.Words.Where(_ => random.Next(6) > 0).Select(word => random.Next(6) > 0 ? word : word with { Text = "other" })] };
    }
}
