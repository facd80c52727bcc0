using Pipeline.Actors.Meetings;
using Pipeline.Ingest;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Media;

/// <summary>What a run of a meeting left when it was stopped in order: what need not be made again from the journal.</summary>
/// <param name="LiveMix">The live mix, whole from the meeting's first sample to its last; null: make it again.</param>
/// <param name="Waveform">Its shape, whole as well; null: make it again.</param>
/// <param name="Quality">Of the whole meeting.</param>
/// <param name="CaptionsComplete">Every word has been recognised.</param>
internal sealed record FinishedRun(LivePart? LiveMix, Waveform? Waveform, MediaSnapshot Quality, bool CaptionsComplete);

/// <summary>The parts of a run, made by the engine; the run disposes them.</summary>
internal sealed record RunParts(
    MediaLoop Loop, MediaScheduler Scheduler, JournalWriter Journal, MeetingKeys Keys, Recorder? Recorder, CaptionPipeline? Captions,
    PortPool Ports, TimeProvider Clock, MediaEngineOptions Options, IngestMetrics Metrics);

/// <summary>The running media of one meeting: the loop owns the packets, this owns the loop's life.</summary>
internal sealed class MeetingMedia : IMeetingMedia
{
    /// <summary>Packets that were under way when the stop was accepted.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromMilliseconds(300);

    private readonly MediaJob job;
    private readonly MeetingFolder folder;
    private readonly RunParts parts;
    private readonly Action<FinishedRun> finished;
    private readonly SortedDictionary<int, string> names;                           // by track number; with the vocabulary, under a lock on itself
    private IReadOnlyList<string> vocabulary;
    private readonly MediaSnapshots snapshots = new();
    private volatile MediaSnapshot snapshot = MediaSnapshots.Empty;
    private volatile IReadOnlyDictionary<int, TrackQuality> earlier = new Dictionary<int, TrackQuality>();
    private readonly CancellationTokenSource leaving = new();
    private Task<bool> catchUp = Task.FromResult(true);
    private RepairTotals repairs;                                                    // as the metrics know them
    private int stopped;

    public MeetingMedia(MediaJob job, MeetingFolder folder, RunParts parts, Action<FinishedRun> finished)
    {
        (this.job, this.folder, this.parts, this.finished) = (job, folder, parts, finished);
        (names, vocabulary) = (new SortedDictionary<int, string>(job.Tracks.ToDictionary(t => t.Number, t => t.Spec.Participant.Name)), job.Spec.Vocabulary);
    }

    /// <summary>Told of a journal that is closed and that the disk has not taken all of; it goes on trying.</summary>
    public Action<JournalWriter> LeftUnwritten { get; init; } = _ => { };
    public int Port => parts.Loop.Port;
    public Task Broken => parts.Loop.Faulted.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

    public Task AddTrackAsync(Track track, CancellationToken ct) => InTimeAsync(async late =>
    {
        await parts.Journal.AppendAsync(TrackMapping.ToRecord(track), parts.Loop.Now).WaitAsync(late);
        parts.Captions?.AddTrack(track.Number, track.Spec.Participant.Id);
        Expect(() => names[track.Number] = track.Spec.Participant.Name);
        var sockets = track.Port is { } port ? parts.Ports.TryTake(port) ?? throw new IOException($"port {port} is taken by another program") : null;
        var added = parts.Loop.InvokeAsync(() =>
        {
            if (sockets is not null) parts.Loop.OpenPort(track.Number, sockets.Rtp, sockets.Rtcp);
            var made = parts.Loop.Pipeline.AddTrack(TrackMapping.ToDescription(track, parts.Keys));
            if (TrackMapping.Feedback(track) is { } address) parts.Loop.Pipeline.SetFeedback(track.Number, address);
            return made;
        });
        _ = added.ContinueWith(_ => sockets?.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return await added.WaitAsync(late);
    }, ct);

    public Task EndTrackAsync(Track track, CancellationToken ct) => InTimeAsync(async late =>
    {
        var now = parts.Loop.Now;
        await parts.Loop.InvokeAsync(() =>
        {
            parts.Loop.Pipeline.EndTrack(track.Number);
            parts.Loop.ClosePort(track.Number);
            return true;
        }).WaitAsync(late);
        await parts.Journal.AppendAsync(new Ingest.Journal.TrackEnded(track.Number, (long)now.TotalMicroseconds), now).WaitAsync(late);
        return true;
    }, ct);

    public Task ChangeTrackAsync(Track track, CancellationToken ct) => DoAsync(at =>
    {
        var (number, name, ssrc) = (track.Number, track.Spec.Participant.Name, track.Spec.Ssrc);
        parts.Loop.Pipeline.ChangeTrack(number, name, ssrc);
        Expect(() => names[number] = name);
        return new Ingest.Journal.TrackChanged(number, name, ssrc, Us(at));
    }, ct);

    public Task ExpectAsync(IReadOnlyList<string> vocabulary, CancellationToken ct)
    {
        Expect(() => this.vocabulary = vocabulary);
        return Task.CompletedTask;
    }

    /// <summary>Names and vocabulary as they are after a change, to the captions.</summary>
    private void Expect(Action change)
    {
        lock (names)
        {
            change();
            if (parts.Captions is { } captions) captions.Glossary = Glossary.Of(vocabulary, names.Values);
        }
    }

    public Task PauseAsync(CancellationToken ct) => DoAsync(at =>
    {
        parts.Loop.Pipeline.Pause(at);
        return new Paused(Us(at));
    }, ct);

    public Task ResumeAsync(CancellationToken ct) => HearAsync(
        pipeline => pipeline.IsPaused, (pipeline, at) => pipeline.Resume(at), (at, _) => new Resumed(Us(at)), ct);

    public async Task SetConsentAsync(string participant, string consent, CancellationToken ct)
    {
        ParticipantConsent Record(TimeSpan at, TimeSpan? said = null) => new(participant, consent, Us(at), said is { } first ? Us(first) : null);
        if (Record(default).IsDenied)
        {
            await DoAsync(at =>
            {
                parts.Loop.Pipeline.SetConsent(participant, denied: true, at);
                return Record(at);
            }, ct);
        }
        else if (!await HearAsync(pipeline => pipeline.IsDenied(participant), (pipeline, at) => pipeline.SetConsent(participant, denied: false, at), Record, ct))
        {
            await DoAsync(at => Record(at), ct);                                     // nothing was withheld; what they said is kept all the same
        }
    }

    /// <summary>Does something in the pipeline, at once; returns when the journal's record of it is synced.</summary>
    private Task<bool> DoAsync(Func<TimeSpan, ControlRecord> change, CancellationToken ct) => InTimeAsync(async late =>
    {
        var synced = await parts.Loop.InvokeAsync(() =>
        {
            var at = parts.Loop.Now;
            return parts.Journal.AppendAsync(change(at), at);
        }).WaitAsync(late);
        await synced.WaitAsync(late);
        return true;
    }, ct);

    /// <summary>Takes payloads again, but only once the journal's record of it is synced. False when none were withheld.</summary>
    /// <param name="record">Of when it was said; then of when it was so, with when it was said.</param>
    private Task<bool> HearAsync(
        Func<MediaPipeline, bool> isWithheld, Action<MediaPipeline, TimeSpan> hear, Func<TimeSpan, TimeSpan?, ControlRecord> record, CancellationToken ct) => InTimeAsync(async late =>
    {
        if (!await parts.Loop.InvokeAsync(() => isWithheld(parts.Loop.Pipeline)).WaitAsync(late)) return false;
        var said = parts.Loop.Now;
        await parts.Journal.AppendAsync(record(said, null), said).WaitAsync(late);
        await parts.Loop.InvokeAsync(() =>
        {
            var at = parts.Loop.Now;                                                 // later than was said, by what the disk took
            hear(parts.Loop.Pipeline, at);
            return parts.Journal.AppendAsync(record(at, said), at);
        }).WaitAsync(late);
        return true;
    }, ct);

    /// <summary>A disk that does not answer is not waited for; by then what was to be withheld is.</summary>
    private async Task<T> InTimeAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(MediaEngine.DiskPatience, parts.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try { return await work(either.Token); }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !ct.IsCancellationRequested) { throw new TimeoutException("the disk does not answer"); }
    }

    private static long Us(TimeSpan time) => (long)time.TotalMicroseconds;

    /// <summary>At most a second old: the loop makes it, so that nobody reads what it is writing.</summary>
    public MediaSnapshot Snapshot()
    {
        if (stopped == 0) _ = parts.Loop.InvokeAsync(() => snapshot = Take());
        return snapshot;
    }

    /// <summary>Begins to make up for what runs before this one left. The work ends with this run, done or not.</summary>
    /// <param name="work">Its result: every caption of what was said before this run is there.</param>
    internal void BeginCatchUp(Func<CancellationToken, Task<bool>> work) => catchUp = Task.Run(() => work(leaving.Token), CancellationToken.None);

    /// <summary>What earlier runs received, once the journal has been read.</summary>
    internal void SetEarlier(IReadOnlyDictionary<int, TrackQuality> quality) => earlier = quality;

    public async Task StopAsync(TimeSpan duration, CancellationToken ct)
    {
        var wait = duration + UnderWay - parts.Loop.Now;
        if (wait > TimeSpan.Zero) await Task.WhenAny(Task.Delay(wait, parts.Clock, ct), Broken);
        ct.ThrowIfCancellationRequested();
        if (!await CloseLoopAsync()) return;
        try
        {
            bool sound = !parts.Loop.Faulted.IsCompleted;                            // a pipeline that broke is not asked again
            if (sound)
            {
                parts.Loop.Pipeline.Finish(duration);
                snapshot = Take();
                await CloseJournalAsync(duration, ct);
            }
            var mix = sound ? parts.Recorder?.FinishAsync(TimeSpan.FromSeconds(10)) : null;
            bool heard = await HeardAsync(ct) && sound;
            if (sound) snapshot = Take();                                            // with what earlier runs received, which is known by now
            var live = mix is null ? null : await mix;
            var pipeline = parts.Loop.Pipeline;
            if (sound) finished(new FinishedRun(pipeline.MixIsWhole ? live : null, pipeline.MixIsWhole ? pipeline.Waveform : null, snapshot, heard));
        }
        finally { await DisposePartsAsync(); }
    }

    /// <summary>Ends the run and not the meeting: the journal is synced, the next start goes on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (await CloseLoopAsync()) await DisposePartsAsync();
    }

    /// <summary>False when somebody else did.</summary>
    private async Task<bool> CloseLoopAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) != 0) return false;
        await parts.Scheduler.RemoveAsync(parts.Loop);
        parts.Loop.Dispose();
        return true;
    }

    private async Task CloseJournalAsync(TimeSpan duration, CancellationToken ct)
    {
        parts.Loop.Pipeline.Commit();
        try { await parts.Journal.AppendAsync(new MeetingClosed((long)duration.TotalMicroseconds), duration).WaitAsync(MediaEngine.DiskPatience, ct); }
        catch (Exception e) when (e is IOException or TimeoutException) { /* A broken disk ends the meeting all the same; its readers see no end in the journal. */ }
        await parts.Journal.DisposeAsync();
    }

    /// <summary>Every word of this run and of those before has its caption.</summary>
    private async Task<bool> HeardAsync(CancellationToken ct)
    {
        bool heard = parts.Captions is null || await parts.Captions.FinishAsync(parts.Options.CaptionPatience).WaitAsync(ct);
        return await catchUp.WaitAsync(ct) && heard;
    }

    /// <summary>Whatever came before. The catch-up ends first: what it still says would be said twice, and it writes to the journal.</summary>
    private async Task DisposePartsAsync()
    {
        await leaving.CancelAsync();
        await ((Task)catchUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await parts.Journal.DisposeAsync();
        if (!parts.Journal.IsWritten) LeftUnwritten(parts.Journal);
        if (parts.Recorder is not null) await parts.Recorder.DisposeAsync();
        if (parts.Captions is not null) await parts.Captions.DisposeAsync();
        parts.Loop.Pipeline.Dispose();
        leaving.Dispose();
    }

    private MediaSnapshot Take()
    {
        var before = repairs;
        repairs = parts.Loop.Pipeline.Repairs();
        parts.Metrics.Repaired(before, repairs);
        var had = snapshots.Received;
        var taken = snapshots.Take(parts.Loop.Pipeline, parts.Loop.Now, parts.Journal.IsFailing, earlier);
        parts.Metrics.Received(had, snapshots.Received);
        return taken;
    }
}
