using System.Collections.Concurrent;
using System.Security.Cryptography;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;

namespace Pipeline.Actors.Media;

/// <summary>What can be heard of meetings that run.</summary>
public sealed partial class MediaEngine
{
    /// <summary>Players are some seconds behind: what they still want when the mix is there is kept open for them, though its files are deleted.</summary>
    private static readonly TimeSpan HeardOut = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<MeetingId, LiveMix> live = new();

    public LiveMix? FindLiveMix(MeetingId meeting)
    {
        if (live.TryGetValue(meeting, out var known)) return known;
        var folder = new MeetingFolder(options.DataFolder, meeting);
        if (!LivePart.Exists(folder.Path)) return null;
        try
        {
            var keys = folder.OpenKeys(vault);
            return live.GetOrAdd(meeting, _ => Ended(new LiveMix(() => LivePart.OpenAll(folder.Path, keys, int.MaxValue))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            LiveMixUnreadable(meeting, e);
            return null;
        }
    }

    private Recorder StartLiveMix(MediaJob job, MeetingFolder folder, MeetingKeys keys, TimeSpan began)
    {
        var mix = live.AddOrUpdate(
            job.Id,
            _ => new LiveMix(() => LivePart.OpenAll(folder.Path, keys, job.Run)),
            (_, before) => new LiveMix(() => before.Parts));                         // of a run that broke, or that somebody asked for: they are open
        long first = job.Run == 1 ? 0 : MediaPipeline.FirstSample(began);
        return new Recorder(new LiveTarget(folder.Path, keys, job.Run, mix), first, StartEncoder, detail => LiveMixInterrupted(job.Id, detail), clock);
    }

    private static (IEncoder?, string) StartEncoder() => FfmpegProcess.TryStart(FfmpegArguments.Mix);

    /// <summary>The meeting's files are made: what could be heard goes, if it is not all there is.</summary>
    private void Retire(MeetingId meeting, MeetingFolder folder)
    {
        if (LivePart.Exists(folder.Path) || !live.TryGetValue(meeting, out var mix)) return;
        _ = ForgetAsync();

        async Task ForgetAsync()
        {
            await Task.Delay(HeardOut, clock);
            if (live.TryRemove(new(meeting, mix))) mix.Dispose();
        }
    }

    private static LiveMix Ended(LiveMix mix)
    {
        mix.End();
        return mix;
    }
}
