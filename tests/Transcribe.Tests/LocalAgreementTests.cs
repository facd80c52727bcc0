using Pipeline.Transcribe.Captions;

namespace Pipeline.Transcribe.Tests;

public sealed class LocalAgreementTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly LocalAgreement agreement = new(Second / 2, Second);

    [Fact]
    public void What_two_hypotheses_in_a_row_agree_on_is_stable_but_for_the_last_word()
    {
        Assert.Equal("|we ship on", Show("we ship on"));
        Assert.Equal("we ship on|Friday", Show("we ship on Friday"));
    }

    [Theory]
    [InlineData("we ship", "we shipped it", "we|shipped it")]
    [InlineData("we ship. Now", "we ship now or", "we|ship now or")]             // a full stop that was none
    [InlineData("the audit is", "an audit is due", "|an audit is due")]
    [InlineData("yes", "yes", null)]                                             // nothing new to show
    public void Only_words_that_are_letter_for_letter_the_same_agree(string first, string second, string? shown)
    {
        Show(first);
        Assert.Equal(shown, Show(second));
    }

    [Fact]
    public void A_hypothesis_that_contradicts_what_is_stable_goes_on_after_it()
    {
        Show("all right then we go");
        Assert.Equal("all right then we go|on", Show("all right then we go on"));
        Assert.Equal("all right then we go home", Text(agreement.Finish(Words("alright then we go home"))));
        Assert.Equal("all right then we go on|home", Show("alright then we go on home"));
    }

    [Fact]
    public void The_final_has_the_stable_words_as_they_were_promised_and_the_times_of_the_whole()
    {
        Show("we ship on Friday");
        Show("we ship on Friday morning");
        var final = agreement.Finish(Words("We ship on Friday, morning.", late: 0.25));
        Assert.Equal("we ship on Friday morning.", Text(final));
        Assert.Equal(TimeSpan.FromSeconds(0.25), final[0].Start);
    }

    [Fact]
    public void A_final_that_hears_nothing_keeps_what_was_promised_and_nothing_else()
    {
        Assert.Empty(new LocalAgreement(Second / 2, Second).Finish([]));
        Show("we ship on Friday");
        Show("we ship on Friday morning");
        Assert.Equal("we ship on Friday", Text(agreement.Finish([])));
    }

    [Fact]
    public void Words_at_the_edge_of_the_sound_are_held_back() =>
        Assert.Equal("|we ship", Show("we ship on", until: Words("we ship on")[^1].End + LocalAgreement.Edge / 2));

    [Fact]
    public void Hypotheses_in_two_languages_agree_on_nothing()
    {
        agreement.Revise(Words("so wie also"), "de", 60 * Second);
        Assert.Equal(0, agreement.Revise(Words("so wie also nun"), "en", 60 * Second)!.StableWords);
    }

    [Fact]
    public void One_is_due_each_half_second_of_speech_until_something_is_shown_and_then_each_second()
    {
        Assert.False(agreement.IsDue(0.4 * Second));
        Assert.True(agreement.IsDue(0.5 * Second));
        agreement.Asked(0.5 * Second);
        Assert.False(agreement.IsDue(0.9 * Second));
        Assert.True(agreement.IsDue(1.0 * Second));
        agreement.Asked(1.0 * Second);
        Show("we ship");
        Assert.False(agreement.IsDue(1.9 * Second));
        Assert.True(agreement.IsDue(2.0 * Second));
        agreement.Asked(4 * Second);                                             // the answer took its time: what was missed is not made up for
        Assert.False(agreement.IsDue(4.9 * Second));
    }

    [Fact]
    public void Whatever_is_heard_what_is_stable_stays_and_never_becomes_less()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var policy = new LocalAgreement(Second / 2, Second);
            string promised = "";
            for (int n = random.Next(1, 10); n > 0; n--)
            {
                var heard = Any(random);
                if (policy.Revise(heard, random.Next(9) == 0 ? "de" : "en", random.Next(12) * Second) is not { } shown) continue;
                string stable = Text(shown.Words.Take(shown.StableWords));
                Assert.True(shown.StableWords <= shown.Words.Count && Begins(stable, promised), $"seed {seed}: “{stable}” after “{promised}”");
                AssertInOrder(shown.Words, seed);
                promised = stable;
            }
            var final = policy.Finish(Any(random));
            Assert.True(Begins(Text(final), promised), $"seed {seed}: “{Text(final)}” after “{promised}”");
            AssertInOrder(final, seed);
        }
    }

    /// <summary>Few different words, so that hypotheses often agree, and often do not.</summary>
    private static List<Word> Any(Random random)
    {
        string[] vocabulary = ["a", "b", "B,", "c."];
        string[] said = ["a", "b", "c.", "a", "B,"];
        var text = said.Take(random.Next(said.Length + 1)).Select(word => random.Next(4) == 0 ? vocabulary[random.Next(vocabulary.Length)] : word).ToList();
        if (text.Count > 0 && random.Next(4) == 0) text.RemoveAt(random.Next(text.Count));
        return [.. text.Select((word, n) => new Word(word, (n + random.NextDouble() / 2) * Second, (n + 0.9) * Second, 0.9))];
    }

    private static void AssertInOrder(IReadOnlyList<Word> words, int seed)
    {
        for (int n = 0; n < words.Count; n++)
            Assert.True(words[n].End >= words[n].Start && (n == 0 || words[n].Start >= words[n - 1].Start), $"seed {seed}: word {n} begins before the one before it");
    }

    private static bool Begins(string text, string promised) => promised.Length == 0 || text == promised || text.StartsWith(promised + " ", StringComparison.Ordinal);

    /// <returns>What is stable, a bar, the rest; null where nothing changed.</returns>
    private string? Show(string heard, TimeSpan? until = null) =>
        agreement.Revise(Words(heard), "en", until ?? 60 * Second) is { } shown
            ? $"{Text(shown.Words.Take(shown.StableWords))}|{Text(shown.Words.Skip(shown.StableWords))}"
            : null;

    /// <summary>Half a second each.</summary>
    private static IReadOnlyList<Word> Words(string text, double late = 0) =>
        [.. text.Split(' ').Select((word, n) => new Word(word, (late + n / 2.0) * Second, (late + n / 2.0 + 0.5) * Second, 0.9))];

    private static string Text(IEnumerable<Word> words) => string.Join(' ', words.Select(word => word.Text));
}
