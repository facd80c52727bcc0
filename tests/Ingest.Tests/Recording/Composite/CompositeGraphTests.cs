using System.Text;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using Pipeline.Ingest.Tests.Video;
using static Pipeline.Ingest.Tests.Recording.Composite.People;

namespace Pipeline.Ingest.Tests.Recording.Composite;

public class CompositeGraphTests
{
    [Fact(Timeout = 120_000)]
    public async Task However_often_people_come_go_and_speak_the_program_takes_it()
    {
        var visits = Enumerable.Range(0, 400).Select(n => Range(n * 0.15, n * 0.15 + 0.08)).ToList();
        var cast = new Cast(
            [Member("alice", 0), new CastMember("bob", "Bob", 1, visits, []), new CastMember("carol", "Carol", 2, [.. visits.Where((_, n) => n % 3 == 0)], [])],
            [Camera(1, "alice"), Camera(2, "bob"), Camera(3, "carol")], []);
        var scenes = new LayoutTimeline(RenderLayout.Grid, cast, Minute, 320, 180).Make();
        var (below, above) = SceneDrawing.Draw(scenes, 320, 180);
        using MemoryFile belowFile = new(below), aboveFile = new(above);
        var graph = CompositeGraph.Of(scenes, 320, 180, _ => TimeSpan.FromSeconds(3), belowFile.Path, aboveFile.Path);
        using var script = new MemoryFile(graph.Script);

        Assert.True(scenes.Count >= 800, $"{scenes.Count} scenes");
        Assert.Equal([1, 2, 3], graph.Tracks);
        string input = "-f lavfi -i color=red:size=64x36:rate=5:duration=60";
        string hashes = await EncodedVideo.RunAsync("ffmpeg", $"-v error {input} {input} {input} -filter_complex_script {script.Path} -map [v] -f framecrc -");
        var pictures = hashes.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(',')[^1]).ToList();
        Assert.Equal(1500, pictures.Count);
        // And nothing changes but by scenes.
        Assert.Equal(scenes.Skip(1).Select(s => s.From), Enumerable.Range(1, 1499).Where(n => pictures[n] != pictures[n - 1]));
    }

    [Fact]
    public void Names_are_text_and_nothing_else()
    {
        Assert.Equal("\\{\\\u2060b1\\}A\\\u2060N", Lettering.Escaped("{\\b1}A\\N"));
        Assert.Equal("one line", Lettering.Escaped("one\nline"));
    }

    [Theory]
    [InlineData("Alice", "A")]
    [InlineData("alice b. cooper", "AC")]
    [InlineData("  Zoë   Ö. ", "ZÖ")]
    [InlineData("(ops) 24/7 desk", "OD")]
    [InlineData("李 小龙", "李小")]
    [InlineData("🙂", "?")]
    [InlineData("", "?")]
    public void Initials_are_of_the_first_word_and_the_last(string name, string initials) => Assert.Equal(initials, Lettering.Initials(name));

    [Fact]
    public void A_name_that_has_no_room_is_cut_between_letters_as_they_are_read()
    {
        string fitted = Lettering.Fitted("Bartholomäus Wolfeschlegelsteinhausen", 20, 120);

        Assert.EndsWith("…", fitted);
        Assert.True(Lettering.Width(fitted, 20) <= 120);
        Assert.Equal("Bob", Lettering.Fitted("Bob", 20, 120));
        Assert.Equal("👩‍👩‍👧…", Lettering.Fitted("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 20, 75));
    }

    [Fact]
    public void What_is_shown_again_at_once_is_one_event()
    {
        var document = new AssDocument(320, 180, 25);
        document.Show(0, "a", 0, 25);
        document.Show(0, "a", 25, 50);
        document.Show(0, "a", 75, 100);

        string text = Encoding.UTF8.GetString(document.ToBytes());
        Assert.Equal(["Dialogue: 0,0:00:00.00,0:00:01.99,Default,,0,0,0,,a", "Dialogue: 0,0:00:02.99,0:00:03.99,Default,,0,0,0,,a"], text.Split('\n').Where(l => l.StartsWith("Dialogue", StringComparison.Ordinal)));
    }
}
