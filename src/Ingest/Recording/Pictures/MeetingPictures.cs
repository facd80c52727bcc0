using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;

namespace Pipeline.Ingest.Recording.Pictures;

/// <param name="Failure">Why one of them is not there; null: all are.</param>
public sealed record MadePictures(IReadOnlyList<RenderedFile> Files, string? Failure);

/// <summary>Still pictures of what was made of a meeting: one of each video, and its waveform.</summary>
public static class MeetingPictures
{
    /// <param name="made">The meeting's files.</param>
    /// <param name="folder">Where they lie.</param>
    /// <param name="program">The program that decodes, found through PATH.</param>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static async Task<MadePictures> MakeAsync(RenderedMeeting made, string folder, MeetingKeys keys, CancellationToken ct, string program = "ffmpeg")
    {
        var files = new List<RenderedFile>();
        string? failure = null;
        foreach (var video in made.Files.Where(f => f.Kind == RenderedKind.Track && Path.GetExtension(f.Path) is ".webm" or ".mp4"))
        {
            string path = Path.Combine(folder, $"thumbnail-{video.Track:D3}.jpg");
            if (await Thumbnail.MakeAsync(video.Path, path, keys, ct, program) is { } why) failure ??= why;
            else files.Add(await RenderedFile.AtAsync(RenderedKind.Thumbnail, "jpeg", video.Track, path, keys, ct));
        }
        string picture = Path.Combine(folder, "waveform.png"), part = picture + ".part";
        await using (var file = SealedFile.Create(part, keys))
        {
            file.Write(WaveformPicture.Draw(made.Waveform));
            file.Complete();
        }
        File.Move(part, picture, overwrite: true);
        files.Add(await RenderedFile.AtAsync(RenderedKind.Waveform, "png", null, picture, keys, ct));
        return new MadePictures(files, failure);
    }
}
