using System.Reflection;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using Pipeline.Ingest.Recording.Renders;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Media;

/// <summary>Makes one more file of a meeting that is over: in the folder of its others, under its own id.</summary>
/// <param name="duration">The meeting's length.</param>
/// <param name="encoder">Which encoder makes it, for whoever wonders later why two files differ.</param>
internal sealed class RenderedFiles(MediaJob job, MeetingFolder folder, MeetingKeys keys, TimeSpan duration, string encoder)
{
    private static readonly string Version = typeof(RenderedFiles).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    /// <exception cref="IOException">The journal cannot be read, or the file not written.</exception>
    public async Task<RenderMediaResult> MakeAsync(RenderRequest request, RenderText text, RecordingId id, IProgress<double> progress, CancellationToken ct)
    {
        Directory.CreateDirectory(folder.Recordings);
        return request.Layout is null ? await MakeSoundAsync(request, id, progress, ct) : await MakePicturesAsync(request, text, id, progress, ct);
    }

    private async Task<RenderMediaResult> MakePicturesAsync(RenderRequest request, RenderText text, RecordingId id, IProgress<double> progress, CancellationToken ct)
    {
        var (extension, contentType, codec) = request.Format == RenderFormat.WebM ? ("webm", "video/webm", "vp9") : ("mp4", "video/mp4", "h264");
        string path = Path.Combine(folder.Recordings, $"{id}.{extension}");
        var renderer = new CompositeRenderer(new JournalReader(folder.Journal, keys), duration)
        {
            Names = job.Tracks.ToDictionary(track => track.Number, track => track.Spec.Participant.Name),
            Title = job.Spec.Title,
            Comment = Comment,
        };
        if (await renderer.RenderAsync(request, text, path, progress, ct) is { } failure) return new RenderMediaResult.Failed("encoder_failed", failure, CanRetry: true);
        var file = await RenderedFile.AtAsync(RenderedKind.Mix, codec, null, path, keys, ct);
        return new RenderMediaResult.Made(new MadeFile("video", null, contentType, codec, path, file.Bytes, request.To - request.From, file.Sha256) { Render = request });
    }

    private async Task<RenderMediaResult> MakeSoundAsync(RenderRequest request, RecordingId id, IProgress<double> progress, CancellationToken ct)
    {
        var (extension, contentType) = request.Format switch
        {
            RenderFormat.M4a => ("m4a", "audio/mp4"),
            RenderFormat.Ogg => ("ogg", "audio/ogg"),
            _ => ("wav", "audio/wav"),
        };
        string path = Path.Combine(folder.Recordings, $"{id}.{extension}");
        var renderer = new AudioRenderer(() => new JournalReader(folder.Journal, keys), keys, duration);
        var made = await renderer.RenderAsync(request, Takes(request), path, job.Spec.Title, Comment, progress, ct);
        if (made.File is not { } file) return new RenderMediaResult.Failed("encoder_failed", made.Failure!, CanRetry: true);
        return new RenderMediaResult.Made(new MadeFile("mix", null, contentType, file.Codec, file.Path, file.Bytes, request.To - request.From, file.Sha256)
        {
            Loudness = made.Loudness,
            Render = request,
        });
    }

    private string Comment => $"Pipeline {Version}, {encoder}";

    /// <summary>By the track's number: what the journal says of its participant may have been put right since.</summary>
    private Func<TrackDescription, bool> Takes(RenderRequest request)
    {
        if (request.Participants is not { } participants) return _ => true;
        var numbers = job.Tracks.Where(track => participants.Contains(track.Spec.Participant.Id)).Select(track => track.Number).ToHashSet();
        return track => numbers.Contains(track.Number);
    }
}
