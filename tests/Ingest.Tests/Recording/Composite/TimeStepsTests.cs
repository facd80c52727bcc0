using System.Text;
using Pipeline.Ingest.Recording.Composite;

namespace Pipeline.Ingest.Tests.Recording.Composite;

public class TimeStepsTests
{
    [Fact]
    public void What_never_changes_is_a_number() => Assert.Equal("0", TimeSteps.Expression([]));

    /// <summary>A sum of more than a hundred terms is refused by its parser.</summary>
    [Fact(Timeout = 120_000)]
    public async Task Ffmpeg_shows_exactly_the_pictures_of_thousands_of_spans()
    {
        const int Pictures = 20_000;
        var random = new Random(7);
        var spans = new List<(int From, int To, int Value)>();
        for (int at = random.Next(3); ;)
        {
            int to = at + random.Next(1, 4);
            if (to > Pictures) break;
            spans.Add((at, to, 1));
            at = to + random.Next(4);
        }
        Assert.True(spans.Count > 4000);
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["script"], $"color=s=16x16:r={LayoutTimeline.Rate}:d={Pictures / LayoutTimeline.Rate},select='{TimeSteps.Expression(spans)}'[v]");

        byte[] said = await Sound.RunAsync("ffmpeg", "-v", "error", "-filter_complex_script", folder["script"], "-map", "[v]", "-vsync", "passthrough", "-enc_time_base", "1/25", "-f", "framecrc", "-c:v", "rawvideo", "-");

        int[] shown = [.. Encoding.UTF8.GetString(said).Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => int.Parse(l.Split(',')[2]))];
        Assert.Equal(spans.SelectMany(s => Enumerable.Range(s.From, s.To - s.From)), shown);
    }

    [Fact(Timeout = 120_000)]
    public async Task Ffmpeg_lays_a_picture_where_the_value_says_and_spans_that_touch_share_no_picture()
    {
        (int, int, int)[] spans = [(10, 20, 4), (20, 30, 8), (40, 41, 12), (41, 45, 12)];
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["script"],
            $"color=black:s=16x2:r=25:d=2,format=gray[c];color=white:s=1x2:r=25:d=2,format=gray[p];[c][p]overlay=format=auto:eval=frame:x='{TimeSteps.Expression(spans)}':y=0[v]");

        byte[] pixels = await Sound.RunAsync("ffmpeg", "-v", "error", "-filter_complex_script", folder["script"], "-map", "[v]", "-f", "rawvideo", "-pix_fmt", "gray", "-");

        for (int n = 0; n < 50; n++)
        {
            int expected = spans.Where(s => n >= s.Item1 && n < s.Item2).Select(s => s.Item3).FirstOrDefault();
            Assert.Equal(expected, pixels.AsSpan(32 * n, 16).IndexOfAnyInRange((byte)200, (byte)255));
        }
    }
}
