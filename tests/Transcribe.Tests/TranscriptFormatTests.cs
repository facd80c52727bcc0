using Pipeline.Transcribe.Captions;

namespace Pipeline.Transcribe.Tests;

public sealed class TranscriptFormatTests
{
    private static readonly TranscriptLine[] Lines =
    [
        new("seg_1", "Laura", At(0.6), At(1.76), "Good morning everyone."),
        new("seg_2", "Tom & <Jerry>", At(1.2), At(3661.5), "a < b --> c\nand R&D"),
        new("seg-->3", "", At(360_000), At(360_001.001), "late"),
    ];

    [Fact]
    public void WebVtt_has_a_cue_with_id_and_voice_for_each_segment() => Assert.Equal("""
        WEBVTT

        seg_1
        00:00:00.600 --> 00:00:01.760
        <v Laura>Good morning everyone.

        seg_2
        00:00:01.200 --> 01:01:01.500
        <v Tom &amp; &lt;Jerry&gt;>a &lt; b --&gt; c and R&amp;D

        seg->3
        100:00:00.000 --> 100:00:01.001
        <v ?>late

        """, Written(WebVtt.Write));

    [Fact]
    public void SubRip_is_numbered_and_says_who_speaks() => Assert.Equal("""
        1
        00:00:00,600 --> 00:00:01,760
        Laura: Good morning everyone.

        2
        00:00:01,200 --> 01:01:01,500
        Tom & <Jerry>: a < b -> c and R&D

        3
        100:00:00,000 --> 100:00:01,001
        : late

        """, Written(SubRip.Write));

    [Fact]
    public void Plain_text_has_one_line_for_each_segment() => Assert.Equal("""
        [00:00:00] Laura: Good morning everyone.
        [00:00:01] Tom & <Jerry>: a < b --> c and R&D
        [100:00:00] : late

        """, Written(PlainText.Write));

    [Fact]
    public void No_text_can_break_out_of_its_cue()
    {
        foreach (string text in new[] { "\n\n00:00 --> 00:01\nNOTE", "\r\nWEBVTT", "a\u2028b", "-->", "</v><script>", "\0" })
        {
            string file = Written((output, _) => WebVtt.Write(output, [new TranscriptLine("id", text, At(0), At(1), text)]));
            Assert.Equal(6, file.Split('\n').Length);                // header, blank, id, time, text and the end
            Assert.Equal(1, file.Split("-->").Length - 1);
            Assert.Equal(1, file.Split('<').Length - 1);
        }
    }

    private static string Written(Action<TextWriter, IEnumerable<TranscriptLine>> write)
    {
        var output = new StringWriter();
        write(output, Lines);
        return output.ToString();
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}
