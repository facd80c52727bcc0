using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Pictures;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Recording.Composite;
using Pipeline.Ingest.Tests.Video;

namespace Pipeline.Ingest.Tests.Recording.Pictures;

public class PictureTests
{
    private static readonly string? Kept = Environment.GetEnvironmentVariable("KEEP_PICTURES");

    [Fact(Timeout = 60_000)]
    public async Task A_waveform_is_drawn_as_tall_as_it_is_loud()
    {
        var waveform = new Waveform();
        waveform.Write(new float[48_000 * 20]);
        waveform.Write(Sound.Voice(48_000 * 20, seed: 1, amplitude: 0.1f));
        waveform.Write(Sound.Voice(48_000 * 20, seed: 2, amplitude: 0.4f));

        byte[] png = WaveformPicture.Draw(waveform);
        if (Kept is not null) await File.WriteAllBytesAsync(Kept + "/waveform.png", png);

        byte[] rgba = await DecodeAsync(png, "png_pipe", "rgba");
        Assert.Equal(4 * WaveformPicture.Width * WaveformPicture.Height, rgba.Length);
        double[] filled = [.. Enumerable.Range(0, 3).Select(third => Filled(rgba, third * 400 + 20, third * 400 + 380))];
        Assert.InRange(filled[0], 0.001, 0.03);                                      // silence is a line of dots
        Assert.InRange(filled[1], 0.08, 0.25);
        Assert.InRange(filled[2], 0.35, 0.7);
        Assert.Equal(png, WaveformPicture.Draw(waveform));
    }

    [Fact]
    public void Nothing_has_a_waveform_too() => Assert.NotEmpty(WaveformPicture.Draw(new Waveform()));

    [Theory(Timeout = 120_000)]
    [InlineData("vp8")]
    [InlineData("h264")]
    public async Task A_thumbnail_is_a_small_picture_of_what_is_seen_mostly(string codec)
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        var meeting = new StagedMeeting(5).Voice("alice");
        await meeting.SeenAsync("alice", "color=blue:size=960x540:rate=15,drawbox=c=black:t=fill:enable='lt(t,1)'", codec: codec);
        await meeting.WriteAsync(journal);
        var made = await new MeetingRenderer(journal.Reader(), folder.Path, meeting.Duration).RenderAsync(mix: false, tracks: true, live: null, CancellationToken.None);
        var video = made.Files.Single(f => f.Track == 2);

        Assert.Null(await Thumbnail.MakeAsync(video.Path, folder["thumbnail"], journal.Keys, CancellationToken.None));

        byte[] jpeg = PlainFiles.Content(folder["thumbnail"], journal.Keys);
        byte[] rgb = await DecodeAsync(jpeg, "jpeg_pipe", "rgb24");
        Assert.Equal(3 * 640 * 360, rgb.Length);
        Assert.True(new Frame(rgb, 640).Is(new(0, 0, 640, 360), (0, 0, 255)));
        Assert.InRange(jpeg.Length, 500, 40_000);
        Assert.Null(await Thumbnail.MakeAsync(video.Path, folder["again"], journal.Keys, CancellationToken.None));
        Assert.Equal(jpeg, PlainFiles.Content(folder["again"], journal.Keys));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_video_that_cannot_be_read_and_a_place_that_cannot_be_written_cost_their_pictures_alone()
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["track-001.webm"], "this is no sealed file");
        var made = new RenderedMeeting([new RenderedFile(RenderedKind.Track, "vp8", 1, folder["track-001.webm"], 0, "")], null, new Dictionary<int, TrackQuality>(), true, []);

        var pictures = await MeetingPictures.MakeAsync(made, folder.Path, journal.Keys, CancellationToken.None);
        Assert.Equal([folder["waveform.png"]], pictures.Files.Select(f => f.Path));
        Assert.Contains("not a sealed file", pictures.Failure);

        File.Delete(folder["waveform.png"]);
        Directory.CreateDirectory(folder["waveform.png"]);
        pictures = await MeetingPictures.MakeAsync(made with { Files = [] }, folder.Path, journal.Keys, CancellationToken.None);
        Assert.Equal((0, true), (pictures.Files.Count, pictures.Failure is not null));
        Assert.Empty(Directory.GetFiles(folder.Path, "*.part"));
    }

    private static double Filled(byte[] rgba, int from, int to)
    {
        double sum = 0;
        for (int y = 0; y < WaveformPicture.Height; y++)
            for (int x = from; x < to; x++) sum += rgba[4 * (y * WaveformPicture.Width + x) + 3] / 255.0;
        return sum / (WaveformPicture.Height * (to - from));
    }

    private static async Task<byte[]> DecodeAsync(byte[] picture, string format, string pixels)
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllBytesAsync(folder["in"], picture);
        await EncodedVideo.RunAsync("ffmpeg", $"-v error -f {format} -i {folder["in"]} -f rawvideo -pix_fmt {pixels} {folder["out"]}");
        return await File.ReadAllBytesAsync(folder["out"]);
    }
}
