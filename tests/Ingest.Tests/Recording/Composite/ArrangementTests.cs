using Pipeline.Ingest.Recording.Composite;

namespace Pipeline.Ingest.Tests.Recording.Composite;

public class ArrangementTests
{
    [Theory]
    [InlineData(1280, 720)]
    [InlineData(1920, 1080)]
    [InlineData(640, 360)]
    [InlineData(720, 1280)]
    [InlineData(1000, 1000)]
    [InlineData(160, 90)]
    public void Tiles_lie_inside_on_even_pixels_and_none_over_another(int width, int height)
    {
        for (int count = 1; count <= Arrangement.MostInGrid; count++) AssertApart(Arrangement.Grid(count, width, height), count, width, height);
        for (int others = 0; others <= 30; others++)
        {
            var (large, strip) = Arrangement.Beside(others, width, height);
            Assert.Equal(Math.Min(others, Arrangement.StripRoom(width, height)), strip.Count);
            AssertApart([large, .. strip], strip.Count + 1, width, height);
            Assert.All(strip, small => Assert.True((long)large.Width * large.Height > 2L * small.Width * small.Height, $"{large} beside {small}"));
        }
    }

    [Theory]
    [InlineData(2, 2, 1)]
    [InlineData(4, 2, 2)]
    [InlineData(6, 3, 2)]
    [InlineData(9, 3, 3)]
    [InlineData(12, 4, 3)]
    [InlineData(16, 4, 4)]
    public void A_grid_has_as_many_columns_and_rows_as_make_its_tiles_large(int count, int columns, int rows)
    {
        var tiles = Arrangement.Grid(count, 1280, 720);

        Assert.Equal(columns, tiles.Select(t => t.X).Distinct().Count());
        Assert.Equal(rows, tiles.Select(t => t.Y).Distinct().Count());
    }

    [Fact]
    public void A_last_row_that_is_not_full_is_in_the_middle()
    {
        var tiles = Arrangement.Grid(3, 1280, 720);

        Assert.Equal(1280 / 2, tiles[2].X + tiles[2].Width / 2, 2.0);
        Assert.True(tiles[2].Y > tiles[0].Bottom - 1);
    }

    [Theory]
    [InlineData(640, 360)]
    [InlineData(360, 640)]
    [InlineData(1, 4000)]
    [InlineData(4000, 1)]
    public void A_picture_is_put_inside_without_being_bent_and_covers_without_leaving_a_strip(int width, int height)
    {
        var area = new Area(100, 50, 400, 300);

        var inside = Arrangement.Inside(area, width, height);
        var (w, h) = Arrangement.Covering(area, width, height);

        Assert.True(inside.X >= area.X && inside.Y >= area.Y && inside.Right <= area.Right && inside.Bottom <= area.Bottom, $"{inside}");
        Assert.True(w >= area.Width && h >= area.Height && (w == area.Width || h == area.Height), $"{w}×{h}");
        if (width is 1 or 4000) return;
        Assert.Equal((double)width / height, (double)inside.Width / inside.Height, 0.02);
        Assert.Equal((double)width / height, (double)w / h, 0.02);
    }

    private static void AssertApart(IReadOnlyList<Area> areas, int count, int width, int height)
    {
        Assert.Equal(count, areas.Count);
        for (int n = 0; n < areas.Count; n++)
        {
            var a = areas[n];
            Assert.True(a.X >= 0 && a.Y >= 0 && a.Right <= width && a.Bottom <= height && a is { Width: >= 2, Height: >= 2 }, $"{count} on {width}×{height}: {a}");
            Assert.True((a.X | a.Y | a.Width | a.Height) % 2 == 0, $"{count} on {width}×{height}: {a}");
            for (int m = 0; m < n; m++)
                Assert.True(a.X >= areas[m].Right || areas[m].X >= a.Right || a.Y >= areas[m].Bottom || areas[m].Y >= a.Bottom, $"{count} on {width}×{height}: {a} over {areas[m]}");
        }
    }
}
