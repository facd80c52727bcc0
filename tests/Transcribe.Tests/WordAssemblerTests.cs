using System.Text;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Tests;

public sealed class WordAssemblerTests
{
    [Fact]
    public void A_leading_space_begins_a_word_and_anything_else_continues_it()
    {
        var words = Assemble(" We", " agree", "d", ",", " Mar", "tin", ".");
        Assert.Equal(["We", "agreed,", "Martin."], words.Select(word => word.Text));
        Assert.Equal(TimeSpan.FromMilliseconds(10), words[1].Start);
        Assert.Equal(TimeSpan.FromMilliseconds(40), words[1].End);
    }

    [Fact]
    public void The_first_token_needs_no_space() => Assert.Equal(["Yes."], Assemble("Yes", ".").Select(word => word.Text));

    [Fact]
    public void A_character_may_come_in_two_tokens()
    {
        byte[] e = Encoding.UTF8.GetBytes("é");
        var words = Assemble([" caf"u8.ToArray(), e[..1], e[1..], " noir"u8.ToArray()]);
        Assert.Equal(["café", "noir"], words.Select(word => word.Text));
    }

    [Fact]
    public void Half_a_character_is_left_out()
    {
        byte[] cut = [.. " ok"u8, 0xE2, 0x82];
        Assert.Equal("ok", Assert.Single(Assemble([cut])).Text);
    }

    [Fact]
    public void A_word_is_as_sure_as_the_geometric_mean_of_its_tokens()
    {
        var word = Assert.Single(WordAssembler.Assemble(
            [new() { TextLength = 2, Probability = 0.9f }, new() { TextOffset = 2, TextLength = 1, Probability = 0.4f }], " ab"u8));
        Assert.Equal(0.6, word.Confidence, 3);
    }

    [Fact]
    public void Nothing_makes_nothing() => Assert.Empty(Assemble());

    [Fact]
    public void Whatever_bytes_the_tokens_hold_no_word_is_empty_or_broken()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            byte[][] tokens = new byte[random.Next(1, 20)][];
            for (int n = 0; n < tokens.Length; n++) random.NextBytes(tokens[n] = new byte[random.Next(0, 5)]);
            foreach (var word in Assemble(tokens))
            {
                Assert.True(word.Text.Length > 0 && !word.Text.Contains('\uFFFD'), $"seed {seed}");
                Assert.InRange(word.Confidence, 0, 1);
            }
        }
    }

    private static IReadOnlyList<Speech.SpokenWord> Assemble(params string[] tokens) => Assemble([.. tokens.Select(Encoding.UTF8.GetBytes)]);

    private static IReadOnlyList<Speech.SpokenWord> Assemble(byte[][] tokens)
    {
        var described = new LibWhisper.Token[tokens.Length];
        int at = 0;
        for (int n = 0; n < tokens.Length; n++)
        {
            described[n] = new() { TextOffset = at, TextLength = tokens[n].Length, StartCentiseconds = n, EndCentiseconds = n + 1, Probability = 0.9f };
            at += tokens[n].Length;
        }
        return WordAssembler.Assemble(described, tokens.SelectMany(token => token).ToArray());
    }
}
