using System.Text;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// Drawings and lettering with the times they are shown at, as Advanced SubStation Alpha, which `ffmpeg` draws with libass. What is shown again without a pause is
/// one event.
/// </summary>
/// <param name="width">Pixels: positions are in them.</param>
/// <param name="rate">Pictures a second.</param>
internal sealed class AssDocument(int width, int height, int rate)
{
    private readonly Dictionary<(int Layer, string Text), (int From, int To)> open = [];
    private readonly List<(int From, int To, int Layer, string Text)> events = [];

    public int Events => events.Count + open.Count;

    /// <summary>Shows it in the pictures [from, to). Calls come in the order of time.</summary>
    /// <param name="layer">Higher ones lie above.</param>
    /// <param name="text">With its override tags.</param>
    public void Show(int layer, string text, int from, int to)
    {
        if (open.TryGetValue((layer, text), out var shown))
        {
            if (shown.To == from)
            {
                open[(layer, text)] = (shown.From, to);
                return;
            }
            events.Add((shown.From, shown.To, layer, text));
        }
        open[(layer, text)] = (from, to);
    }

    public byte[] ToBytes()
    {
        var text = new StringBuilder()
            .Append("[Script Info]\nScriptType: v4.00+\nWrapStyle: 2\nScaledBorderAndShadow: yes\nYCbCr Matrix: TV.601\n")
            .Append($"PlayResX: {width}\nPlayResY: {height}\n\n[V4+ Styles]\n")
            .Append("Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n")
            .Append($"Style: Default,{Lettering.Font},20,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,7,0,0,0,1\n\n")
            .Append("[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n");
        var all = events.Concat(open.Select(o => (o.Value.From, o.Value.To, o.Key.Layer, o.Key.Text)));
        foreach (var (from, to, layer, line) in all.OrderBy(e => e.Item1).ThenBy(e => e.Item3).ThenBy(e => e.Item4, StringComparer.Ordinal))
            text.Append($"Dialogue: {layer},{Time(from)},{Time(to)},Default,,0,0,0,,{line}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>A moment before the picture, as its own time may be rounded down: an event holds from its start until before its end.</summary>
    private string Time(int frame)
    {
        long hundredths = Math.Max(0, 100L * frame / rate - 1);
        return $"{hundredths / 360_000}:{hundredths / 6000 % 60:00}:{hundredths / 100 % 60:00}.{hundredths % 100:00}";
    }
}
