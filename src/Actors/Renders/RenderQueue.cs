using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Renders;

/// <summary>
/// Every job of one node that is not over, in memory and in the store; one is made at a time, tenants by turns. What is stored counts: a job that was
/// being made when the server ended is queued again, and one whose file is stored already is completed without making it twice.
/// </summary>
/// <remarks>
/// A job belongs to whoever took it: the loop from <see cref="NextDue"/> on, else whoever cancels it. So each has one writer at a time, and is over once.
/// </remarks>
public sealed partial class RenderQueue(
    IMediaEngine engine, IMeetingStore meetings, IJobStore jobs, TimeProvider clock, ActorsMetrics metrics, ILogger<RenderQueue> log) : IRenders, IHostedService, IDisposable
{
    /// <summary>At a minute or so each, who comes last waits for hours; more would be told a lie.</summary>
    public const int MostOfNode = 256;
    /// <summary>So that one tenant leaves room for others.</summary>
    public const int MostOfTenant = 64;
    /// <summary>For a disk that does not take a few bytes.</summary>
    private static readonly TimeSpan StoreAgainAfter = TimeSpan.FromSeconds(5);
    /// <summary>What an encoder takes to be killed; of a stop the meetings need the most.</summary>
    private static readonly TimeSpan MaxStop = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private readonly Dictionary<JobId, Entry> open = [];
    private readonly Dictionary<TenantId, long> served = [];                         // when each tenant had its last turn; those with nothing open are forgotten
    private readonly ChangeSignal changed = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task running = Task.CompletedTask;
    private long turns, opened;

    /// <summary>Pulses after a job has become another.</summary>
    internal ChangeSignal Changes => changed;

    /// <summary>Takes up what was left, and begins.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var left in await jobs.UnfinishedJobsAsync(cancellationToken))
        {
            var job = left.TakeUp(clock.GetUtcNow());
            if (job != left) await jobs.SaveAsync(job);
            if (job.IsOver) engine.DiscardRender(job.Meeting, job.Recording);
            else Open(job);
        }
        running = Task.Run(RunAsync, CancellationToken.None);
        started.TrySetResult();
    }

    /// <summary>What is being made is given up, and made after the next start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        try { await running.WaitAsync(MaxStop, clock, cancellationToken); }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException) { NotEnded(); }
    }

    public void Dispose() => stopping.Dispose();

    public async Task<AskRenderResult> AskAsync(TenantId tenant, MeetingId meeting, RenderRequest request, CancellationToken ct)
    {
        await ReadyAsync(ct);
        if (await meetings.FindAsync(tenant, meeting, ct) is not { } found) return new AskRenderResult.NoSuchMeeting();
        if (!found.IsOver || found.Port is null) return new AskRenderResult.InvalidState(found.Status);   // without a port it never began

        var now = clock.GetUtcNow();
        var job = new RenderJob { Id = JobId.New(now), Tenant = tenant, Meeting = meeting, Recording = RecordingId.New(now), Request = request, CreatedAt = now };
        Entry entry;
        lock (gate)
        {
            int most = open.Count >= MostOfNode ? MostOfNode : open.Values.Count(other => other.Job.Tenant == tenant) >= MostOfTenant ? MostOfTenant : 0;
            if (most > 0)
            {
                metrics.RenderRefused();
                return most == MostOfNode ? new AskRenderResult.NoCapacity() : new AskRenderResult.QuotaExceeded(MostOfTenant);
            }
            entry = Open(job);
            entry.IsTaken = true;                                                    // until it is stored: what is not must not be begun
        }
        try { await jobs.SaveAsync(job); }
        catch
        {
            Close(entry);
            throw;
        }
        Release(entry);
        return new AskRenderResult.Queued(new JobView(job, 0, null));
    }

    public async Task<JobView?> FindAsync(TenantId tenant, JobId id, CancellationToken ct)
    {
        await started.Task.WaitAsync(ct);
        if (Find(tenant, id) is { } entry) return new JobView(entry.Job, entry.Progress, null);
        if (await jobs.FindJobAsync(tenant, id, ct) is not { } job) return null;
        bool isMade = job.Status == JobStatus.Completed;
        return new JobView(job, isMade ? 1 : 0, isMade ? await meetings.FindRecordingAsync(tenant, job.Meeting, job.Recording, ct) : null);
    }

    public async Task<JobView?> CancelAsync(TenantId tenant, JobId id, CancellationToken ct)
    {
        await ReadyAsync(ct);
        if (Find(tenant, id) is { } entry)
        {
            bool isOurs;
            lock (gate)
            {
                isOurs = !entry.IsTaken;
                entry.IsTaken = entry.IsCancelled = true;
            }
            if (isOurs) _ = EndAsync(entry, entry.Job.Cancel(clock.GetUtcNow()));
            else entry.Stop();
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping.Token);
            await entry.Over.WaitAsync(MediaEngine.DiskPatience, clock, either.Token);   // made in the meantime, it stays made
        }
        return await FindAsync(tenant, id, ct);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var news = changed.Next;                                             // before looking: nothing is missed
                if (NextDue(out var due) is { } entry) await MakeAsync(entry);
                else if (due is { } at) await UntilAsync(at, news);
                else await news.WaitAsync(stopping.Token);
                stopping.Token.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What is stored says what is to be done after the next start.
        }
    }

    private async Task UntilAsync(DateTimeOffset due, Task news)
    {
        var passing = due - clock.GetUtcNow() is var wait && wait > TimeSpan.Zero ? Task.Delay(wait, clock, stopping.Token) : Task.CompletedTask;
        if (clock.GetUtcNow() < due) await Task.WhenAny(news, passing);              // looked at again: it may have passed before the timer was set
    }

    /// <summary>Takes the oldest job of whose tenant waited the longest for a turn.</summary>
    /// <param name="due">When the next one is; null: none is there.</param>
    private Entry? NextDue(out DateTimeOffset? due)
    {
        var now = clock.GetUtcNow();
        lock (gate)
        {
            due = null;
            var waiting = open.Values.Where(entry => !entry.IsTaken).ToList();
            var next = waiting.Where(entry => entry.Job.IsDue(now))
                .OrderBy(entry => served.GetValueOrDefault(entry.Job.Tenant)).ThenBy(entry => entry.Number).FirstOrDefault();
            if (next is null)
            {
                if (waiting.Count > 0) due = waiting.Min(entry => entry.Job.NotBefore);
                return null;
            }
            next.IsTaken = true;
            served[next.Job.Tenant] = ++turns;
            return next;
        }
    }

    private async Task MakeAsync(Entry entry)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var job = entry.Job.Begin();
        await StoreAsync(entry, job);
        long began = clock.GetTimestamp();
        RenderJob after;
        if (!entry.Begin(cancelled)) after = job.Cancel(clock.GetUtcNow());          // while its beginning was stored
        else
        {
            try { after = await AttemptAsync(job, entry, cancelled.Token); }
            catch (Exception) when (stopping.IsCancellationRequested) { throw new OperationCanceledException(stopping.Token); }
            catch (OperationCanceledException) { after = job.Cancel(clock.GetUtcNow()); }
            catch (Exception e)
            {
                Broke(e, job.Id, job.Meeting);
                after = job.Fail(new JobError("render_failed", "Something went wrong here."), canRetry: true, clock.GetUtcNow());
            }
            entry.End();
        }
        metrics.RenderEnded(after.Status, clock.GetElapsedTime(began));
        if (after.IsOver) await EndAsync(entry, after);
        else
        {
            await StoreAsync(entry, after);
            TryAgain(job.Id, job.Meeting, after.Error!.Detail, after.NotBefore - clock.GetUtcNow());
            if (!Release(entry)) await EndAsync(entry, after.Cancel(clock.GetUtcNow()));
        }
    }

    private async Task<RenderJob> AttemptAsync(RenderJob job, Entry entry, CancellationToken ct)
    {
        if (await meetings.LoadAsync(job.Tenant, job.Meeting, ct) is not { } meeting)
            return job.Fail(new JobError("gone", "The meeting is gone."), canRetry: false, clock.GetUtcNow());
        if (await meetings.FindRecordingAsync(job.Tenant, job.Meeting, job.Recording, ct) is not null) return job.Complete(clock.GetUtcNow());

        var text = job.Request.Layout is null ? RenderText.None : await RenderTexts.OfAsync(meetings, meeting, ct);
        var duration = meeting.Length(meeting.EndedAt ?? meeting.StartedAt);
        switch (await engine.RenderAsync(meeting.Job([]), duration, job.Request, text, job.Recording, entry, ct))
        {
            case RenderMediaResult.Failed failed:
                NotMade(job.Id, job.Meeting, failed.Detail);
                return job.Fail(new JobError(failed.Reason, failed.Detail), failed.CanRetry, clock.GetUtcNow());
            case RenderMediaResult.Made made:
                ct.ThrowIfCancellationRequested();                                   // from here on it is made, whoever cancels it
                var ready = new MeetingCommand.RenderMade(new ReadyFile(job.Recording, made.File));
                return await meetings.DecideAsync(job.Tenant, job.Meeting, m => m.Decide(ready, m.Now(clock)), stopping.Token) is null
                    ? job.Fail(new JobError("gone", "The meeting is gone."), canRetry: false, clock.GetUtcNow())
                    : job.Complete(clock.GetUtcNow());
            case var other:
                throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    /// <summary>Whoever took it ends it: stored, its leavings gone, its place free.</summary>
    private async Task EndAsync(Entry entry, RenderJob after)
    {
        if (after.Status != JobStatus.Completed) engine.DiscardRender(after.Meeting, after.Recording);
        await StoreAsync(entry, after);
        Close(entry);
    }

    /// <summary>Until the store takes it: what was decided must not be forgotten for want of a disk.</summary>
    private async Task StoreAsync(Entry entry, RenderJob job)
    {
        while (true)
        {
            try
            {
                await jobs.SaveAsync(job);
                entry.Job = job;
                changed.Pulse();
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                NotStored(e, job.Id);
            }
            await Task.Delay(StoreAgainAfter, clock, stopping.Token);
        }
    }

    private Entry Open(RenderJob job)
    {
        Entry entry;
        lock (gate) open.Add(job.Id, entry = new Entry { Job = job, Number = ++opened });
        metrics.RendersWaiting(1);
        changed.Pulse();
        return entry;
    }

    /// <summary>False where it was cancelled meanwhile: whoever has it ends it.</summary>
    private bool Release(Entry entry)
    {
        lock (gate)
        {
            if (entry.IsCancelled) return false;
            entry.IsTaken = false;
        }
        changed.Pulse();
        return true;
    }

    private void Close(Entry entry)
    {
        lock (gate)
        {
            open.Remove(entry.Job.Id);
            if (open.Values.All(other => other.Job.Tenant != entry.Job.Tenant)) served.Remove(entry.Job.Tenant);
        }
        metrics.RendersWaiting(-1);
        entry.SetOver();
        changed.Pulse();
    }

    private Entry? Find(TenantId tenant, JobId id)
    {
        lock (gate) return open.TryGetValue(id, out var entry) && entry.Job.Tenant == tenant ? entry : null;
    }

    private async Task ReadyAsync(CancellationToken ct)
    {
        await started.Task.WaitAsync(ct);
        if (stopping.IsCancellationRequested) throw new OperationCanceledException("The server is stopping.");
    }

    /// <summary>One job that is not over.</summary>
    private sealed class Entry : IProgress<double>
    {
        private readonly TaskCompletionSource over = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock making = new();
        private CancellationTokenSource? cancelled;
        private volatile RenderJob job = null!;
        private double progress;

        /// <summary>As it is stored.</summary>
        public required RenderJob Job { get => job; set => job = value; }
        /// <summary>Rises in the order they were asked for; ids do not, within a millisecond.</summary>
        public required long Number { get; init; }
        public double Progress => Volatile.Read(ref progress);
        public bool IsTaken { get; set; }
        public bool IsCancelled { get; set; }
        public Task Over => over.Task;

        public void SetOver() => over.TrySetResult();

        public void Report(double value) => Volatile.Write(ref progress, Math.Clamp(value, 0, 1));

        /// <summary>False where it was cancelled before.</summary>
        public bool Begin(CancellationTokenSource source)
        {
            lock (making)
            {
                Report(0);
                cancelled = source;
                return !IsCancelled;
            }
        }

        public void End()
        {
            lock (making) cancelled = null;
        }

        /// <summary>Whoever makes it gives up soon.</summary>
        public void Stop()
        {
            lock (making) cancelled?.Cancel();
        }
    }
}
