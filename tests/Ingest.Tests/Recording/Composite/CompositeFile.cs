using System.Diagnostics;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Video;

namespace Pipeline.Ingest.Tests.Recording.Composite;

/// <summary>A composite as a player has it.</summary>
internal sealed class CompositeFile : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public string Path => folder["plain"];

    public static async Task<CompositeFile> MakeAsync(JournalFolder journal, StagedMeeting meeting, RenderRequest request, RenderText? text = null)
    {
        var file = new CompositeFile();
        string? failure = await new CompositeRenderer(journal.Reader(), meeting.Duration) { Title = "Weekly; sync", Comment = "Pipeline 1, ffmpeg 2" }.RenderAsync(request, text ?? RenderText.None, file.folder["sealed"], new Progress<double>(), CancellationToken.None);
        Assert.True(failure is null, failure);
        await using (var sealedFile = SealedFile.OpenWhole(file.folder["sealed"], journal.Keys))
        await using (var plain = File.Create(file.Path)) await sealedFile.CopyToAsync(plain);
        if (Environment.GetEnvironmentVariable("KEEP") is { } keep) File.Copy(file.Path, keep, true);
        Assert.Equal(["plain", "sealed"], Directory.GetFileSystemEntries(file.folder.Path).Select(System.IO.Path.GetFileName).Order());
        return file;
    }

    public static RenderRequest Request(RenderLayout layout, StagedMeeting meeting, RenderFormat format = RenderFormat.Mp4, params string[] participants) =>
        new(layout, participants.Length == 0 ? null : participants, TimeSpan.Zero, meeting.Duration, 640, 360, format);

    /// <summary>The pictures shown at these times.</summary>
    public async Task<List<Frame>> FramesAsync(int width, int height, params double[] seconds)
    {
        string wanted = seconds.Length > 100 ? "1" : string.Join('+', seconds.Select(s => $"eq(n,{(int)(s * LayoutTimeline.Rate)})"));
        var info = new ProcessStartInfo("ffmpeg") { RedirectStandardOutput = true };
        foreach (string argument in new[] { "-v", "error", "-i", Path, "-vf", $"select='{wanted}'", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1" }) info.ArgumentList.Add(argument);
        using var process = Process.Start(info)!;
        var frames = new List<Frame>();
        for (var rgb = new byte[3 * width * height]; await process.StandardOutput.BaseStream.ReadAtLeastAsync(rgb, rgb.Length, throwOnEndOfStream: false) == rgb.Length; rgb = new byte[rgb.Length])
            frames.Add(new Frame(rgb, width));
        await process.WaitForExitAsync();
        Assert.Equal(seconds.Length, frames.Count);
        return frames;
    }

    public Task<string> ProbeAsync(string what) => EncodedVideo.RunAsync("ffprobe", $"-v error {what} {Path}");

    public void Dispose() => folder.Dispose();
}

/// <summary>One picture.</summary>
internal sealed record Frame(byte[] Rgb, int Width)
{
    public (int R, int G, int B) At(int x, int y) => (Rgb[3 * (y * Width + x)], Rgb[3 * (y * Width + x) + 1], Rgb[3 * (y * Width + x) + 2]);

    /// <summary>True where the middle of the area, and half the way to its edges, is of the colour.</summary>
    public bool Is(Area area, (int R, int G, int B) colour, int tolerance = 30)
    {
        foreach (double dx in new[] { 0.25, 0.5, 0.75 })
            foreach (double dy in new[] { 0.25, 0.5, 0.75 })
                if (!Near(At(area.X + (int)(dx * area.Width), area.Y + (int)(dy * area.Height)), colour, tolerance)) return false;
        return true;
    }

    public static bool Near((int R, int G, int B) a, (int R, int G, int B) b, int tolerance = 30) =>
        Math.Abs(a.R - b.R) <= tolerance && Math.Abs(a.G - b.G) <= tolerance && Math.Abs(a.B - b.B) <= tolerance;

    /// <summary>Of the area, the share of pixels near a colour.</summary>
    public double Share(Area area, (int R, int G, int B) colour, int tolerance = 40)
    {
        int near = 0;
        for (int y = area.Y; y < area.Bottom; y++)
            for (int x = area.X; x < area.Right; x++)
                if (Near(At(x, y), colour, tolerance)) near++;
        return (double)near / (area.Width * area.Height);
    }
}
