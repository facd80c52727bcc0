using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;

namespace Pipeline.Actors.Meetings;

/// <summary>What takes long in a meeting's life. It runs outside the meeting's owner and comes back to it as a letter.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "A semaphore whose wait handle is not asked for holds nothing.")]
internal sealed partial class MeetingWork(IMediaEngine engine, IMeetingStore store, TimeProvider clock, ILogger<MeetingWork> log)
{
    /// <summary>What was not finished by then is made from the journal.</summary>
    private static readonly TimeSpan MaxStop = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ComposeAgainAfter = TimeSpan.FromSeconds(10);
    /// <summary>For what the media was told before: two calls may each wait as long as the disk is given.</summary>
    private static readonly TimeSpan MaxCalls = 2 * MediaEngine.DiskPatience;

    /// <summary>Meetings that end together are processed a few at a time, so that those still recorded keep the machine.</summary>
    private readonly SemaphoreSlim processing = new(Environment.ProcessorCount);

    public SpeechEngine? Engine => engine.Engine;

    /// <summary>Tracks that are asked for, with their keys sealed: from here on nobody but the meeting's media sees them.</summary>
    /// <inheritdoc cref="IMediaEngine.Seal"/>
    public List<NewTrack> Asked(IReadOnlyList<TrackSpec> tracks, MeetingId meeting, bool isNew)
    {
        var now = clock.GetUtcNow();
        return [.. tracks.Select(t => new NewTrack(TrackId.New(now), t.OfferedSrtp is { } offered
            ? t with { OfferedSrtp = null, Srtp = engine.Seal(meeting, offered, isNew) }
            : t))];
    }

    /// <summary>The same with what the meeting's source wants to be told.</summary>
    /// <inheritdoc cref="IMediaEngine.Seal"/>
    public MeetingSpec Sealed(MeetingSpec spec, MeetingId meeting)
    {
        if (spec.Source is not { Offered: { } secrets } source) return spec;
        byte[] plain = JsonSerializer.SerializeToUtf8Bytes(secrets, JanusJson.Default.SourceSecrets);
        return spec with { Source = source with { Offered = null, Sealed = secrets.IsEmpty ? null : engine.SealSecret(meeting, plain, isNew: true) } };
    }

    /// <summary>Each that asks for a port of its own with one that is kept for it; null where too few are left.</summary>
    public List<NewTrack>? WithPorts(IReadOnlyList<NewTrack> tracks)
    {
        List<NewTrack> with = [];
        foreach (var track in tracks)
        {
            with.Add(track.Spec.OwnPort ? track with { Port = engine.ReservePort() } : track);
            if (!track.Spec.OwnPort || with[^1].Port is not null) continue;
            Release(with);
            return null;
        }
        return with;
    }

    /// <summary>Of tracks that are not going to be.</summary>
    public void Release(IEnumerable<NewTrack> tracks)
    {
        foreach (var track in tracks)
            if (track.Port is { } port) engine.ReleasePort(port);
    }

    /// <inheritdoc cref="IMediaEngine.Discard"/>
    public void Discard(MeetingId meeting) => engine.Discard(meeting);

    /// <inheritdoc cref="IMediaEngine.FindLiveMix"/>
    public LiveMix? FindLiveMix(MeetingId meeting) => engine.FindLiveMix(meeting);

    /// <inheritdoc cref="IMediaEngine.OpenFile"/>
    public Stream OpenFile(Recording recording) => engine.OpenFile(recording.Meeting, recording.Path);

    /// <summary>Deletes what meetings left that were never stored: a crash or an error came between their key and that.</summary>
    public async Task DiscardUnknownAsync(CancellationToken ct)
    {
        foreach (var meeting in engine.Unopened())
            if (!await store.KnowsAsync(meeting, ct)) engine.Discard(meeting);
    }

    public async Task<Letter.Opened> OpenAsync(Meeting meeting, IMediaObserver observer, CancellationToken ct)
    {
        var job = meeting.Job(await store.HeardAsync(meeting.Tenant, meeting.Id, ct));
        return new Letter.Opened(job, await engine.OpenAsync(job, observer, ct));
    }

    /// <summary>Closes the media, whatever comes: all that arrived is in the journal by then.</summary>
    /// <param name="media">Null where it is gone already.</param>
    /// <param name="calls">What it was told before and has not answered; never faults.</param>
    /// <param name="lastSeen">Stands in for what can no longer be asked.</param>
    public async Task<Letter> StopAsync(Meeting meeting, IMeetingMedia? media, Task calls, MediaSnapshot? lastSeen, CancellationToken ct)
    {
        if (media is null) return new Letter.Done(new MeetingCommand.MediaStopped(meeting.Run, lastSeen));

        using var late = new CancellationTokenSource(MaxStop, clock);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            await Task.WhenAny(calls, Task.Delay(MaxCalls, clock, end.Token));
            await media.StopAsync(meeting.Length(meeting.EndedAt ?? meeting.Now(clock)), end.Token);
            lastSeen = media.Snapshot();
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            StopBroke(e, meeting.Id);
        }
        await CloseAsync(meeting.Id, media);
        return new Letter.Done(new MeetingCommand.MediaStopped(meeting.Run, lastSeen));
    }

    /// <param name="captionsRefused">Captions were made that could not be stored.</param>
    /// <param name="tell">Tells the meeting of files that are there before others that take long; null: it has no owner any more.</param>
    public async Task<Letter> ProcessAsync(
        Meeting meeting, bool captionsRefused, IMediaObserver observer, Func<MeetingCommand, Task<Outcome?>> tell, CancellationToken ct)
    {
        var job = meeting.Job(await store.HeardAsync(meeting.Tenant, meeting.Id, ct)) with { CaptionsRefused = captionsRefused };
        Letter made;
        await processing.WaitAsync(ct);
        try
        {
            made = await ProcessAsync(meeting, job, observer, ct);
        }
        finally
        {
            processing.Release();
        }
        return made is Letter.Done { Command: MeetingCommand.MediaProcessed processed } && meeting.Spec.Outputs.Contains("video")
            ? await ComposeAsync(meeting, job, processed, tell, ct)
            : made;
    }

    /// <summary>
    /// The composite, after all else is told of, and one at a time on the node: of an hour it takes minutes. A meeting that waits for it keeps no other
    /// one's mix waiting.
    /// </summary>
    private async Task<Letter> ComposeAsync(
        Meeting meeting, MediaJob job, MeetingCommand.MediaProcessed processed, Func<MeetingCommand, Task<Outcome?>> tell, CancellationToken ct)
    {
        async Task<Meeting> ToldAsync(IReadOnlyList<ReadyFile> files) =>
            (await tell(new MeetingCommand.FilesMade(job.Run, files)))?.Meeting ?? throw new OperationCanceledException("The meeting has no owner any more.");

        var now = await ToldAsync(processed.Files);
        if (now.Ready.Any(file => file.Kind == "video")) return new Letter.Done(processed);
        var duration = meeting.Length(meeting.EndedAt ?? meeting.Now(clock));
        var request = new RenderRequest(RenderLayout.Grid, null, TimeSpan.Zero, duration, 1280, 720, RenderFormat.Mp4);
        var id = new RecordingId(meeting.Id.Value);                                  // always the same: made twice, it is one file
        var text = await RenderTexts.OfAsync(store, now, ct);
        for (int attempt = 1; ; attempt++)
        {
            switch (await engine.RenderAsync(job, duration, request, text, id, new Progress<double>(), ct))
            {
                case RenderMediaResult.Made made:
                    await ToldAsync([new ReadyFile(id, made.File with { Render = null })]);
                    return new Letter.Done(processed);
                case RenderMediaResult.Failed { Reason: "storage_failed" } later:
                    return new Letter.Broken(new IOException(later.Detail));         // due again, after a pause
                case RenderMediaResult.Failed failed:
                    ProcessingFailed(meeting.Id, failed.Detail);
                    if (failed.CanRetry && attempt < RenderJob.MaxFailures) break;
                    engine.DiscardRender(meeting.Id, id);
                    return new Letter.Done(new MeetingCommand.ProcessingFailed(job.Run, failed.Reason, processed.Files, processed.Captions));
            }
            await Task.Delay(ComposeAgainAfter, clock, ct);
        }
    }

    /// <summary>Never throws: a meeting's end must not depend on how its media ends.</summary>
    public async Task CloseAsync(MeetingId meeting, IMeetingMedia media)
    {
        try
        {
            await media.DisposeAsync();
        }
        catch (Exception e)
        {
            CloseBroke(e, meeting);
        }
    }

    private async Task<Letter> ProcessAsync(Meeting meeting, MediaJob job, IMediaObserver observer, CancellationToken ct)
    {
        try
        {
            switch (await engine.ProcessAsync(job, meeting.Length(meeting.EndedAt ?? meeting.Now(clock)), observer, ct))
            {
                case ProcessMediaResult.Done done:
                    return new Letter.Done(new MeetingCommand.MediaProcessed(job.Run, Named(done.Files), done.Quality, done.Captions));
                case ProcessMediaResult.Failed { CanSucceedLater: true } later:
                    return new Letter.Broken(new IOException(later.Detail));         // due again, after a pause
                case ProcessMediaResult.Failed failed:
                    ProcessingFailed(meeting.Id, failed.Detail);
                    return new Letter.Done(new MeetingCommand.ProcessingFailed(job.Run, failed.Reason, Named(failed.Files), failed.Captions));
            }
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            ProcessingBroke(e, meeting.Id);   // this meeting fails; its journal stays, and others go on
        }
        return new Letter.Done(new MeetingCommand.ProcessingFailed(job.Run, "processing_failed", [], meeting.Captions));
    }

    private IReadOnlyList<ReadyFile> Named(IReadOnlyList<MadeFile> files)
    {
        var now = clock.GetUtcNow();
        return [.. files.Select(f => new ReadyFile(RecordingId.New(now), f))];
    }
}
