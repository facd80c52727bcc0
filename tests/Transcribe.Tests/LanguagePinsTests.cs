using Pipeline.Transcribe.Captions;

namespace Pipeline.Transcribe.Tests;

public sealed class LanguagePinsTests
{
    [Fact]
    public void A_language_that_was_asked_for_is_everybodys()
    {
        var pins = new LanguagePins("pt-BR");
        pins.Heard("alice", "de", TimeSpan.FromSeconds(10), Words(0.9));
        Assert.Equal("pt-BR", pins.Of("alice"));
    }

    [Fact]
    public void Each_speakers_is_found_out_once_there_is_enough_speech_and_then_kept()
    {
        var pins = new LanguagePins(LanguagePins.Auto);
        pins.Heard("alice", "de", TimeSpan.FromSeconds(2), Words(0.9));
        pins.Heard("bob", "fr", TimeSpan.FromSeconds(4), Words(0.9));
        Assert.Equal(("auto", "fr", "auto"), (pins.Of("alice"), pins.Of("bob"), pins.Of("carol")));
        pins.Heard("alice", "en", TimeSpan.FromSeconds(2.9), Words(0.9));
        Assert.Equal("auto", pins.Of("alice"));
        pins.Heard("alice", "de", TimeSpan.FromSeconds(1), Words(0.9));
        Assert.Equal("de", pins.Of("alice"));
        pins.Heard("alice", "en", TimeSpan.FromSeconds(20), Words(0.9));
        Assert.Equal("de", pins.Of("alice"));
    }

    [Fact]
    public void What_is_hardly_believed_says_nothing_of_a_language()
    {
        var pins = new LanguagePins(LanguagePins.Auto);
        pins.Heard("alice", "nl", TimeSpan.FromSeconds(9), Words(0.5));
        pins.Heard("alice", "nl", TimeSpan.FromSeconds(9), []);
        Assert.Equal("auto", pins.Of("alice"));
    }

    [Fact]
    public void Three_doubtful_utterances_in_a_row_and_it_is_found_out_anew()
    {
        var pins = new LanguagePins(LanguagePins.Auto);
        pins.Remember("alice", "de", TimeSpan.FromSeconds(30));
        foreach (double confidence in new[] { 0.3, 0.3, 0.9, 0.3, 0.3 }) pins.Heard("alice", "de", TimeSpan.FromSeconds(3), Words(confidence));
        Assert.Equal("de", pins.Of("alice"));
        pins.Heard("alice", "de", TimeSpan.FromSeconds(3), Words(0.3));
        Assert.Equal("auto", pins.Of("alice"));
        pins.Heard("alice", "en", TimeSpan.FromSeconds(3), Words(0.9));
        Assert.Equal("en", pins.Of("alice"));
    }

    private static Word[] Words(double confidence) => [new Word("so", TimeSpan.Zero, TimeSpan.FromSeconds(1), confidence)];
}

public sealed class GlossaryTests
{
    [Theory]
    [InlineData("Kubernetes|Terraform", "Alice Smith|Bob", "Kubernetes, Terraform, Alice Smith, Bob.")]
    [InlineData("roadmap", "u-4711|x9|Jean-Luc|O'Neil|a", "roadmap, Jean-Luc, O'Neil.")]
    [InlineData("", "Alice|Bob", null)]
    [InlineData("v2.1| \n|line\nbreak", "line break", "v2.1, line break.")]
    [InlineData("", "12345", null)]
    public void Words_come_before_names_and_what_nobody_says_is_left_out(string vocabulary, string names, string? glossary) =>
        Assert.Equal(glossary, Glossary.Of(vocabulary.Split('|', StringSplitOptions.RemoveEmptyEntries), names.Split('|')));

    [Fact]
    public void It_is_never_long_and_holds_whole_words()
    {
        string glossary = Glossary.Of([.. Enumerable.Range(0, 100).Select(n => $"word number {n}")], ["Alice"])!;
        Assert.InRange(glossary.Length, Glossary.MaxLength - 40, Glossary.MaxLength);
        Assert.All(glossary.TrimEnd('.').Split(", "), word => Assert.StartsWith("word number ", word, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Alice, Bob.", true)]
    [InlineData("bob carol", true)]
    [InlineData("Alice Carol", false)]
    [InlineData("Bob", false)]
    public void An_echo_is_a_piece_of_it_as_it_stands(string heard, bool isEcho) => Assert.Equal(isEcho, Glossary.IsEcho("Alice, Bob, Carol.", heard.Split(' ')));
}
