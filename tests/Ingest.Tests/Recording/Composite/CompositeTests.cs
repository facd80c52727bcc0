using System.Security.Cryptography;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Video;
using Xunit.Abstractions;

namespace Pipeline.Ingest.Tests.Recording.Composite;

/// <summary>What is in the file is what a decoder sees, by colour: people are told apart by what their cameras show.</summary>
public class CompositeTests(ITestOutputHelper output)
{
    private static readonly (int, int, int) Red = (255, 0, 0), Green = (0, 128, 0), Blue = (0, 0, 255), Background = (0x17, 0x16, 0x14), White = (255, 255, 255);

    [Fact(Timeout = 180_000)]
    public async Task A_grid_shows_who_is_there_and_initials_of_who_sends_no_picture()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(8).Voice("alice", speaking: [(1, 3)]).Voice("bob", to: 5).Voice("carol", name: "Carol Danvers");
        await meeting.SeenAsync("alice", Colour("red"));
        await meeting.SeenAsync("bob", Colour("green", "240x180"), to: 5);
        await meeting.WriteAsync(journal);

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Grid, meeting));

        var frames = await file.FramesAsync(640, 360, 2.5, 4, 7);
        var three = Arrangement.Grid(3, 640, 360);
        foreach (var frame in frames.Take(2))
        {
            Assert.True(frame.Is(three[0], Red));
            Assert.True(frame.Is(three[1], Green));
            Assert.InRange(frame.Share(three[2], (0x2B, 0x6C, 0x3D)), 0.05, 0.5);   // her circle, in the third colour
            Assert.InRange(frame.Share(three[2], White), 0.003, 0.1);               // and letters in it
        }
        var two = Arrangement.Grid(2, 640, 360);
        Assert.True(frames[2].Is(two[0], Red));
        Assert.InRange(frames[2].Share(two[1], (0x2B, 0x6C, 0x3D)), 0.05, 0.5);
    }

    [Fact(Timeout = 180_000)]
    public async Task The_loudest_is_large_and_only_the_participants_that_are_wanted_are_there()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(12).Voice("alice", speaking: [(0.5, 5)]).Voice("bob", speaking: [(6, 12)]).Voice("carol", speaking: [(0.5, 12)]);
        await meeting.SeenAsync("alice", Colour("red"));
        await meeting.SeenAsync("bob", Colour("green"));
        await meeting.SeenAsync("carol", Colour("blue"));
        await meeting.WriteAsync(journal);

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Speaker, meeting, RenderFormat.Mp4, "alice", "bob"));

        var frames = await file.FramesAsync(640, 360, 5, 10.5);
        var (large, strip) = Arrangement.Beside(1, 640, 360);
        Assert.True(frames[0].Is(large, Red) && frames[0].Is(strip[0], Green));
        Assert.True(frames[1].Is(large, Green) && frames[1].Is(strip[0], Red));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_part_begins_in_the_middle_with_the_picture_and_the_colour_that_are_shown_there()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(12).Voice("alice").Voice("bob", from: 7);
        await meeting.SeenAsync("alice", Colour("red"), to: 6);
        await meeting.SeenAsync("alice", Colour("blue"), from: 6, codec: "h264");
        await meeting.WriteAsync(journal);
        var request = new RenderRequest(RenderLayout.Grid, null, TimeSpan.FromSeconds(4.5), TimeSpan.FromSeconds(9.5), 640, 360, RenderFormat.Mp4);

        using var file = await CompositeFile.MakeAsync(journal, meeting, request);

        var frames = await file.FramesAsync(640, 360, 0, 1, 2, 4);
        Assert.All(frames.Take(2), frame => Assert.True(frame.Is(Arrangement.Grid(1, 640, 360)[0], Red)));
        Assert.True(frames[2].Is(Arrangement.Grid(1, 640, 360)[0], Blue));
        Assert.True(frames[3].Is(Arrangement.Grid(2, 640, 360)[0], Blue));
        Assert.InRange(frames[3].Share(Arrangement.Grid(2, 640, 360)[1], (0xA2, 0x43, 0x1A)), 0.05, 0.5);
        Assert.Equal(["125", "5.000000"], (await file.ProbeAsync("-select_streams v -show_entries stream=nb_frames:format=duration -of default=nw=1:nk=1")).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact(Timeout = 180_000)]
    public async Task A_phone_that_is_turned_is_upright_and_a_pause_shows_nobody()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(10).Voice("alice");
        // Red on the left, blue on the right; turned clockwise by a quarter red is above.
        await meeting.SeenAsync("alice", "color=red:size=320x180:rate=15,drawbox=x=160:w=160:h=180:c=blue:t=fill", orientation: 1);
        await meeting.WriteAsync(journal, (4, 7));

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Grid, meeting));

        var frames = await file.FramesAsync(640, 360, 3, 5, 9);
        var shown = Arrangement.Inside(Arrangement.Grid(1, 640, 360)[0], 180, 320);
        foreach (var frame in new[] { frames[0], frames[2] })
        {
            Assert.True(Frame.Near(frame.At(320, shown.Y + 60), Red), $"{frame.At(320, shown.Y + 60)}");
            Assert.True(Frame.Near(frame.At(320, shown.Bottom - 60), Blue), $"{frame.At(320, shown.Bottom - 60)}");
        }
        Assert.Equal(0, frames[1].Share(shown, Red));
        Assert.InRange(frames[1].Share(Arrangement.Grid(1, 640, 360)[0], (0x1F, 0x5F, 0xA8)), 0.05, 0.5);
    }

    [Theory(Timeout = 180_000)]
    [InlineData(RenderFormat.Mp4)]
    [InlineData(RenderFormat.WebM)]
    public async Task A_flash_is_seen_when_its_beep_is_heard_and_captions_and_chapters_are_in_the_file(RenderFormat format)
    {
        using var journal = new JournalFolder();
        long[] beeps = [2 * 48_000, 5 * 48_000, 8 * 48_000];
        var meeting = new StagedMeeting(10).Heard("alice", Sound.Chirps(10 * 48_000, beeps));
        await meeting.SeenAsync("alice", "color=black:size=320x180:rate=15,drawbox=c=white:t=fill:enable='lt(mod(t+1,3),0.2)'");
        await meeting.WriteAsync(journal);
        var text = new RenderText(
            [Line(1, 3, "seg_1", "Alice", "Are we <all> here & ready?"), Line(2, 4, "seg_2", "Bob", "Yes.")],
            [new Chapter(TimeSpan.Zero, "Hello; and = welcome"), new Chapter(TimeSpan.FromSeconds(6), "The plan")]);

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Grid, meeting, format), text);

        float[] heard = await Sound.DecodeAsync(file.Path);
        var brightness = (await file.FramesAsync(640, 360, [.. Enumerable.Range(0, 250).Select(n => n / 25.0)])).Select(f => f.At(320, 180).G).ToList();
        foreach (long beep in beeps)
        {
            var (at, correlation) = Sound.FindChirp(heard, beep);
            int flash = Enumerable.Range(1, 249).First(n => n / 25.0 > beep / 48_000.0 - 0.5 && brightness[n] > 128 && brightness[n - 1] <= 128);
            output.WriteLine($"{format}: {beep / 48_000} s: beep {(at - beep) / 48.0:0.0} ms, flash {flash * 40 - beep / 48.0:0.0} ms");
            Assert.True(correlation > 0.7, $"no beep at {beep / 48_000.0} s: {correlation:0.00}");
            Assert.InRange((at - beep) / 48.0, -20, 20);
            Assert.InRange(flash * 40 - beep / 48.0, -40, 40);
            Assert.InRange(flash * 40 - at / 48.0, -40, 40);
        }

        string streams = await file.ProbeAsync("-show_entries stream=codec_name -of csv=p=0");
        Assert.Equal(format == RenderFormat.Mp4 ? ["h264", "aac", "mov_text", "bin_data"] : ["vp9", "opus", "webvtt"], streams.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        // The last of MP4 is its chapters, as QuickTime knows them.
        string tags = await file.ProbeAsync("-show_entries format_tags=title,comment -of default=nw=1:nk=1");
        Assert.Equal(["Weekly; sync", "Pipeline 1, ffmpeg 2"], tags.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        string chapters = await file.ProbeAsync("-show_chapters -of csv=p=0");
        Assert.Contains("Hello; and = welcome", chapters);
        Assert.Contains("The plan", chapters);
        Assert.Contains("6.000000", chapters);
        string captions = await EncodedVideo.RunAsync("ffmpeg", $"-v error -copyts -i {file.Path} -map 0:s {(format == RenderFormat.WebM ? "-c copy " : "")}-f webvtt pipe:1");
        Assert.Contains("Yes.", captions);
        Assert.Contains(format == RenderFormat.Mp4 ? "00:02.000 --> 00:03.000" : "00:02.000 --> 00:04.000", captions);
        Assert.Contains(format == RenderFormat.Mp4 ? "Bob: Yes." : "<v Bob>Yes.", captions);
        Assert.Contains(format == RenderFormat.Mp4 ? "‹all› here & ready?" : "<v Alice>Are we &lt;all&gt; here &amp; ready?", captions);
        Assert.Equal("10.0", (await file.ProbeAsync("-show_entries format=duration -of csv=p=0"))[..4]);
    }

    [Fact(Timeout = 180_000)]
    public async Task The_same_journal_and_request_give_the_same_pictures_and_sound()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(4).Voice("alice", speaking: [(0, 4)]).Voice("bob");
        await meeting.SeenAsync("alice", "testsrc2=size=320x180:rate=15");
        await meeting.WriteAsync(journal);

        foreach (var format in new[] { RenderFormat.Mp4, RenderFormat.WebM })
        {
            using var one = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Grid, meeting, format));
            using var two = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Grid, meeting, format));
            Assert.Equal(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(one.Path))), Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(two.Path))));
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task Without_the_program_or_when_it_fails_there_is_a_sentence_and_nothing_is_left()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        var meeting = new StagedMeeting(2).Voice("alice");
        await meeting.SeenAsync("alice", Colour("red"));
        await meeting.WriteAsync(journal);
        File.WriteAllText(folder["broken"], "#!/bin/sh\ncase \"$*\" in *-filter_complex*) head -c 1000 > /dev/null; echo no more >&2; exit 1;; *) exec ffmpeg \"$@\";; esac\n");
        File.SetUnixFileMode(folder["broken"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Directory.CreateDirectory(folder["out"]);

        foreach (var (program, said) in new[] { ("not-there", "ffmpeg cannot be started"), (folder["broken"], "no more") })
        {
            string? failure = await new CompositeRenderer(journal.Reader(), meeting.Duration) { Ffmpeg = program }
                .RenderAsync(CompositeFile.Request(RenderLayout.Grid, meeting), RenderText.None, folder["out/composite"], new Progress<double>(), CancellationToken.None);
            Assert.Contains(said, failure);
            Assert.Empty(Directory.GetFileSystemEntries(folder["out"]));
        }
    }

    [Fact(Timeout = 180_000)]
    public async Task A_shared_screen_takes_over_and_stays_while_it_does_not_change()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(12).Voice("alice").Voice("bob");
        await meeting.SeenAsync("alice", Colour("red"));
        await meeting.SeenAsync("bob", Colour("blue", "160x120"), from: 3, to: 9, pictures: 4, kind: "screen");
        await meeting.WriteAsync(journal);

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Screen, meeting));

        var frames = await file.FramesAsync(640, 360, 1, 3.5, 8.5, 10);
        var (large, strip) = Arrangement.Beside(2, 640, 360);
        var shown = Arrangement.Inside(large, 160, 120);
        foreach (var frame in frames.Skip(1).Take(2))
        {
            Assert.True(frame.Is(shown, Blue));
            Assert.True(frame.Is(strip[0], Red));
        }
        var grid = Arrangement.Grid(2, 640, 360);
        Assert.True(frames[0].Is(grid[0], Red));
        Assert.True(frames[3].Is(grid[0], Red));
        Assert.True(Frame.Near(frames[0].At(2, 2), Background, 6), $"{frames[0].At(2, 2)}");
    }

    private static SpokenLine Line(double from, double to, string segment, string speaker, string text) => new(TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to), segment, speaker, text);

    private static string Colour(string colour, string size = "320x180") => $"color={colour}:size={size}:rate=15";
}
