using System.Text;
using Pipeline.Transcribe.Endpoint;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

/// <summary>Answers as servers give them, and what else may come.</summary>
public sealed class TranscriptionAnswerTests
{
    [Fact]
    public void Words_beside_the_segments_have_their_segments_confidence()
    {
        var heard = Read("""
            {"task":"transcribe","language":"english","duration":3.0,"text":"We ship on Friday.",
             "words":[{"word":"We","start":0.1,"end":0.3},{"word":"ship","start":0.3,"end":0.8},{"word":"on","start":0.9,"end":1.0},{"word":"Friday","start":1.1,"end":1.9}],
             "segments":[{"id":0,"start":0.0,"end":0.85,"text":"We ship","avg_logprob":-0.1},{"id":1,"start":0.85,"end":3.0,"text":"on Friday.","avg_logprob":-1.2}]}
            """);
        Assert.Equal("en", heard.Language);
        Assert.Equal(["We", "ship", "on", "Friday"], heard.Words.Select(word => word.Text));
        Assert.Equal([0.9, 0.9, 0.3, 0.3], heard.Words.Select(word => Math.Round(word.Confidence, 1)));
        Assert.Equal((TimeSpan.FromSeconds(1.1), TimeSpan.FromSeconds(1.9)), (heard.Words[3].Start, heard.Words[3].End));
    }

    [Fact]
    public void Tokens_in_the_segments_become_words()
    {
        var heard = Read("""
            {"language":"german","text":" Grüße, Kubernetes.","segments":[{"id":0,"text":" Grüße, Kubernetes.","words":[
              {"word":" Gr","start":0.0,"end":0.2,"probability":0.9},{"word":"üße","start":0.2,"end":0.4,"probability":0.4},{"word":",","start":0.4,"end":0.4,"probability":1.0},
              {"word":" Kuber","start":0.5,"end":0.8,"probability":0.9},{"word":"netes","start":0.8,"end":1.1,"probability":0.9},{"word":".","start":1.1,"end":1.2,"probability":0.9}]}]}
            """);
        Assert.Equal(("de", "Grüße,|Kubernetes."), (heard.Language, string.Join('|', heard.Words.Select(word => word.Text))));
        Assert.Equal(Math.Pow(0.36, 1 / 3.0), heard.Words[0].Confidence, 6);
        Assert.Equal(TimeSpan.FromSeconds(1.2), heard.Words[1].End);
    }

    [Theory]
    [InlineData("""{"text":"one two","segments":[{"start":1,"end":3,"text":"one two"}]}""", 1, 3)]
    [InlineData("""{"text":"one two"}""", 0, 3)]
    public void Without_words_each_gets_its_share(string answer, double from, double to)
    {
        var heard = Read(answer);
        Assert.Equal(["one", "two"], heard.Words.Select(word => word.Text));
        Assert.Equal((from, to), (heard.Words[0].Start.TotalSeconds, heard.Words[1].End.TotalSeconds));
        Assert.Equal(heard.Words[0].End, heard.Words[1].Start);
        Assert.Equal("fr", heard.Language);                                          // as asked
    }

    [Fact]
    public void Nothing_heard_is_no_words() => Assert.Empty(Read("""{"text":"","language":"xx","segments":[],"words":[]}""").Words);

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"text":7}""")]
    [InlineData("""{"error":{"message":"no"}}""")]
    [InlineData("<html>")]
    [InlineData("""{"text":"a","words":[{"word":7,"start":0,"end":1}]}""")]
    public void What_is_no_answer_is_told_from_one(string answer) => Assert.Throws<InvalidDataException>(() => Read(answer));

    [Fact]
    public void Whatever_is_cut_off_or_changed_no_word_lies_outside_of_its_sound_and_nothing_else_is_thrown()
    {
        const string answer = """{"language":"english","text":" a b","segments":[{"start":0.0,"end":2.5,"avg_logprob":-0.2,"words":[{"word":" a","start":1e9,"end":-5,"probability":7},{"word":" b","start":2.0,"end":99.0}]}]}""";
        var random = new Random(3);
        for (int n = 0; n < 3000; n++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(answer);
            for (int k = random.Next(4); k > 0; k--) bytes[random.Next(bytes.Length)] = (byte)random.Next(128);
            try
            {
                var heard = TranscriptionAnswer.Read(bytes.AsMemory(0, random.Next(10) == 0 ? random.Next(bytes.Length) : bytes.Length), TimeSpan.FromSeconds(3), "en");
                var last = TimeSpan.Zero;
                foreach (var word in heard.Words)
                {
                    Assert.InRange(word.Start, last, word.End);
                    Assert.InRange(word.End, TimeSpan.Zero, TimeSpan.FromSeconds(3));
                    Assert.InRange(word.Confidence, 0, 1);
                    last = word.Start;
                }
            }
            catch (InvalidDataException)
            {
                // It said so.
            }
        }
    }

    private static RecognizeOutcome.Recognized Read(string answer) => TranscriptionAnswer.Read(Encoding.UTF8.GetBytes(answer), TimeSpan.FromSeconds(3), "fr");
}
