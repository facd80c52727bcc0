using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Recording.Pictures;

/// <summary>One picture of a video, small: of its first key frames the one that is most like the others, and not the black it may begin with.</summary>
internal static class Thumbnail
{
    public const int MostWidth = 640;
    private const int KeyFrames = 20;

    /// <param name="video">A sealed WebM or MP4.</param>
    /// <param name="path">Where the JPEG is to lie, sealed.</param>
    /// <param name="program">Found through PATH.</param>
    /// <returns>Null, or why there is none.</returns>
    /// <exception cref="IOException">The video cannot be read, or the file not be written.</exception>
    public static async Task<string?> MakeAsync(string video, string path, MeetingKeys keys, CancellationToken ct, string program = "ffmpeg")
    {
        string[] arguments =
        [
            "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning", "-threads", "1", "-skip_frame", "nokey",
            "-f", video.EndsWith(".mp4", StringComparison.Ordinal) ? "mp4" : "matroska", "-i", "pipe:0", "-map", "0:v:0",
            "-vf", $"thumbnail=n={KeyFrames},scale='min({MostWidth},iw)':-2:flags=area:out_range=pc", "-frames:v", "1", "-pix_fmt", "yuvj420p",
            "-c:v", "mjpeg", "-q:v", "4", "-flags", "+bitexact", "-f", "image2pipe", "pipe:1",
        ];
        using var picture = new MemoryStream();
        await using (var file = SealedFile.OpenWhole(video, keys))
        {
            var outcome = await FfmpegProcess.RunAsync(arguments, file, picture, ct, program);
            if (!outcome.Succeeded) return outcome.Detail;
        }
        if (picture.Length == 0) return "there is no picture in it that can be decoded";
        using var made = PartFile.Create(path, keys);
        picture.WriteTo(made.Content);
        made.Complete();
        return null;
    }
}
