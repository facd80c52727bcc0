using System.Collections.Concurrent;
using Pipeline.Transcribe.Captions;
using Xunit.Abstractions;

namespace Pipeline.Transcribe.Tests;

/// <summary>Speech goes in at one end, captions come out at the other; nothing between is simulated.</summary>
public sealed class SpeechEndToEndTests(ITestOutputHelper output)
{
    /// <summary>
    /// The model makes one to two errors in a hundred words on such voices when it is given single sentences; cutting at pauses costs
    /// a few more.
    /// </summary>
    private const double MaxWordErrorRate = 0.10;

    [Fact]
    public async Task A_meeting_and_single_utterances_are_transcribed_nearly_without_error()
    {
        await using var recognizer = Engine.Start();
        var spoken = SpokenFixtures.Utterances().Concat(SpokenFixtures.ReleaseReview());
        Assert.InRange((await RateAsync(recognizer, spoken, new CaptionOptions())).Rate, 0, MaxWordErrorRate);
    }

    [Fact]
    public async Task A_second_pass_hears_whole_utterances_as_well()
    {
        await using var recognizer = Engine.Start();
        var rate = await RateAsync(recognizer, SpokenFixtures.ReleaseReview().Take(1), new CaptionOptions { IsThorough = true, IsBackground = true });
        Assert.InRange(rate.Rate, 0, MaxWordErrorRate);
    }

    private async Task<WordErrorRate> RateAsync(Whisper.WhisperRecognizer recognizer, IEnumerable<SpokenFixtures.Spoken> all, CaptionOptions options, string? glossary = null)
    {
        var total = new WordErrorRate(0, 0);
        foreach (var spoken in all)
        {
            var captions = await TranscribeAsync(recognizer, SpokenFixtures.Samples(spoken.File), options, glossary);
            string text = string.Join(' ', captions.Select(caption => caption.Text));
            var rate = WordErrorRate.Of(spoken.Text, text);
            output.WriteLine($"{spoken.File}: {rate}\n  said  {spoken.Text}\n  heard {text}");
            total += rate;
        }
        output.WriteLine($"in total: {total}");
        return total;
    }

    [Fact]
    public async Task Words_to_expect_do_no_harm_to_others()
    {
        await using var recognizer = Engine.Start();
        string glossary = Glossary.Of(["Kubernetes", "Terraform"], ["Laura", "Kevin", "Martin"])!;
        Assert.InRange((await RateAsync(recognizer, SpokenFixtures.ReleaseReview().Take(1), new CaptionOptions(), glossary)).Rate, 0, MaxWordErrorRate);
    }

    [Fact]
    public async Task Sound_that_ends_in_the_middle_of_a_word_still_has_its_words_where_they_were_said()
    {
        await using var recognizer = Engine.Start();
        foreach (var spoken in SpokenFixtures.Utterances())
        {
            float[] whole = SpokenFixtures.Samples(spoken.File);
            var segment = spoken.Segments[0];
            for (double cut = segment.End - 0.3; cut < segment.End + 0.2; cut += 0.1)
            {
                var caption = Assert.Single(await TranscribeAsync(recognizer, whole[..(int)(cut * 16_000)]));
                output.WriteLine($"{spoken.File} to {cut:0.00} s: {caption.Start.TotalSeconds:0.00} … {caption.End.TotalSeconds:0.00} {caption.Text}");
                Assert.InRange(caption.Start.TotalSeconds, segment.Start - 0.2, segment.Start + 0.3);
                Assert.InRange(caption.End.TotalSeconds, cut - 0.7, cut + 0.1);
            }
        }
    }

    private static async Task<IReadOnlyList<Caption>> TranscribeAsync(Whisper.WhisperRecognizer recognizer, float[] sound, CaptionOptions? options = null, string? glossary = null)
    {
        var published = new ConcurrentQueue<Caption>();
        await using var captions = Engine.Captions(recognizer, published.Enqueue, options);
        captions.Glossary = glossary;
        captions.AddTrack(1);
        await captions.FeedAsync(1, sound);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        return [.. published];
    }
}
