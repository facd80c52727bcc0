using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// The jobs of all meetings, from the question to its answer. Finals come before partials, and both before what nobody waits for; of each kind the meeting that was served
/// longest ago, then first come, first asked; a meeting has at most one job for each of its tracks here. Bounded by seconds of speech:
/// what does not fit is refused at once, a final then kept by the meeting it belongs to. A partial that waited too long is dropped, and
/// one worker thread in two is never given anything but finals of what is being said, so that those seldom wait. Thread-safe.
/// </summary>
internal sealed class JobQueue(long maxWaitingSamples, TranscribeMetrics metrics, TimeProvider clock) : IDisposable
{
    /// <summary>Later than this what a partial shows has been said over.</summary>
    internal static readonly TimeSpan MaxPartialWait = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly LinkedList<PendingJob> waiting = new();
    private readonly Dictionary<long, PendingJob> asked = [];
    private readonly SemaphoreSlim changed = new(0);
    private long nextId = 1, waitingSamples, waitingBackground, served;
    private string? closedReason;

    /// <summary>Takes the samples before it returns. Completes with an outcome, or as cancelled.</summary>
    public Task<RecognizeOutcome> Add(SpeechJob job, CancellationToken cancellationToken)
    {
        PendingJob pending;
        lock (gate)
        {
            if (closedReason is { } reason) return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Unavailable(reason));
            // Finals find room where partials do not, and what nobody waits for takes none of theirs.
            long before = job.IsBackground ? waitingBackground : waitingSamples - waitingBackground;
            if (before + job.Samples.Length > (job.IsPartial || job.IsBackground ? maxWaitingSamples / 4 : maxWaitingSamples))
            {
                if (job.IsPartial) metrics.PartialDropped();
                else metrics.JobRefused();
                return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Failed("too much speech is waiting already", CanRetry: true));
            }
            pending = new PendingJob(nextId++, job) { AddedAt = clock.GetTimestamp() };
            waiting.AddLast(pending.Place);
            Count(pending, pending.SampleCount);
        }
        pending.CancelOn(Forget, cancellationToken);
        changed.Release();
        return pending.Outcome;
    }

    /// <summary>Waits until a call of <see cref="TakeNext"/> may answer otherwise than before.</summary>
    public Task WaitForChangeAsync(CancellationToken cancellationToken) => changed.WaitAsync(cancellationToken);

    /// <summary>
    /// The next job to send, or null when none may be sent now. A job that has already seen a worker die is sent alone: should it
    /// be the cause, no other is blamed.
    /// </summary>
    public PendingJob? TakeNext(int atOnce)
    {
        List<PendingJob> stale;
        PendingJob? next;
        lock (gate)
        {
            stale = [.. waiting.Where(job => job.IsPartial && clock.GetElapsedTime(job.AddedAt) > MaxPartialWait)];
            stale.ForEach(RemoveWaiting);
            next = TakeFirst(atOnce);
        }
        foreach (var job in stale)
        {
            metrics.PartialDropped();
            job.Complete(new RecognizeOutcome.Failed("it would have come too late", CanRetry: true));
        }
        return next;
    }

    private PendingJob? TakeFirst(int atOnce)
    {
        if (asked.Count >= atOnce || asked.Values.Any(job => job.Deaths > 0)) return null;
        bool lesserToo = asked.Values.Count(job => job.Rank > JobRank.Final) < Math.Max(1, atOnce / 2);
        if (First(lesserToo) is not { } next || (asked.Count > 0 && next.Deaths > 0)) return null;

        RemoveWaiting(next);
        next.AskedAt = clock.GetTimestamp();
        if (next.Source is { } source) source.Served = ++served;
        asked.Add(next.Id, next);
        return next;
    }

    /// <summary>One that saw a worker die is the first of all.</summary>
    private PendingJob? First(bool lesserToo)
    {
        PendingJob? first = null;
        foreach (var job in waiting)
        {
            if (job.Deaths > 0) return job;
            if (job.Rank > JobRank.Final && !lesserToo) continue;
            if (first is null || job.Rank < first.Rank || (job.Rank == first.Rank && IsServedBefore(job, first))) first = job;
        }
        return first;
    }

    /// <summary>Those of one meeting stay in order.</summary>
    private static bool IsServedBefore(PendingJob job, PendingJob other) => (job.Source?.Served ?? 0) < (other.Source?.Served ?? 0);

    /// <summary>Ignores an id it does not know.</summary>
    public void Answer(long id, RecognizeOutcome outcome)
    {
        PendingJob? job;
        lock (gate) asked.Remove(id, out job);
        if (job is null) return;
        metrics.JobAnswered(clock.GetElapsedTime(job.AskedAt));
        job.Complete(outcome);
        changed.Release();
    }

    /// <summary>Puts what was asked and not answered back to the front, but for partials and for jobs that have now seen two workers die.</summary>
    /// <returns>How many are asked again, and the jobs that were given up.</returns>
    public (int Again, IReadOnlyList<PendingJob> GivenUp) WorkerDied()
    {
        List<PendingJob> givenUp = [], dropped = [];
        int again = 0;
        lock (gate)
        {
            foreach (var job in asked.Values.OrderByDescending(job => job.Id))
            {
                if (job.Outcome.IsCompleted) continue;           // cancelled meanwhile
                if (job.IsPartial)
                {
                    dropped.Add(job);
                    continue;
                }
                if (++job.Deaths == 2)
                {
                    givenUp.Add(job);
                    continue;
                }
                waiting.AddFirst(job.Place);
                Count(job, job.SampleCount);
                again++;
            }
            asked.Clear();
        }
        foreach (var job in givenUp)
        {
            metrics.JobGivenUp();
            job.Complete(new RecognizeOutcome.Failed("the speech worker died of this job twice", CanRetry: false));
        }
        foreach (var job in dropped)
        {
            metrics.PartialDropped();
            job.Complete(new RecognizeOutcome.Failed("the speech worker died", CanRetry: false));
        }
        for (int n = 0; n < again; n++) metrics.JobAskedAgain();
        changed.Release();
        return (again, givenUp);
    }

    /// <summary>Answers everything, and from now on each new job, with <see cref="RecognizeOutcome.Unavailable"/>.</summary>
    public void Close(string reason)
    {
        PendingJob[] all;
        lock (gate)
        {
            closedReason = reason;
            all = [.. waiting, .. asked.Values];
            waiting.Clear();
            asked.Clear();
            waitingSamples = waitingBackground = 0;
        }
        foreach (var job in all) job.Complete(new RecognizeOutcome.Unavailable(reason));
    }

    public void Open()
    {
        lock (gate) closedReason = null;
    }

    /// <summary>How long the oldest job has been with the worker, of one that may take several times as long a part; zero when it has none.</summary>
    public TimeSpan LongestAsked()
    {
        lock (gate) return asked.Count == 0 ? TimeSpan.Zero : asked.Values.Max(job => clock.GetElapsedTime(job.AskedAt) / job.Patience);
    }

    public void Dispose() => changed.Dispose();

    /// <summary>A cancelled job makes room at once if it still waits; if it was asked, its answer finds nobody.</summary>
    private void Forget(PendingJob job)
    {
        lock (gate) RemoveWaiting(job);
    }

    private void RemoveWaiting(PendingJob job)
    {
        if (job.Place.List is null) return;
        waiting.Remove(job.Place);
        Count(job, -job.SampleCount);
    }

    private void Count(PendingJob job, int samples)
    {
        waitingSamples += samples;
        if (job.Rank == JobRank.Background) waitingBackground += samples;
    }
}

/// <summary>Which jobs go before which.</summary>
internal enum JobRank { Final, Partial, Background }

/// <summary>One job with its frame, ready to send as often as it takes.</summary>
internal sealed class PendingJob
{
    private readonly TaskCompletionSource<RecognizeOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration registration;

    public PendingJob(long id, SpeechJob job)
    {
        Id = id;
        Rank = job.IsPartial ? JobRank.Partial : job.IsBackground ? JobRank.Background : JobRank.Final;
        Source = job.Source;
        SampleCount = job.Samples.Length;
        Patience = job.IsThorough ? DecodeBudget.ThoroughPatience : 1;
        Frame = WorkerProtocol.Encode(new WorkerMessage.Job(id, new DecodeTask(job.Language.Split('-')[0].ToLowerInvariant(), job.Prompt, job.Translate, job.IsThorough), job.Samples));
        Place = new LinkedListNode<PendingJob>(this);
    }

    public long Id { get; }
    public JobRank Rank { get; }
    public bool IsPartial => Rank == JobRank.Partial;
    public SpeechSource? Source { get; }
    public int SampleCount { get; }
    /// <summary>How many times as long as another job it may take.</summary>
    public int Patience { get; }
    public ReadOnlyMemory<byte> Frame { get; }
    public Task<RecognizeOutcome> Outcome => outcome.Task;

    // The rest is the queue's, under its lock.
    public LinkedListNode<PendingJob> Place { get; }
    public long AddedAt { get; init; }
    public long AskedAt { get; set; }
    /// <summary>Workers that died while they had this job.</summary>
    public int Deaths { get; set; }

    public void CancelOn(Action<PendingJob> forget, CancellationToken cancellationToken) =>
        registration = cancellationToken.UnsafeRegister(_ =>
        {
            if (outcome.TrySetCanceled(cancellationToken)) forget(this);
        }, null);

    public void Complete(RecognizeOutcome value)
    {
        outcome.TrySetResult(value);
        registration.Dispose();
    }
}
