using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Recording.Mp4;
using Pipeline.Ingest.Recording.Pictures;

namespace Pipeline.Actors.Media;

/// <param name="Failure">Why one that was wanted is not there; null: all are.</param>
/// <param name="PictureFailure">The same of a still picture, without which the meeting is whole.</param>
internal sealed record MadeFiles(IReadOnlyList<MadeFile> Files, MediaSnapshot Quality, string? Failure, string? PictureFailure, IReadOnlyList<JournalDamage> Damage);

/// <summary>Makes the files of a meeting that has ended: of its journal, and of what its last run left.</summary>
/// <param name="duration">The meeting's length, which every file has.</param>
internal sealed class MeetingFiles(MediaJob job, MeetingFolder folder, MeetingKeys keys, TimeSpan duration)
{
    /// <summary>Repeatable: the same journal gives the same files.</summary>
    /// <param name="run">Null: everything is made of the journal.</param>
    /// <param name="ready">Is given what is there before the rest, and waited for.</param>
    /// <exception cref="IOException">The journal cannot be read, or the files not written.</exception>
    public async Task<MadeFiles> MakeAsync(FinishedRun? run, Func<MadeFile, Task> ready, CancellationToken ct)
    {
        folder.DeleteUnfinished();
        bool wantsMix = job.Spec.Outputs.Contains("mix") && !job.MixIsReady, wantsTracks = job.Spec.Outputs.Contains("tracks");
        var mix = wantsMix && run?.LiveMix is { } live ? await FinishLiveMixAsync(live, ct) : null;
        if (mix is not null) await ready(Describe(mix, run?.Waveform));              // the others may take long
        var renderer = new MeetingRenderer(new JournalReader(folder.Journal, keys), folder.Recordings, duration)
        {
            Names = job.Tracks.ToDictionary(track => track.Number, track => track.Spec.Participant.Name),
        };
        var rendered = await Task.Run(() => renderer.RenderAsync(wantsMix && mix is null, wantsTracks, run?.Waveform, ct), ct);
        if (rendered.MixFailure is null) LivePart.DeleteAll(folder.Path);            // taken over, or of no use: also what a crash left

        var pictures = await MeetingPictures.MakeAsync(rendered, folder.Recordings, keys, ct);

        var files = (mix is null ? rendered.Files : [mix, .. rendered.Files]).Concat(pictures.Files).Select(file => Describe(file, rendered.Waveform)).ToList();
        return new MadeFiles(files, MediaSnapshots.OfMeeting(run?.Quality, rendered, job.Run), rendered.MixFailure ?? rendered.TrackFailure, pictures.Failure, rendered.Damage);
    }

    /// <returns>Null when the live mix cannot be finished, and must be made again.</returns>
    private async Task<RenderedFile?> FinishLiveMixAsync(LivePart live, CancellationToken ct)
    {
        Directory.CreateDirectory(folder.Recordings);
        string path = Path.Combine(folder.Recordings, "mix.mp4");
        try
        {
            await using var fragments = live.OpenRead();
            await Task.Run(() => ProgressiveMp4.Save(fragments, path, keys, ct), ct);
        }
        catch (InvalidDataException)
        {
            return null;                                                             // damaged on its way to the disk and back
        }
        return await RenderedFile.AtAsync(RenderedKind.Mix, "aac", null, path, keys, ct);
    }

    /// <param name="waveform">Of the mix; null: nobody measured it.</param>
    private MadeFile Describe(RenderedFile file, Waveform? waveform)
    {
        var (kind, contentType) = (file.Kind, Path.GetExtension(file.Path)) switch
        {
            (RenderedKind.Mix, _) => ("mix", "audio/mp4"),
            (RenderedKind.Track, ".webm") => ("track", "video/webm"),
            (RenderedKind.Track, ".mp4") => ("track", "video/mp4"),
            (RenderedKind.Track, ".flac") => ("track", "audio/flac"),
            (RenderedKind.Track, _) => ("track", "audio/ogg"),
            (RenderedKind.Thumbnail, _) => ("thumbnail", "image/jpeg"),
            (_, ".png") => ("waveform", "image/png"),
            _ => ("waveform", "application/json"),
        };
        return new MadeFile(kind, file.Track, contentType, file.Codec, file.Path, file.Bytes, file.Kind == RenderedKind.Thumbnail ? TimeSpan.Zero : duration, file.Sha256)
        {
            Loudness = file.Kind == RenderedKind.Mix ? waveform?.Loudness.Integrated : null,
        };
    }
}
