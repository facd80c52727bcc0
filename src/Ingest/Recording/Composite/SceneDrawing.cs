using System.Text;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>What is drawn of scenes besides their pictures: below them tiles and initials, above them names, and a frame around whoever speaks.</summary>
internal sealed class SceneDrawing
{
    /// <summary>Of the canvas, as RRGGBB.</summary>
    public const string Background = "171614";
    private const string TileColour = "2B2926", Label = "171614", White = "FFFFFF", Accent = "F2B84B";
    private const string LabelAlpha = "50";                                          // 00 opaque … FF
    /// <summary>As the page has them on light paper.</summary>
    private static readonly string[] Colours = ["1F5FA8", "A2431A", "2B6C3D", "7A3E9F", "805A00", "AB2858", "0B6975", "5D5348"];

    private readonly AssDocument below, above;
    private readonly double unit;                                                    // pixels of a canvas 720 high

    private SceneDrawing(int width, int height)
    {
        unit = Math.Min(width, height) / 720.0;
        (below, above) = (new AssDocument(width, height, LayoutTimeline.Rate), new AssDocument(width, height, LayoutTimeline.Rate));
    }

    /// <returns>Two documents of libass.</returns>
    public static (byte[] Below, byte[] Above) Draw(IReadOnlyList<Scene> scenes, int width, int height)
    {
        var drawing = new SceneDrawing(width, height);
        foreach (var scene in scenes)
            foreach (var tile in scene.Tiles) drawing.Draw(tile, scene.From, scene.To);
        return (drawing.below.ToBytes(), drawing.above.ToBytes());
    }

    private void Draw(Tile tile, int from, int to)
    {
        double round = Math.Min(10 * unit, tile.Area.Height / 8.0);
        // What a picture hides is not drawn: half of all that filters do would be this.
        if (tile.Picture?.Area != tile.Area) below.Show(0, Shape(TileColour, "00", RoundedRectangle(tile.Area, round)), from, to);
        if (tile.Picture is null) DrawInitials(tile, from, to);
        else above.Show(0, Shape(Background, "00", Corners(tile.Area, round)), from, to);
        if (tile.IsSpeaking) above.Show(1, Shape(Accent, "00", RoundedRectangle(tile.Area, round) + Reversed(Inset(tile.Area, 4 * unit), Math.Max(0, round - 4 * unit))), from, to);
        DrawName(tile, from, to);
    }

    private void DrawInitials(Tile tile, int from, int to)
    {
        string colour = Colours[tile.Number % Colours.Length];
        double radius = Math.Min(tile.Area.Width, tile.Area.Height) * 0.26, x = tile.Area.X + tile.Area.Width / 2.0, y = tile.Area.Y + tile.Area.Height / 2.0;
        below.Show(1, Shape(colour, "00", Circle(x, y, radius)), from, to);
        string initials = Lettering.Initials(tile.Name);
        double size = radius * (initials.Length > 1 ? 0.98 : 1.15);
        below.Show(2, $"{{\\an5\\pos({N(x)},{N(y)})\\fs{N(size)}\\1c&H{Bgr(White)}&}}{Lettering.Escaped(initials)}", from, to);
    }

    private void DrawName(Tile tile, int from, int to)
    {
        double size = Math.Clamp(tile.Area.Height * 0.065, 16 * unit, 24 * unit), inset = Math.Max(6 * unit, size * 0.45), pad = size * 0.42, height = size * 1.45;
        if (tile.Area.Height < 4 * height) return;                                   // it would hide the face
        string name = Lettering.Fitted(tile.IsScreen ? tile.Name + " – screen" : tile.Name, size, tile.Area.Width - 2 * inset - 2 * pad);
        if (name.Trim('…').Length == 0) return;
        double width = Lettering.Width(name, size) + 2 * pad, left = tile.Area.X + inset, top = tile.Area.Bottom - inset - height;
        above.Show(2, Shape(Label, LabelAlpha, RoundedRectangle(left, top, left + width, top + height, height * 0.28)), from, to);
        above.Show(3, $"{{\\an4\\pos({N(left + pad)},{N(top + height / 2)})\\fs{N(size)}\\1c&H{Bgr(White)}&}}{Lettering.Escaped(name)}", from, to);
    }

    /// <summary>A drawing in the canvas's pixels.</summary>
    private static string Shape(string colour, string alpha, string path) => $"{{\\an7\\pos(0,0)\\1c&H{Bgr(colour)}&\\1a&H{alpha}&\\p4}}{path}{{\\p0}}";

    private static string RoundedRectangle(Area area, double round) => RoundedRectangle(area.X, area.Y, area.Right, area.Bottom, round);

    /// <summary>Clockwise; quarter circles as Bézier curves.</summary>
    private static string RoundedRectangle(double left, double top, double right, double bottom, double round)
    {
        double c = round * 0.4477;                                                   // of a circle's curve, where its handles end
        return
            $"m {P(left + round, top)} l {P(right - round, top)} b {P(right - c, top)} {P(right, top + c)} {P(right, top + round)} l {P(right, bottom - round)} " +
            $"b {P(right, bottom - c)} {P(right - c, bottom)} {P(right - round, bottom)} l {P(left + round, bottom)} b {P(left + c, bottom)} {P(left, bottom - c)} {P(left, bottom - round)} " +
            $"l {P(left, top + round)} b {P(left, top + c)} {P(left + c, top)} {P(left + round, top)} ";
    }

    /// <summary>Counter-clockwise: a hole.</summary>
    private static string Reversed((double Left, double Top, double Right, double Bottom) area, double round)
    {
        var (left, top, right, bottom) = area;
        double c = round * 0.4477;
        return
            $"m {P(left + round, top)} b {P(left + c, top)} {P(left, top + c)} {P(left, top + round)} l {P(left, bottom - round)} b {P(left, bottom - c)} {P(left + c, bottom)} {P(left + round, bottom)} " +
            $"l {P(right - round, bottom)} b {P(right - c, bottom)} {P(right, bottom - c)} {P(right, bottom - round)} l {P(right, top + round)} b {P(right, top + c)} {P(right - c, top)} {P(right - round, top)} " +
            $"l {P(left + round, top)} ";
    }

    /// <summary>What a rounded rectangle leaves of its corners.</summary>
    private static string Corners(Area area, double round)
    {
        double c = round * 0.4477;
        var path = new StringBuilder();
        foreach (var (x, y, dx, dy) in new[] { (area.X, area.Y, 1, 1), (area.Right, area.Y, -1, 1), (area.Right, area.Bottom, -1, -1), (area.X, area.Bottom, 1, -1) })
            path.Append($"m {P(x, y)} l {P(x + dx * round, y)} b {P(x + dx * c, y)} {P(x, y + dy * c)} {P(x, y + dy * round)} l {P(x, y)} ");
        return path.ToString();
    }

    private static string Circle(double x, double y, double radius) => RoundedRectangle(x - radius, y - radius, x + radius, y + radius, radius);

    private static (double, double, double, double) Inset(Area area, double by) => (area.X + by, area.Y + by, area.Right - by, area.Bottom - by);

    /// <summary>A point: drawings count in eighths of a pixel, as `\p4` says.</summary>
    private static string P(double x, double y) => $"{(int)Math.Round(x * 8)} {(int)Math.Round(y * 8)}";
    private static string N(double value) => value.ToString("0.##");
    private static string Bgr(string rgb) => rgb[4..] + rgb[2..4] + rgb[..2];
}
