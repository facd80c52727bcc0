using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;
using CaptionsStatus = Pipeline.Actors.Meetings.CaptionsStatus;
using SpeechEngine = Pipeline.Actors.Meetings.SpeechEngine;

namespace Pipeline.Actors.Media;

/// <summary>What of Transcribe the engine needs to caption meetings.</summary>
public sealed record SpeechServices(ISpeechRecognizer Recognizer, TranscribeMetrics Metrics, ILogger<CaptionPipeline> Logger);

/// <summary>
/// This node's media: ports, journals, loops, live mixes and captions of its meetings, and the files made of them afterwards. Where
/// Ingest and Transcribe meet.
/// </summary>
public sealed partial class MediaEngine : IMediaEngine, IDisposable
{
    /// <summary>A disk that does not take a few bytes in this time takes no meeting.</summary>
    internal static readonly TimeSpan DiskPatience = TimeSpan.FromSeconds(10);

    private readonly MediaEngineOptions options;
    private readonly IKeyVault vault;
    private readonly SpeechServices? speech;
    private readonly IngestMetrics metrics;
    private readonly TimeProvider clock;
    private readonly ILogger<MediaEngine> logger;
    private readonly PortPool ports;
    private readonly JournalDisk disk;
    private readonly MediaScheduler scheduler = new(Environment.ProcessorCount);
    private readonly ConcurrentDictionary<MeetingId, FinishedRun> finished = new();
    /// <summary>Journals that are closed and not whole on the disk yet, which refused to take the rest.</summary>
    private readonly ConcurrentDictionary<MeetingId, JournalWriter> unwritten = new();

    /// <param name="speech">Null: no model is set, no captions are made.</param>
    public MediaEngine(
        MediaEngineOptions options, IKeyVault vault, SpeechServices? speech, IngestMetrics metrics, TimeProvider clock, ILogger<MediaEngine> logger)
    {
        (this.options, this.vault, this.speech, this.metrics, this.clock, this.logger) = (options, vault, speech, metrics, clock, logger);
        Directory.CreateDirectory(options.DataFolder);
        ports = new PortPool(options.BindAddress, options.Ports);
        disk = new JournalDisk(options.DataFolder);
        _ = CheckEncoderAsync();
    }

    public SpeechEngine? Engine => speech?.Recognizer.Engine is { } e ? new SpeechEngine(e.Name, e.Model, e.Sha256) : null;

    public async Task<OpenMediaResult> OpenAsync(MediaJob job, IMediaObserver observer, CancellationToken ct)
    {
        var result = await TryOpenAsync(job, observer, ct);
        if (result is OpenMediaResult.NoCapacity && job.Run == 1) Discard(job.Id);
        return result;
    }

    public async Task<ProcessMediaResult> ProcessAsync(MediaJob job, TimeSpan duration, IMediaObserver observer, CancellationToken ct)
    {
        var folder = new MeetingFolder(options.DataFolder, job.Id);
        if (!IsWritten(job.Id)) return NotYet("the disk has not taken all of the journal");
        finished.TryRemove(job.Id, out var run);
        if (WhyNotDecoded(job) is { } unheard)
            return new ProcessMediaResult.Failed("codec_unavailable", unheard, [], run?.Quality ?? MediaSnapshots.Empty, CaptionsStatus.Deferred);
        foreach (int port in job.Tracks.Select(t => t.Port).OfType<int>()) ports.Release(port);   // of tracks whose media never opened
        MeetingKeys keys;
        try { keys = folder.OpenKeys(vault); }
        catch (Exception e) when (e is IOException or CryptographicException)
        {
            CannotProcess(job.Id, e);
            return new ProcessMediaResult.Failed("key_unavailable", "the meeting's key cannot be read", [], run?.Quality ?? MediaSnapshots.Empty, CaptionsStatus.Deferred);
        }

        var captions = Task.Run(() => FinishCaptionsAsync(job, folder, keys, duration, run, observer, ct), ct);
        MadeFiles made;
        try
        {
            made = await new MeetingFiles(job, folder, keys, duration).MakeAsync(run, TellOfMixAsync, ct);
            await disk.SyncAsync().WaitAsync(ct);                                    // what is told of is not gone after a power cut
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            CannotProcess(job.Id, e);
            var end = await captions;
            return IsForWantOfRoom(e) ? NotYet("the disk is full") : new ProcessMediaResult.Failed("storage_failed", "the recordings cannot be written", [], run?.Quality ?? MediaSnapshots.Empty, end);
        }
        Retire(job.Id, folder);
        foreach (var damage in made.Damage) JournalDamaged(job.Id, damage.Segment, damage.Offset, damage.What);
        if (made.PictureFailure is { } unseen) NotPictured(job.Id, unseen);
        if (made.Failure is { } failure)
        {
            NotEncoded(job.Id, failure);
            return new ProcessMediaResult.Failed("encoder_failed", failure, made.Files, made.Quality, await captions);
        }
        return new ProcessMediaResult.Done(made.Files, made.Quality, await captions);

        async Task TellOfMixAsync(MadeFile mix)
        {
            await disk.SyncAsync().WaitAsync(ct);
            observer.OnMix(job.Run, mix);
        }
    }

    public Stream OpenFile(MeetingId meeting, string path) => SealedFile.OpenWhole(path, new MeetingFolder(options.DataFolder, meeting).OpenKeys(vault));

    public int? ReservePort() => ports.Reserve();

    public void ReleasePort(int port) => ports.Release(port);

    public IDisposable HoldPort(int port) => ports.Hold(port);

    public void Dispose()
    {
        scheduler.Dispose();
        foreach (var heard in live.Values) heard.Dispose();
        ports.Dispose();
        disk.Dispose();
    }

    private async Task<OpenMediaResult> TryOpenAsync(MediaJob job, IMediaObserver observer, CancellationToken ct)
    {
        if ((WhyNotProtected(job) ?? WhyNotDecoded(job)) is { } why) return new OpenMediaResult.NoCapacity(why);
        if (!IsWritten(job.Id)) return new OpenMediaResult.NoCapacity("the disk has not taken all of the run before");
        if (job.Run == 1 && IsDiskNearlyFull)
            return new OpenMediaResult.NoCapacity("the disk is nearly full");
        if ((job.Port is { } had ? ports.TryTake(had) : ports.TryTake()) is not { } sockets)
            return new OpenMediaResult.NoCapacity(job.Port is { } taken ? $"port {taken} is taken by another program" : "every port of the range is in use");
        var own = new Dictionary<int, PortSockets>();
        void GiveBack() { foreach (var taken in own.Values.Prepend(sockets)) taken.Dispose(); }
        foreach (int port in OwnPorts(job.Tracks))
        {
            if (ports.TryTake(port) is { } taken) own[port] = taken;
            else
            {
                GiveBack();
                return new OpenMediaResult.NoCapacity($"port {port} is taken by another program");
            }
        }
        try
        {
            return new OpenMediaResult.Opened(await StartAsync(job, sockets, own, observer, ct));
        }
        catch (Exception e)
        {
            GiveBack();
            if (e is not (IOException or UnauthorizedAccessException or TimeoutException)) throw;
            CannotOpen(job.Id, e);
            return new OpenMediaResult.NoCapacity("the disk cannot be written");
        }
    }

    /// <summary>Whether the journal is whole, as far as it will be.</summary>
    private bool IsWritten(MeetingId meeting)
    {
        if (!unwritten.TryGetValue(meeting, out var journal)) return true;
        return journal.IsWritten && unwritten.TryRemove(meeting, out _);
    }

    /// <summary>A disk that is full, or that the system made read-only, can be put right, and nothing is lost until then.</summary>
    private static bool IsForWantOfRoom(Exception e)
    {
        const int NoSpace = 28, ReadOnly = 30, OverQuota = 122;
        return e is UnauthorizedAccessException || e.HResult is NoSpace or ReadOnly or OverQuota;
    }

    private static ProcessMediaResult.Failed NotYet(string detail) =>
        new("storage_failed", detail, [], MediaSnapshots.Empty, CaptionsStatus.Deferred) { CanSucceedLater = true };

    private void DeleteJournal(MeetingFolder folder)
    {
        try { folder.DeleteJournal(); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { NotDiscarded(folder.Id, e); }
    }

    private bool IsDiskNearlyFull => new DriveInfo(Path.GetFullPath(options.DataFolder)).AvailableFreeSpace < options.DiskReserveBytes;

    private static IEnumerable<int> OwnPorts(IReadOnlyList<Track> tracks) => tracks.Where(t => t.EndedAt is null).Select(t => t.Port).OfType<int>();

    /// <param name="own">The sockets of tracks that have their own port, by port.</param>
    private async Task<MeetingMedia> StartAsync(MediaJob job, PortSockets sockets, Dictionary<int, PortSockets> own, IMediaObserver observer, CancellationToken ct)
    {
        var folder = new MeetingFolder(options.DataFolder, job.Id);
        var keys = folder.OpenOrCreateKeys(vault);
        var startedBoot = StartedBoot(job, folder, keys);
        var began = BootClock.Now - startedBoot;
        var descriptions = job.Tracks.Where(t => t.EndedAt is null).Select(t => TrackMapping.ToDescription(t, keys)).ToList();
        var indexes = job.Run > 1 && job.Tracks.Any(IsProtected) ? SrtpIndexes.Read(new JournalReader(folder.Journal, keys)) : null;

        var journal = new JournalWriter(folder.Journal, job.Id.Value, job.Run, keys, disk);
        try { await WriteBeginningAsync(job, journal, began, startedBoot).WaitAsync(DiskPatience, ct); }
        catch
        {
            journal.Abandon();                                                       // a next attempt writes the same segment
            if (job.Run == 1) DeleteJournal(folder);
            throw;
        }

        var captions = job.Spec.Captions ? StartCaptions(job, observer, new CaptionOptions { Partials = true }) : null;
        var recorder = job.Spec.Outputs.Contains("mix") ? StartLiveMix(job, folder, keys, began) : null;
        if (captions is not null) captions.SpeechLost += NoteIn(journal);
        var pipeline = new MediaPipeline(journal, recorder, captions is null ? null : new SpeechFeed(captions), options.AllowPlainRtp)
        {
            SrtpIndexes = indexes,
            Waveform = job.Run == 1 ? new Waveform() : null,                         // of a later run it would be a part
            Levels = new LevelTap(observer),
        };
        if (job.Run > 1) pipeline.Begin(began);
        foreach (string participant in job.Denied) pipeline.SetConsent(participant, denied: true, began);
        if (job.Paused) pipeline.Pause(began);                                       // before there is a loop to take packets
        foreach (var track in descriptions)
        {
            pipeline.AddTrack(track);
            captions?.AddTrack(track.Number);
        }

        var loop = new MediaLoop(sockets.Rtp, sockets.Rtcp, pipeline, journal, startedBoot);
        foreach (var track in job.Tracks.Where(t => t.EndedAt is null && t.Port is not null)) loop.OpenPort(track.Number, own[track.Port!.Value].Rtp, own[track.Port.Value].Rtcp);
        foreach (var track in job.Tracks.Where(t => t.EndedAt is null))
            if (TrackMapping.Feedback(track) is { } address) pipeline.SetFeedback(track.Number, address);
        _ = loop.Faulted.ContinueWith(t => LoopFaulted(job.Id, t.Exception!), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        scheduler.Add(loop);
        var media = new MeetingMedia(job, folder, new RunParts(loop, scheduler, journal, keys, recorder, captions, ports, clock, options, metrics), run => finished[job.Id] = run)
        {
            LeftUnwritten = left => unwritten[job.Id] = left,
        };
        if (job.Run > 1) media.BeginCatchUp(leaving => CatchUpAsync(job, media, journal, new JournalCatchUp(folder, keys, began, job.Run), observer, leaving));
        return media;
    }

    /// <summary>What whoever reads this run needs to know before its first packet.</summary>
    private static Task WriteBeginningAsync(MediaJob job, JournalWriter journal, TimeSpan began, TimeSpan startedBoot)
    {
        _ = journal.AppendAsync(new MeetingOpened(job.Id.ToString(), job.Run, job.StartedAt) { Tenant = job.Tenant?.Value, Spec = MeetingOfPackets.Written(job.Spec) }, began);
        var last = journal.AppendAsync(new ClockAnchor(BootClock.BootId, (long)began.TotalMicroseconds, (long)(startedBoot + began).TotalMicroseconds, job.StartedAt + began), began);
        foreach (string participant in job.Denied) last = journal.AppendAsync(new ParticipantConsent(participant, "denied", (long)began.TotalMicroseconds), began);
        foreach (var track in job.Tracks.Where(t => t.EndedAt is null)) last = journal.AppendAsync(TrackMapping.ToRecord(track), began);
        if (job.Paused) last = journal.AppendAsync(new Paused((long)began.TotalMicroseconds), began);
        return last;                                                                 // written in order: it is synced with all before it
    }

    /// <summary>One sentence where some track's codec cannot be decoded here; null where all can.</summary>
    private static string? WhyNotDecoded(MediaJob job)
    {
        foreach (var track in job.Tracks.Where(t => t.Spec.Kind == "audio"))
            if (!AudioCodec.Find(track.Spec.Codec).IsSupported(out string? why)) return why;
        return null;
    }

    private async Task CheckEncoderAsync()
    {
        var outcome = await FfmpegProcess.RunAsync(FfmpegArguments.Nothing, CancellationToken.None);
        if (!outcome.Succeeded) NoEncoder(outcome.Detail);
    }

    /// <summary>
    /// When the meeting began, on the boot clock: as its owner or the journal noted it, if that was in this boot; else by the wall clock,
    /// the only one that a reboot leaves.
    /// </summary>
    private TimeSpan StartedBoot(MediaJob job, MeetingFolder folder, MeetingKeys keys)
    {
        if (job.Began is { } began && began.BootId == BootClock.BootId) return began.Since;
        if (job.Run > 1)
        {
            foreach (var block in new JournalReader(folder.Journal, keys).ReadBlocks().Take(8))
                foreach (var record in block)
                    if (record.Control is ClockAnchor anchor && anchor.BootId == BootClock.BootId)
                        return TimeSpan.FromMicroseconds(anchor.BootTimeUs - anchor.MeetingUs);
        }
        return BootClock.Now - (clock.GetUtcNow() - job.StartedAt);
    }

    private sealed class LevelTap(IMediaObserver observer) : ILevelSink
    {
        public bool IsWanted => observer.WantsLevels;
        public void Write(LevelReading reading) => observer.OnLevels(reading);
    }
}
