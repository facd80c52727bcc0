using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// The jobs of all meetings, from the question to its answer. First come, first asked; each meeting has at most one job for each of
/// its tracks here, so none can crowd the others out. Bounded by seconds of speech: what does not fit is refused at once, and kept
/// by the meeting it belongs to. Thread-safe.
/// </summary>
internal sealed class JobQueue(long maxWaitingSamples, TranscribeMetrics metrics, TimeProvider clock) : IDisposable
{
    private readonly Lock gate = new();
    private readonly LinkedList<PendingJob> waiting = new();
    private readonly Dictionary<long, PendingJob> asked = [];
    private readonly SemaphoreSlim changed = new(0);
    private long nextId = 1, waitingSamples;
    private string? closedReason;

    /// <summary>Takes the samples before it returns. Completes with an outcome, or as cancelled.</summary>
    public Task<RecognizeOutcome> Add(SpeechJob job, CancellationToken cancellationToken)
    {
        PendingJob pending;
        lock (gate)
        {
            if (closedReason is { } reason) return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Unavailable(reason));
            if (waitingSamples + job.Samples.Length > maxWaitingSamples)
            {
                metrics.JobRefused();
                return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Failed("too much speech is waiting already", CanRetry: true));
            }
            pending = new PendingJob(nextId++, job);
            waiting.AddLast(pending.Place);
            waitingSamples += pending.SampleCount;
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
        lock (gate)
        {
            if (waiting.First is not { } place || asked.Count >= atOnce) return null;
            if (asked.Count > 0 && (place.Value.Deaths > 0 || asked.Values.Any(job => job.Deaths > 0))) return null;

            var next = place.Value;
            RemoveWaiting(next);
            next.AskedAt = clock.GetTimestamp();
            asked.Add(next.Id, next);
            return next;
        }
    }

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

    /// <summary>Puts what was asked and not answered back to the front, but for jobs that have now seen two workers die.</summary>
    /// <returns>How many are asked again, and the jobs that were given up.</returns>
    public (int Again, IReadOnlyList<PendingJob> GivenUp) WorkerDied()
    {
        var givenUp = new List<PendingJob>();
        int again = 0;
        lock (gate)
        {
            foreach (var job in asked.Values.OrderByDescending(job => job.Id))
            {
                if (job.Outcome.IsCompleted) continue;           // cancelled meanwhile
                if (++job.Deaths == 2)
                {
                    givenUp.Add(job);
                    continue;
                }
                waiting.AddFirst(job.Place);
                waitingSamples += job.SampleCount;
                again++;
            }
            asked.Clear();
        }
        foreach (var job in givenUp)
        {
            metrics.JobGivenUp();
            job.Complete(new RecognizeOutcome.Failed("the speech worker died of this job twice", CanRetry: false));
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
            waitingSamples = 0;
        }
        foreach (var job in all) job.Complete(new RecognizeOutcome.Unavailable(reason));
    }

    public void Open()
    {
        lock (gate) closedReason = null;
    }

    /// <summary>How long the oldest job has been with the worker; zero when it has none.</summary>
    public TimeSpan LongestAsked()
    {
        lock (gate) return asked.Count == 0 ? TimeSpan.Zero : asked.Values.Max(job => clock.GetElapsedTime(job.AskedAt));
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
        waitingSamples -= job.SampleCount;
    }
}

/// <summary>One job with its frame, ready to send as often as it takes.</summary>
internal sealed class PendingJob
{
    private readonly TaskCompletionSource<RecognizeOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration registration;

    public PendingJob(long id, SpeechJob job)
    {
        Id = id;
        SampleCount = job.Samples.Length;
        Frame = WorkerProtocol.Encode(new WorkerMessage.Job(id, job.Language.Split('-')[0].ToLowerInvariant(), job.Prompt, job.Samples));
        Place = new LinkedListNode<PendingJob>(this);
    }

    public long Id { get; }
    public int SampleCount { get; }
    public ReadOnlyMemory<byte> Frame { get; }
    public Task<RecognizeOutcome> Outcome => outcome.Task;

    // The rest is the queue's, under its lock.
    public LinkedListNode<PendingJob> Place { get; }
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
