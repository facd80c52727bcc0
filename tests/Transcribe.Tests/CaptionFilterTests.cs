using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

public sealed class CaptionFilterTests
{
    [Theory]
    [InlineData("Yes yes yes.", "Yes yes yes.")]                                             // people do
    [InlineData("no no no no no no", "no")]
    [InlineData("and so we go on and we go on, and we go on and we go on and", "and so we go on and")]
    [InlineData("the plan is fine the plan is", "the plan is fine the plan is")]
    [InlineData("", "")]
    public void A_loop_is_cut_at_its_first_repetition(string heard, string kept) =>
        Assert.Equal(kept, Text(CaptionFilter.WithoutLoops(Words(heard, 10))));

    [Theory]
    [InlineData(4.0, 10, 0.9f, -20, true)]               // seconds, words, confidence, level, believed
    [InlineData(1.0, 10, 0.9f, -20, false)]              // nobody speaks so fast
    [InlineData(0.3, 1, 0.9f, -20, true)]                // one short word is not fast
    [InlineData(4.0, 10, 0.25f, -20, false)]             // ln 0.25 < −1.3
    [InlineData(4.0, 10, 0.33f, -20, true)]
    [InlineData(4.0, 10, 0.33f, -55, false)]             // unsure, and hardly audible
    public void Text_is_believed_by_rate_confidence_and_level(double seconds, int count, float confidence, float level, bool believed)
    {
        string[] vocabulary = ["we", "will", "move", "it", "to", "March", "if", "all", "of", "you", "agree"];
        var words = Words(string.Join(' ', vocabulary.Take(count)), seconds, confidence);
        Assert.Equal(believed ? count : 0, CaptionFilter.Apply(Spoken(seconds, level), words, "en").Count);
    }

    [Theory]
    [InlineData("Thank you.", 0.95f, -20, true)]         // said
    [InlineData("Thank you.", 0.95f, -55, false)]        // made up over near silence
    [InlineData("Thanks for watching!", 0.4f, -20, false)]
    [InlineData("Thank you Martin.", 0.4f, -20, true)]
    public void Stock_phrases_need_more_than_a_guess(string text, float confidence, float level, bool believed) =>
        Assert.Equal(believed, CaptionFilter.Apply(Spoken(2, level), Words(text, 2, confidence), "en").Count > 0);

    [Fact]
    public void Words_get_the_meetings_time_and_stay_inside_the_speech_and_in_order()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var speech = Spoken(1 + 8 * random.NextDouble(), -20);
            SpokenWord[] heard = [.. Enumerable.Range(0, 6).Select(n => new SpokenWord(
                $"word{n}", TimeSpan.FromSeconds(n + random.NextDouble()), TimeSpan.FromSeconds(n + 3 * random.NextDouble()), 0.9))];
            var words = CaptionFilter.Apply(speech, heard, "en");
            var before = TimeSpan.FromSeconds(speech.SpeechStart / 16_000.0);
            foreach (var word in words)
            {
                Assert.True(word.Start >= before && word.End >= word.Start && word.End.TotalSeconds <= speech.SpeechEnd / 16_000.0 + 0.001, $"seed {seed}");
                before = word.Start;
            }
        }
    }

    [Fact]
    public void Words_that_are_all_put_at_the_end_are_spread_over_the_speech_by_their_length()
    {
        var speech = Spoken(3, -20);
        var end = TimeSpan.FromSeconds(3.4);
        SpokenWord[] heard = [new("We", end, end, 0.9), new("agreed", end, end, 0.9), new("on", end, end, 0.9), new("Wednesday.", end, end, 0.9)];

        var words = CaptionFilter.Apply(speech, heard, "en");

        Assert.Equal(["We", "agreed", "on", "Wednesday."], words.Select(w => w.Text));
        Assert.Equal(speech.SpeechStart / 16_000.0, words[0].Start.TotalSeconds, 0.001);
        Assert.Equal(speech.SpeechEnd / 16_000.0, words[^1].End.TotalSeconds, 0.001);
        Assert.All(words.Zip(words.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        Assert.True(words[3].End - words[3].Start > 3 * (words[0].End - words[0].Start));
    }

    [Fact]
    public void The_first_word_begins_where_speech_was_heard_to_begin()
    {
        SpokenWord[] heard =
        [
            new("We", TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1), 0.9),
            new("agree.", TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(1.9), 0.9),
        ];
        var words = CaptionFilter.Apply(Spoken(1.5, -20), heard, "en");
        Assert.Equal(100.4, words[0].Start.TotalSeconds, 2);
        Assert.Equal(101.9, words[1].End.TotalSeconds, 2);
    }

    /// <summary>100 s into the meeting, 0.4 s of quiet before it and 0.5 s after.</summary>
    private static Utterance Spoken(double seconds, float level)
    {
        const long first = 1_600_000, start = first + 6400;
        long end = start + (long)(16_000 * seconds);
        return new Utterance(1, first, new float[end - first + 8000], start, end, level);
    }

    private static SpokenWord[] Words(string text, double seconds, double confidence = 0.9)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. words.Select((word, n) => new SpokenWord(word, Time(n), Time(n + 1), confidence))];

        TimeSpan Time(int n) => TimeSpan.FromSeconds(0.4 + seconds * n / words.Length);
    }

    private static string Text(IReadOnlyList<SpokenWord> words) => string.Join(' ', words.Select(word => word.Text));
}
