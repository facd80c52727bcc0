using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources;
using Pipeline.Actors.Storage;

namespace Pipeline.Actors.Local;

/// <summary>
/// Every meeting of one node. A meeting that is not over has its owner in the registry; one that is over lives in the store
/// alone. Start-up takes up every meeting without an end: same id, same port, the next run; it returns once each had its
/// first attempt. Stopping closes the media and leaves the meetings as they are, to be gone on with.
/// </summary>
/// <remarks>
/// A meeting is created in four steps, and a crash between any two is safe:
/// <list type="number">
/// <item>It is stored as announced. A crash from here on leaves a meeting nobody was told of; the next start closes it as
/// failed (`not_started`), so that its journal, if there is one already, belongs to a meeting that can be erased. An error
/// does the same without a restart; only where the engine opened nothing for want of room is it withdrawn.</item>
/// <item>Its media is opened: port, journal.</item>
/// <item>It is stored as started, with its port. A crash from here on is a meeting the next start goes on with.</item>
/// <item>The client is answered.</item>
/// </list>
/// A track is stored first, which gives it its number for good, then told to the journal, then answered.
/// </remarks>
[SuppressMessage("Reliability", "CA1001", Justification = "A token source without a timer holds nothing; owners may still read it late in a shutdown.")]
public sealed partial class LocalMeetings : IMeetings, IHostedService
{
    /// <summary>
    /// How often media is looked at, and idle and long meetings are noticed. What is seen is as old as the look before, so media that
    /// stalls (5 s) is told less than 6 s after its last packet.
    /// </summary>
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(400);
    /// <summary>What supervisors commonly allow before they kill is 10 s; half of it is ours.</summary>
    private static readonly TimeSpan MaxStop = TimeSpan.FromSeconds(5);
    /// <summary>Far more than a socket and a file take; what is slower than that is stuck.</summary>
    private static readonly TimeSpan MaxFirstAttempt = TimeSpan.FromSeconds(10);
    /// <summary>How long the node is not ready after it had no port or no disk: by then one may be free again.</summary>
    private static readonly TimeSpan FullFor = TimeSpan.FromSeconds(10);
    /// <summary>Opening waits for sockets, files and child processes, not for the processor.</summary>
    private const int OpenAtOnce = 16;

    private readonly ConcurrentDictionary<MeetingId, MeetingActor> owners = new();
    private readonly ConcurrentDictionary<MeetingActor, Task> running = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MeetingWork work;
    private readonly CaptionBacklog backlog;
    private readonly TranscriptRefiner refiner;
    private readonly IMeetingStore store;
    private readonly TimeProvider clock;
    private readonly ActorsMetrics metrics;
    private readonly ILoggerFactory logs;
    private readonly ILogger<LocalMeetings> log;
    private readonly IMeetingSources? sources;
    private Task ticking = Task.CompletedTask, workingOff = Task.CompletedTask;
    private long fullUntil;   // ticks since this boot

    /// <param name="sources">Null: no meeting has one.</param>
    public LocalMeetings(
        IMediaEngine engine, IMeetingStore store, TimeProvider clock, ActorsMetrics metrics, ILoggerFactory logs, IMeetingSources? sources = null)
    {
        this.sources = sources;
        this.store = store;
        this.clock = clock;
        this.metrics = metrics;
        this.logs = logs;
        log = logs.CreateLogger<LocalMeetings>();
        work = new MeetingWork(engine, store, clock, logs.CreateLogger<MeetingWork>());
        backlog = new CaptionBacklog(engine, store, clock, logs.CreateLogger<CaptionBacklog>());
        refiner = new TranscriptRefiner(engine, store, clock, metrics, logs.CreateLogger<TranscriptRefiner>());
    }

    public SpeechEngine? Engine => work.Engine;

    public bool IsReady =>
        started.Task.IsCompletedSuccessfully && !stopping.IsCancellationRequested && clock.GetElapsedTime(0).Ticks >= Interlocked.Read(ref fullUntil);

    /// <summary>Takes up what was left: meetings that record first, together; then those whose files are still to be made.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        ticking = TickAsync();
        var unfinished = await store.UnfinishedAsync(cancellationToken);
        if (unfinished.Count > 0) TakingUp(unfinished.Count);

        var (recording, ending) = (unfinished.Where(m => m.Status == MeetingStatus.Recording), unfinished.Where(m => m.Status != MeetingStatus.Recording));
        await Parallel.ForEachAsync(
            recording, new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce, CancellationToken = cancellationToken },
            async (m, ct) => await FirstAttemptAsync(m, TakeUp(m), ct));
        foreach (var m in ending) TakeUp(m);
        await work.DiscardUnknownAsync(cancellationToken);                           // before there can be a new one
        workingOff = Task.Run(() => Task.WhenAll(backlog.RunAsync(stopping.Token), refiner.RunAsync(stopping.Token)), CancellationToken.None);
        started.TrySetResult();
    }

    /// <summary>Every journal is synced and every part closed within 5 s; what takes longer is left to the next start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        try
        {
            await Task.WhenAll([ticking, workingOff, .. running.Values]).WaitAsync(MaxStop, clock, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            LeftOpen(running.Count);
        }
    }

    public async Task<CreateMeetingResult> CreateAsync(TenantId tenant, MeetingSpec spec, IReadOnlyList<TrackSpec> tracks, CancellationToken ct)
    {
        await ReadyToWorkAsync(ct);
        if (Meeting.Ambiguous([], tracks) is { } index) return new CreateMeetingResult.AmbiguousTrack(index);

        var (now, moment) = (clock.GetUtcNow(), BootMoment.Now(clock));
        var id = MeetingId.New(now);
        var captions = !spec.Captions ? CaptionsStatus.Off : Engine is null ? CaptionsStatus.Unavailable : CaptionsStatus.Live;
        List<NewTrack> asked;
        try { (asked, spec) = (work.Asked(tracks, id, isNew: true), work.Sealed(spec, id)); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            work.Discard(id);
            return new CreateMeetingResult.NoCapacity("the disk cannot be written");
        }
        if (work.WithPorts(asked) is not { } placed)
        {
            work.Discard(id);
            return new CreateMeetingResult.NoCapacity(NoPort);
        }
        CreateMeetingResult? result = null;
        try { return result = await AnnounceAsync(new CreateMeeting(id, tenant, spec, placed, captions) { Moment = moment }, now); }
        finally
        {
            if (result is not CreateMeetingResult.Created) work.Release(placed);
        }
    }

    private async Task<CreateMeetingResult> AnnounceAsync(CreateMeeting command, DateTimeOffset now)
    {
        var announced = Meeting.Decide(command, now);
        var meeting = Meeting.Apply(announced);
        try { await store.CommitAsync(meeting, [announced]); }
        catch (Exception e)
        {
            work.Discard(command.Id);                                                // stored all the same, it is closed as not started, and needs no key
            if (e is IOException) NoteFull();
            throw;
        }
        return await OpenAsync(meeting);   // to its end, even if the client goes: what was announced is not left lying
    }

    public async Task<MeetingView?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        await store.FindAsync(tenant, id, ct) is { } meeting ? Shown(meeting) : null;

    public async Task<MeetingPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct)
    {
        var page = await store.ListAsync(tenant, query, ct);
        return new MeetingPage([.. page.Meetings.Select(Shown)], page.Next);
    }

    /// <summary>A disk that takes nothing keeps that out of the archive, too.</summary>
    private MeetingView Shown(Meeting meeting)
    {
        var view = meeting.View();
        return owners.TryGetValue(meeting.Id, out var owner) && owner.IsFailing ? view with { MediaHealth = MediaHealth.Failing } : view;
    }

    public async Task<QualityReport?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct)
    {
        if (await store.FindAsync(tenant, id, ct) is not { } meeting) return null;
        var now = owners.TryGetValue(id, out var owner) ? await owner.LookAsync(ct) : null;
        return meeting.Quality(now ?? await store.QualityAsync(tenant, id, ct));
    }

    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct) => store.TranscriptAsync(tenant, id, ct);

    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct) =>
        store.TranscriptAsync(tenant, id, version, ct);

    public Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct) =>
        store.FindSegmentAsync(tenant, id, segment, ct);

    /// <summary>Without the meeting's owner: nothing it decides on depends on the words.</summary>
    public async Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, int? ifRevision, CancellationToken ct) =>
        await store.CorrectSegmentAsync(tenant, id, segment, text, by, clock.GetUtcNow(), ifRevision, ct);

    public Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct) => store.RecordingsAsync(tenant, id, ct);

    public Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct) =>
        store.FindRecordingAsync(tenant, id, recording, ct);

    public Stream? OpenRecording(Recording recording)
    {
        try
        {
            return work.OpenFile(recording);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or CryptographicException or UnauthorizedAccessException)
        {
            CannotBeRead(e, recording.Id, recording.Meeting);
            return null;
        }
    }

    private async Task<CreateMeetingResult> OpenAsync(Meeting announced)
    {
        var owner = Owner(announced.Tenant, announced.Id);
        IMeetingMedia? media = null;
        try
        {
            switch ((await work.OpenAsync(announced, owner, stopping.Token)).Result)
            {
                case OpenMediaResult.NoCapacity none:
                    NoteFull();
                    await store.WithdrawAsync(announced.Tenant, announced.Id);
                    return new CreateMeetingResult.NoCapacity(none.Detail);
                case OpenMediaResult.Opened opened:
                    media = opened.Media;
                    break;
            }
            return await BeginAsync(announced, owner, media!);
        }
        catch (Exception e)
        {
            NotStarted(e, announced.Id);
            if (media is not null) await work.CloseAsync(announced.Id, media);
            // What a start-up would do with it, done now: close it as failed once the store can be written again.
            Run(announced.Id, owner);
            throw;
        }
    }

    private void NoteFull() => Interlocked.Exchange(ref fullUntil, (clock.GetElapsedTime(0) + FullFor).Ticks);

    private async Task<CreateMeetingResult> BeginAsync(Meeting announced, MeetingActor owner, IMeetingMedia media)
    {
        var decided = announced.Decide(new MeetingCommand.MediaOpened(announced.Run, media.Port), announced.Now(clock));
        var meeting = announced.Apply(decided);
        owners[meeting.Id] = owner;   // before anybody can see the meeting: what is seen and not over has an owner
        await store.CommitAsync(meeting, decided);
        owner.Adopt(meeting, media);
        Run(meeting.Id, owner);
        Interlocked.Exchange(ref fullUntil, 0);
        return new CreateMeetingResult.Created(meeting.View());
    }

    private async Task ReadyToWorkAsync(CancellationToken ct)
    {
        await started.Task.WaitAsync(ct);
        if (stopping.IsCancellationRequested) throw new OperationCanceledException("The server is stopping.");
    }

    private async Task FirstAttemptAsync(UnfinishedMeeting left, MeetingActor owner, CancellationToken ct)
    {
        try
        {
            await owner.Settled.WaitAsync(MaxFirstAttempt, clock, ct);
        }
        catch (TimeoutException)
        {
            SlowToOpen(left.Id);   // it goes on trying; the others must not wait for it
        }
    }

    private MeetingActor TakeUp(UnfinishedMeeting left)
    {
        var owner = Owner(left.Tenant, left.Id);
        Run(left.Id, owner);
        return owner;
    }

    private MeetingActor Owner(TenantId tenant, MeetingId id) =>
        new(tenant, id, work, store, sources, clock, metrics, logs.CreateLogger<MeetingActor>());

    private void Run(MeetingId id, MeetingActor owner)
    {
        owners[id] = owner;
        var life = new TaskCompletionSource();
        running[owner] = life.Task;
        _ = Task.Run(async () =>
        {
            await owner.RunAsync(stopping.Token);
            owners.TryRemove(id, out _);
            running.TryRemove(owner, out _);
            life.SetResult();
        });
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TickEvery, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
                foreach (var owner in owners.Values) owner.Tick();
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }
}
