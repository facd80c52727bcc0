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
    public static async Task<MadePictures> MakeAsync(RenderedMeeting made, string folder, MeetingKeys keys, CancellationToken ct, string program = "ffmpeg")
    {
        var files = new List<RenderedFile>();
        string? failure = null;
        foreach (var video in made.Files.Where(f => f.Kind == RenderedKind.Track && Path.GetExtension(f.Path) is ".webm" or ".mp4"))
        {
            string path = Path.Combine(folder, $"thumbnail-{video.Track:D3}.jpg");
            await AddAsync(RenderedKind.Thumbnail, "jpeg", video.Track, path, () => Thumbnail.MakeAsync(video.Path, path, keys, ct, program));
        }
        string picture = Path.Combine(folder, "waveform.png");
        await AddAsync(RenderedKind.Waveform, "png", null, picture, () => Task.FromResult(Draw(made.Waveform, picture, keys)));
        return new MadePictures(files, failure);

        async Task AddAsync(RenderedKind kind, string codec, int? track, string path, Func<Task<string?>> make)
        {
            try
            {
                if (await make() is { } why) failure ??= why;
                else files.Add(await RenderedFile.AtAsync(kind, codec, track, path, keys, ct));
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                failure ??= e.Message;                                               // what was recorded is whole without it
            }
        }
    }

    private static string? Draw(Waveform waveform, string path, MeetingKeys keys)
    {
        using var file = PartFile.Create(path, keys);
        file.Content.Write(WaveformPicture.Draw(waveform));
        file.Complete();
        return null;
    }
}
