using System.Text;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>
/// Scenes as one graph of `ffmpeg`'s filters: a canvas, what is drawn below, each track's pictures in each size it ever has, laid on at the places and times of the
/// scenes, and what is drawn above. A track whose picture stands still has few frames; its last one stays.
/// </summary>
/// <param name="Script">For `-filter_complex_script`; its output is `[v]`.</param>
/// <param name="Tracks">Numbers of the tracks that are shown: input 0 is the first, and so on.</param>
internal sealed record CompositeGraph(byte[] Script, IReadOnlyList<int> Tracks)
{
    /// <summary>
    /// Of pictures in a size that is not shown now, one in this time is scaled all the same: were it none, the filters would hold back all others until it is shown.
    /// </summary>
    private const double IdleInterval = 0.5;
    /// <summary>Pixels to the left, even; no canvas is so wide.</summary>
    private const int Outside = 20_000;

    /// <param name="keeps">By track: how long a picture is shown when no other comes, the longest.</param>
    /// <param name="below">Where libass finds what is drawn below the pictures.</param>
    /// <param name="above">And above.</param>
    public static CompositeGraph Of(IReadOnlyList<Scene> scenes, int width, int height, Func<int, TimeSpan> keeps, string below, string above)
    {
        var uses = new SortedDictionary<int, List<Use>>();
        foreach (var scene in scenes)
            foreach (var tile in scene.Tiles)
                if (tile.Picture is { } picture) Add(uses, picture, scene);

        var script = new StringBuilder();
        string length = Seconds(scenes[^1].To);
        script.Append($"color=c=0x{SceneDrawing.Background}:s={width}x{height}:r={LayoutTimeline.Rate}:d={length},format=yuv420p,ass=filename={below}[c0];\n");
        int input = 0, layer = 0;
        foreach (var (track, sizes) in uses)
        {
            if (sizes.Count > 1) script.Append($"[{input}:v]split={sizes.Count}{string.Concat(sizes.Select((_, n) => $"[t{input}n{n}]"))};\n");
            for (int n = 0; n < sizes.Count; n++)
            {
                var use = sizes[n];
                script.Append(sizes.Count > 1 ? $"[t{input}n{n}]{Select(use, keeps(track))}," : $"[{input}:v]").Append(Scale(use)).Append($"[p{input}n{n}];\n");
                script.Append($"[c{layer}][p{input}n{n}]overlay=format=yuv420:{Position(use)}[c{++layer}];\n");
            }
            input++;
        }
        script.Append($"[c{layer}]ass=filename={above},setparams=range=tv:color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m[v]\n");
        return new CompositeGraph(Encoding.UTF8.GetBytes(script.ToString()), [.. uses.Keys]);
    }

    private static void Add(SortedDictionary<int, List<Use>> uses, TilePicture picture, Scene scene)
    {
        if (!uses.TryGetValue(picture.Track, out var sizes)) uses[picture.Track] = sizes = [];
        var size = (picture.Area.Width, picture.Area.Height);
        var use = sizes.Find(u => u.Size == size && u.Scaled == picture.Scaled && u.Rotation == picture.Rotation);
        if (use is null) sizes.Add(use = new Use(size, picture.Scaled, picture.Rotation));
        use.Add((picture.Area.X, picture.Area.Y), (scene.From, scene.To));
    }

    /// <summary>Turned after it is scaled, as its size may change on the way.</summary>
    private static string Scale(Use use)
    {
        var (w, h) = use.Rotation is 90 or 270 ? (use.Scaled.Height, use.Scaled.Width) : use.Scaled;
        string turn = use.Rotation switch { 90 => ",transpose=clock", 180 => ",hflip,vflip", 270 => ",transpose=cclock", _ => "" };
        string crop = use.Scaled == use.Size ? "" : $",crop={use.Size.Width}:{use.Size.Height}";
        return $"scale={w}:{h}:flags=bicubic:out_color_matrix=bt601:out_range=tv,format=yuv420p,setsar=1{turn}{crop}";
    }

    /// <summary>All pictures while it is shown and so long before that what stands at its beginning is there; else few.</summary>
    private static string Select(Use use, TimeSpan keep)
    {
        int lead = (int)Math.Min(Math.Ceiling(keep.TotalSeconds * LayoutTimeline.Rate) + 1, 1 << 30);
        var spans = new List<(int From, int To)>();
        foreach (var (from, to) in use.Places.SelectMany(p => p.Spans).Order())
        {
            if (spans.Count > 0 && spans[^1].To >= from - lead) spans[^1] = (spans[^1].From, Math.Max(to, spans[^1].To));
            else spans.Add((from - lead, to));
        }
        return $"select='isnan(prev_selected_t)+gte(t-prev_selected_t,{IdleInterval})+{TimeSteps.Expression(spans.Select(span => (span.From, span.To, 1)))}'";
    }

    /// <summary>
    /// Where it is shown, and outside of the canvas else. The filter's `enable` would say it plainly, but where pictures are rarer than the composite's it is looked at
    /// for another picture than the one that is made.
    /// </summary>
    private static string Position(Use use)
    {
        return $"eval=frame:x='{Along(use, at => at.X + Outside)}-{Outside}':y='{Along(use, at => at.Y)}'";

        static string Along(Use use, Func<(int X, int Y), int> value) => TimeSteps.Expression(use.Places.SelectMany(p => p.Spans.Select(span => (span.From, span.To, value(p.At)))));
    }

    internal static string Seconds(double frames) => (frames / LayoutTimeline.Rate).ToString("0.###");

    /// <summary>One track's pictures in one size.</summary>
    private sealed record Use((int Width, int Height) Size, (int Width, int Height) Scaled, int Rotation)
    {
        public List<((int X, int Y) At, List<(int From, int To)> Spans)> Places { get; } = [];

        public void Add((int X, int Y) at, (int From, int To) span)
        {
            int n = Places.FindIndex(p => p.At == at);
            if (n < 0) Places.Add((at, [span]));
            else if (Places[n].Spans[^1].To == span.From) Places[n].Spans[^1] = (Places[n].Spans[^1].From, span.To);
            else Places[n].Spans.Add(span);
        }
    }
}
