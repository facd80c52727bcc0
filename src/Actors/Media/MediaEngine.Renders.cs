using System.Security.Cryptography;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Media;

/// <summary>Files that are asked for when a meeting is over.</summary>
public sealed partial class MediaEngine
{
    /// <summary>One at a time: meetings that are being recorded need the machine more.</summary>
    private readonly SemaphoreSlim rendering = new(1);

    public async Task<RenderMediaResult> RenderAsync(
        MediaJob job, TimeSpan duration, RenderRequest request, RenderText text, RecordingId id, IProgress<double> progress, CancellationToken ct)
    {
        if (WhyNotDecoded(job) is { } unheard) return new RenderMediaResult.Failed("codec_unavailable", unheard, CanRetry: false);
        await rendering.WaitAsync(ct);
        try
        {
            if (IsDiskNearlyFull) return new RenderMediaResult.Failed("storage_failed", "the disk is nearly full", CanRetry: true);   // what is being recorded needs the rest
            var folder = new MeetingFolder(options.DataFolder, job.Id);
            var files = new RenderedFiles(job, folder, folder.OpenKeys(vault), duration, await FfmpegProcess.VersionAsync(ct));
            var made = await Task.Run(() => files.MakeAsync(request, text, id, progress, ct), ct);
            await disk.SyncAsync().WaitAsync(ct);
            return made;
        }
        catch (CryptographicException e)
        {
            CannotProcess(job.Id, e);
            return new RenderMediaResult.Failed("key_unavailable", "the meeting's key cannot be read", CanRetry: false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            CannotProcess(job.Id, e);
            return new RenderMediaResult.Failed("key_unavailable", "the meeting's key or journal is gone", CanRetry: false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            CannotProcess(job.Id, e);
            return new RenderMediaResult.Failed("storage_failed", "the recordings cannot be written, or the journal not be read", CanRetry: true);
        }
        finally
        {
            rendering.Release();
        }
    }

    public void DiscardRender(MeetingId meeting, RecordingId id)
    {
        try
        {
            new MeetingFolder(options.DataFolder, meeting).DeleteRender(id);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            RenderNotDiscarded(id, meeting, e);
        }
    }
}
