namespace Pipeline.Ingest.Recording.Composite;

/// <summary>Pixels from the upper left corner. All numbers are even, as colours have half the resolution.</summary>
public readonly record struct Area(int X, int Y, int Width, int Height)
{
    public int Right => X + Width;
    public int Bottom => Y + Height;
}

/// <summary>Where tiles lie on a canvas: as large as they can be, between 4:3 and 16:9, with a gap around each.</summary>
public static class Arrangement
{
    /// <summary>Tiles a grid has at most: faces of more are too small to be told apart.</summary>
    public const int MostInGrid = 16;

    /// <summary>Rows of equal tiles, a last one that is not full in the middle.</summary>
    /// <param name="count">1 to <see cref="MostInGrid"/>.</param>
    public static IReadOnlyList<Area> Grid(int count, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        int gap = Gap(width, height), columns = 1;
        (int Width, int Height) tile = default;
        for (int tried = 1; tried <= count; tried++)
        {
            var size = Fitted((width - gap * (tried + 1)) / tried, (height - gap * (Rows(count, tried) + 1)) / Rows(count, tried));
            if (size.Width * size.Height > tile.Width * tile.Height) (columns, tile) = (tried, size);
        }

        var tiles = new List<Area>(count);
        int rows = Rows(count, columns), top = (height - rows * tile.Height - (rows - 1) * gap) / 2;
        for (int n = 0; n < count; n++)
        {
            int inRow = Math.Min(columns, count - n / columns * columns);
            int left = (width - inRow * tile.Width - (inRow - 1) * gap) / 2;
            tiles.Add(new Area(Even(left + n % columns * (tile.Width + gap)), Even(top + n / columns * (tile.Height + gap)), tile.Width, tile.Height));
        }
        return tiles;
    }

    /// <summary>One large, and beside or below it a strip of small ones, the first of which are placed: see <see cref="StripRoom"/>.</summary>
    /// <param name="others">0: the large one has all of the canvas.</param>
    public static (Area Large, IReadOnlyList<Area> Strip) Beside(int others, int width, int height)
    {
        int gap = Gap(width, height), count = Math.Min(others, StripRoom(width, height));
        if (count == 0) return (new Area(gap, gap, Even(width - 2 * gap), Even(height - 2 * gap)), []);
        var (w, h) = SmallTile(width, height);
        bool wide = width >= height;
        var large = wide
            ? new Area(gap, gap, Even(width - w - 3 * gap), Even(height - 2 * gap))
            : new Area(gap, gap, Even(width - 2 * gap), Even(height - h - 3 * gap));
        int first = wide ? (height - count * h - (count - 1) * gap) / 2 : (width - count * w - (count - 1) * gap) / 2;
        return (large, [.. Enumerable.Range(0, count).Select(n => wide
            ? new Area(Even(width - gap - w), Even(first + n * (h + gap)), w, h)
            : new Area(Even(first + n * (w + gap)), Even(height - gap - h), w, h))]);
    }

    /// <summary>Tiles a strip has at most.</summary>
    public static int StripRoom(int width, int height)
    {
        var (w, h) = SmallTile(width, height);
        int gap = Gap(width, height);
        return width >= height ? (height - gap) / (h + gap) : (width - gap) / (w + gap);
    }

    /// <summary>Between tiles, and around them all.</summary>
    public static int Gap(int width, int height) => Math.Max(2, Even(Math.Min(width, height) / 80));

    /// <summary>A picture of that size as large as it fits into the area, in its middle.</summary>
    public static Area Inside(Area area, int width, int height)
    {
        var (w, h) = (long)width * area.Height >= (long)height * area.Width
            ? (area.Width, (int)((long)area.Width * height / width))
            : ((int)((long)area.Height * width / height), area.Height);
        (w, h) = (Math.Max(2, Even(w)), Math.Max(2, Even(h)));
        return new Area(area.X + Even((area.Width - w) / 2), area.Y + Even((area.Height - h) / 2), w, h);
    }

    /// <summary>The least size of the same shape that covers the area.</summary>
    public static (int Width, int Height) Covering(Area area, int width, int height)
    {
        var (w, h) = (long)width * area.Height >= (long)height * area.Width
            ? ((int)((long)area.Height * width / height), area.Height)
            : (area.Width, (int)((long)area.Width * height / width));
        return (Math.Max(area.Width, Even(w)), Math.Max(area.Height, Even(h)));
    }

    private static (int Width, int Height) SmallTile(int width, int height)
    {
        int w = width >= height ? width * 9 / 50 : height * 9 / 50 * 16 / 9;
        w = Even(Math.Clamp(w, 2, Math.Max(2, width - 2 * Gap(width, height))));
        return (w, Math.Max(2, Even(w * 9 / 16)));
    }

    private static (int Width, int Height) Fitted(int width, int height)
    {
        (width, height) = (Math.Max(2, width), Math.Max(2, height));
        if (height > width * 3 / 4) height = width * 3 / 4;
        if (width > height * 16 / 9) width = height * 16 / 9;
        return (Math.Max(2, Even(width)), Math.Max(2, Even(height)));
    }

    private static int Rows(int count, int columns) => (count + columns - 1) / columns;
    private static int Even(int pixels) => pixels & ~1;
}
