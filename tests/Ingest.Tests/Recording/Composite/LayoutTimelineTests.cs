using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using static Pipeline.Ingest.Tests.Recording.Composite.People;

namespace Pipeline.Ingest.Tests.Recording.Composite;

public class LayoutTimelineTests
{
    [Fact]
    public void A_grid_changes_as_people_come_and_go()
    {
        var scenes = Make(RenderLayout.Grid, new Cast([Member("alice", 0), Member("bob", 1, 10, 40), Member("carol", 2, 20)], [], []));

        Assert.Equal([(0, 250, "alice"), (250, 500, "alice bob"), (500, 1000, "alice bob carol"), (1000, 1500, "alice carol")], scenes.Select(s => (s.From, s.To, s.Who())));
    }

    [Fact]
    public void Who_sends_no_picture_has_initials_until_there_is_one()
    {
        var scenes = Make(RenderLayout.Grid, new Cast([Member("alice", 0), Member("bob", 1)], [Camera(3, "alice", 5, 30)], []));

        Assert.All(scenes.At(1).Tiles, tile => Assert.Null(tile.Picture));
        Assert.Equal([3, null], scenes.At(10).Tiles.Select(t => t.Picture?.Track));
        Assert.All(scenes.At(31).Tiles, tile => Assert.Null(tile.Picture));
    }

    [Fact]
    public void A_camera_fills_its_tile_and_a_picture_on_end_or_a_screen_is_shown_whole()
    {
        var cast = new Cast(
            [Member("alice", 0), Member("bob", 1)],
            [Camera(1, "alice"), Camera(2, "bob", width: 360, height: 640), Screen(3, "bob", 0, 60, 1000, 1000)], []);

        var tiles = Make(RenderLayout.Grid, cast).At(0).Tiles;

        Assert.Equal("bob's screen alice bob", Make(RenderLayout.Grid, cast).At(0).Who());
        Assert.Equal(tiles[1].Area, tiles[1].Picture!.Area);
        Assert.Equal(tiles[0].Picture!.Area.Width, tiles[0].Picture!.Area.Height);
        Assert.Equal(tiles[0].Area.Height, tiles[0].Picture!.Area.Height);
        Assert.True(tiles[2].Picture!.Area.Width < tiles[2].Area.Width);
    }

    [Fact]
    public void A_picture_that_is_turned_lies_as_it_is_seen()
    {
        var cast = new Cast([Member("alice", 0)], [new PictureTrack(1, "alice", false, [Picture(0, 30, 640, 360), Picture(30, 60, 640, 360, 90)])], []);

        var scenes = Make(RenderLayout.Grid, cast);

        Assert.True(scenes.At(10).Tiles[0].Picture is { Rotation: 0, Area: { Width: > 1200 } });
        Assert.True(scenes.At(40).Tiles[0].Picture is { Rotation: 90, Area: { Width: < 420, Height: > 690 } });
    }

    [Fact]
    public void A_screen_takes_over_while_it_is_shared_and_the_newest_of_several_is_large()
    {
        var cast = new Cast(
            [Member("alice", 0), Member("bob", 1)],
            [Camera(1, "alice"), Camera(2, "bob"), Screen(3, "bob", 10, 50), Screen(4, "alice", 20, 30)], []);

        var scenes = Make(RenderLayout.Screen, cast);

        Assert.Equal(["alice bob", "bob's screen alice bob", "alice's screen bob's screen alice bob", "bob's screen alice bob", "alice bob"], scenes.Select(s => s.Who()));
        Assert.Equal([0, 250, 500, 750, 1250], scenes.Select(s => s.From));
        Assert.All(scenes.Skip(1).Take(3), s => Assert.True(s.Tiles[0].Area.Width > 3 * s.Tiles[1].Area.Width));
    }

    [Fact]
    public void The_loudest_is_shown_large_after_a_while_and_not_for_a_yes()
    {
        var cast = new Cast(
            [Member("alice", 0), Member("bob", 1), Member("carol", 2)], [],
            [Loudest("alice", 1, 10), Loudest("bob", 10, 10.8), Loudest("alice", 10.8, 20), Loudest("bob", 20, 21), Loudest("bob", 21.4, 30), Loudest("carol", 30, 32)]);

        var scenes = Make(RenderLayout.Speaker, cast);

        Assert.Equal(["alice bob carol", "bob alice carol", "carol alice bob"], scenes.Select(s => s.Who()));
        Assert.InRange(scenes[1].From / 25.0, 21.1, 22);                             // 1.2 s of his voice, with a breath in it
        Assert.InRange(scenes[2].From / 25.0, 31.1, 31.3);
    }

    [Fact]
    public void Who_is_large_and_leaves_is_followed_at_once_by_who_spoke_before()
    {
        var cast = new Cast([Member("alice", 0), Member("bob", 1, 0, 15, (3, 6)), Member("carol", 2, 0, 60, (8, 9))], [], [Loudest("bob", 3, 6)]);

        var scenes = Make(RenderLayout.Speaker, cast);

        Assert.Equal("bob", scenes.At(14.9).Tiles[0].Participant);
        Assert.Equal("carol", scenes.At(15).Tiles[0].Participant);
    }

    [Fact]
    public void Of_more_than_have_room_those_are_shown_who_spoke_last()
    {
        var members = Enumerable.Range(0, 20).Select(n => Member($"p{n:00}", n, 0, 60, n == 19 ? [(5, 6)] : n == 0 ? [(1, 2)] : [])).ToList();

        var scenes = Make(RenderLayout.Grid, new Cast(members, [], []));

        Assert.All(scenes, s => Assert.Equal(16, s.Tiles.Count));
        Assert.DoesNotContain(scenes.At(4).Tiles, t => t.Participant == "p19");
        Assert.Contains(scenes.At(10).Tiles, t => t.Participant == "p19");
        Assert.Contains(scenes.At(10).Tiles, t => t.Participant == "p00");
        Assert.Equal(scenes.At(10).Tiles.Select(t => t.Number).Order(), scenes.At(10).Tiles.Select(t => t.Number));
    }

    [Fact]
    public void A_part_of_the_meeting_is_shown_as_the_whole_of_it_was()
    {
        var cast = new Cast([Member("alice", 0, 0, 60, (5, 20)), Member("bob", 1, 10, 40)], [Camera(1, "alice", 0, 25)], []);

        var part = new LayoutTimeline(RenderLayout.Grid, cast, Range(12, 30), 1280, 720).Make();
        var whole = Make(RenderLayout.Grid, cast);

        for (int frame = 0; frame < 18 * 25; frame++) Assert.Equal(whole.At(12 + frame / 25.0 + 0.01).Tiles, part.At(frame / 25.0 + 0.01).Tiles);
    }

    [Fact]
    public void Whatever_happens_scenes_follow_each_other_tiles_lie_apart_and_nobody_is_missing_who_has_room()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var cast = RandomCast(random);
            foreach (var layout in Enum.GetValues<RenderLayout>())
            {
                var (width, height) = random.Next(3) switch { 0 => (1280, 720), 1 => (720, 1280), _ => (640, 480) };
                var scenes = new LayoutTimeline(layout, cast, Minute, width, height).Make();

                Assert.Equal((0, 1500), (scenes[0].From, scenes[^1].To));
                for (int n = 1; n < scenes.Count; n++) Assert.Equal(scenes[n - 1].To, scenes[n].From);
                foreach (var scene in scenes) AssertScene(scene, cast, layout, width, height, $"seed {seed}, {layout}, from {scene.From}");
                if (layout == RenderLayout.Speaker) AssertStays(scenes, cast, seed);
            }
        }
    }

    private static void AssertScene(Scene scene, Cast cast, RenderLayout layout, int width, int height, string which)
    {
        Assert.True(scene.From < scene.To, which);
        foreach (var (tile, n) in scene.Tiles.Select((t, n) => (t, n)))
        {
            Assert.True(tile.Area.X >= 0 && tile.Area.Y >= 0 && tile.Area.Right <= width && tile.Area.Bottom <= height, $"{which}: {tile}");
            if (tile.Picture is { } p)
            {
                Assert.True(p.Area.X >= tile.Area.X && p.Area.Y >= tile.Area.Y && p.Area.Right <= tile.Area.Right && p.Area.Bottom <= tile.Area.Bottom, $"{which}: {tile}");
                Assert.True(p.Scaled.Width >= p.Area.Width && p.Scaled.Height >= p.Area.Height, $"{which}: {tile}");
            }
            for (int m = 0; m < n; m++)
                Assert.True(tile.Area.X >= scene.Tiles[m].Area.Right || scene.Tiles[m].Area.X >= tile.Area.Right || tile.Area.Y >= scene.Tiles[m].Area.Bottom || scene.Tiles[m].Area.Y >= tile.Area.Bottom, which);
        }
        double middle = (scene.From + 0.1) / 25.0;
        bool Holds(TimeSpan from, TimeSpan to) => from.TotalSeconds <= middle && middle < to.TotalSeconds;
        var here = cast.Members.Where(m => m.Present.Any(r => Holds(r.From, r.To))).Select(m => m.Id).ToHashSet();
        int shares = cast.Pictures.Count(p => p.IsScreen && here.Contains(p.Participant) && p.Spans.Any(s => Holds(s.From, s.To)));
        int strip = 1 + Arrangement.StripRoom(width, height);
        int room = layout == RenderLayout.Grid ? 16 : layout == RenderLayout.Speaker || shares > 0 ? strip : 16;
        Assert.True(scene.Tiles.Count == Math.Min(room, here.Count + shares), $"{which}: {scene.Who()} of {here.Count} and {shares}");
        Assert.True(scene.Tiles.Where(t => !t.IsScreen).Select(t => t.Participant).ToHashSet().IsSubsetOf(here), which);
        Assert.True(scene.Tiles.Select(t => (t.Participant, t.IsScreen, t.IsScreen ? t.Picture!.Track : 0)).Distinct().Count() == scene.Tiles.Count, which);
    }

    private static void AssertStays(IReadOnlyList<Scene> scenes, Cast cast, int seed)
    {
        int since = 0;
        for (int n = 1; n < scenes.Count; n++)
        {
            string? before = scenes[n - 1].Tiles is [var large, ..] ? large.Participant : null, now = scenes[n].Tiles is [var next, ..] ? next.Participant : null;
            if (before == now) continue;
            if (before is null) { since = scenes[n].From; continue; }
            bool left = !scenes[n].Tiles.Any(t => t.Participant == before && !t.IsScreen);
            bool mayHaveLeft = left && cast.Members.First(m => m.Id == before).Present.All(r => scenes[n].From / 25.0 < r.From.TotalSeconds || scenes[n].From / 25.0 >= r.To.TotalSeconds - 0.04);
            Assert.True(mayHaveLeft || scenes[n].From - since >= 75, $"seed {seed}: {before} for {scenes[n].From - since} pictures");
            since = scenes[n].From;
        }
    }

    private static Cast RandomCast(Random random)
    {
        IReadOnlyList<(double From, double To)> Spans(int most, double from, double to)
        {
            double[] times = [.. Enumerable.Range(0, 2 * random.Next(most + 1)).Select(_ => Math.Round(from + random.NextDouble() * (to - from), 2)).Distinct().Order()];
            return [.. times.Chunk(2).Where(p => p.Length == 2).Select(p => (p[0], p[1]))];
        }
        var members = new List<CastMember>();
        var pictures = new List<PictureTrack>();
        for (int n = random.Next(25); n >= 0; n--)
        {
            string id = $"p{members.Count}";
            var present = random.Next(2) == 0 ? [(0, 60)] : Spans(3, 0, 60);
            members.Add(new CastMember(id, id, members.Count, [.. present.Select(p => Range(p.From, p.To))], [.. Spans(10, 0, 60).Select(p => Range(p.From, p.To))]));
            if (random.Next(2) == 0)
                pictures.Add(new PictureTrack(10 * members.Count, id, false, [.. Spans(4, 0, 60).Select(p => Picture(p.From, p.To, 2 * random.Next(8, 400), 2 * random.Next(8, 400), 90 * random.Next(4)))]));
            if (random.Next(5) == 0) pictures.Add(new PictureTrack(10 * members.Count + 1, id, true, [.. Spans(3, 0, 60).Select(p => Picture(p.From, p.To, 1280, 720))]));
        }
        return new Cast(members, pictures, [.. Spans(30, 0, 60).Select(p => Loudest($"p{random.Next(members.Count)}", p.From, p.To))]);
    }

    private static IReadOnlyList<Scene> Make(RenderLayout layout, Cast cast) => new LayoutTimeline(layout, cast, Minute, 1280, 720).Make();
}
