using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// The jobs of all meetings, from the question to its answer. Finals come before partials, then what was put off, then what nobody waits
/// for; of each kind the meeting that had the least of the engine, then first come, first asked; a meeting has at most one job for each of
/// its tracks here. Bounded by seconds of speech: what does not fit is refused at once, a final then kept by the meeting it belongs to. A
/// job whose turn comes too late is given back, and one worker thread in two is never given anything but finals of what is being said, so
/// that those seldom wait. How full all this is decides how much is asked for (<see cref="EffortLadder"/>). Thread-safe.
/// </summary>
internal sealed class JobQueue(long maxWaitingSamples, TranscribeMetrics metrics, TimeProvider clock) : IDisposable
{
    /// <summary>Later than this what a partial shows has been said over.</summary>
    internal static readonly TimeSpan MaxPartialWait = TimeSpan.FromSeconds(1);

    /// <summary>Where not all can be live, what is should be soon: nothing that was said longer ago is begun then.</summary>
    internal static readonly TimeSpan MaxAgeWhenDeferred = TimeSpan.FromSeconds(5);

    /// <summary>A job that takes so many times as long as such jobs do is stuck.</summary>
    private const int StuckAfter = 10;

    /// <summary>No job is stuck before this: the machine may have been asleep.</summary>
    private static readonly TimeSpan NeverStuckBefore = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private readonly LinkedList<PendingJob> waiting = new();
    private readonly Dictionary<long, PendingJob> asked = [];
    private readonly SemaphoreSlim changed = new(0);
    private readonly CostModel cost = new();
    private readonly LoadMeter meter = new();
    private readonly EffortLadder ladder = new();
    private readonly double[] turnOf = new double[Enum.GetValues<JobRank>().Length];       // how much those who had their turn last had had before it
    private long nextId = 1, waitingSamples, waitingBackground;
    private int threads = 1;
    private string? closedReason;

    /// <summary>How much is to be asked for at present.</summary>
    public SpeechEffort Effort => ladder.Effort;

    /// <summary>False before the engine has answered anything.</summary>
    public bool KnowsCost { get { lock (gate) return cost.IsKnown; } }

    /// <summary>What a job of so many samples took, outside of the queue.</summary>
    public void LearnCost(int samples, TimeSpan took)
    {
        lock (gate) cost.Learn(samples, took);
    }

    /// <summary>Takes the samples before it returns. Completes with an outcome, or as cancelled.</summary>
    public Task<RecognizeOutcome> Add(SpeechJob job, CancellationToken cancellationToken)
    {
        PendingJob pending;
        lock (gate)
        {
            if (closedReason is { } reason) return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Unavailable(reason));
            // Finals find room where partials do not, and what nobody waits for takes none of theirs.
            bool isUrgent = !job.IsBackground && !job.IsLate;
            long before = isUrgent ? waitingSamples - waitingBackground : waitingBackground;
            if (before + job.Samples.Length > (job.IsPartial || !isUrgent ? maxWaitingSamples / 4 : maxWaitingSamples))
            {
                if (job.IsPartial) metrics.PartialDropped();
                else metrics.JobRefused();
                return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Failed("too much speech is waiting already", CanRetry: true));
            }
            pending = new PendingJob(nextId++, job) { AddedAt = clock.GetTimestamp() };
            waiting.AddLast(pending.Place);
            Count(pending, pending.SampleCount);
            if (pending.Rank == JobRank.Final) meter.FinalCame(pending.SampleCount, cost.Of(pending.SampleCount));
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
        List<PendingJob> late;
        PendingJob? next;
        lock (gate)
        {
            threads = atOnce;
            late = TakeLate();
            next = TakeFirst(atOnce);
        }
        GiveBack(late);
        return next;
    }

    /// <summary>Once a second: gives back what is too late, and decides how much is to be asked for.</summary>
    public void Observe()
    {
        List<PendingJob> late;
        SpeechEffort before, after;
        lock (gate)
        {
            late = TakeLate();
            Accrue();
            var oldest = waiting.Concat(asked.Values).Where(job => job.Rank == JobRank.Final).Select(job => clock.GetElapsedTime(job.AddedAt)).DefaultIfEmpty().Max();
            before = ladder.Effort;
            after = ladder.Observe(clock.GetElapsedTime(0), meter.Read(threads, oldest, cost.Of(0)));
        }
        GiveBack(late);
        if (after != before) metrics.EffortChanged(before, after);
    }

    private List<PendingJob> TakeLate()
    {
        List<PendingJob> late = [.. waiting.Where(job => job.Deaths == 0 && clock.GetElapsedTime(job.AddedAt) > Patience(job))];
        foreach (var job in late)
        {
            RemoveWaiting(job);
            meter.WasLate(job.Rank);
        }
        return late;
    }

    /// <summary>What it may wait so that its answer comes in time: it takes some time itself. Of a partial only the waiting counts.</summary>
    private TimeSpan Patience(PendingJob job)
    {
        if (job.MaxWait is not { } patience) return TimeSpan.MaxValue;
        if (job.IsPartial) return patience;
        patience -= cost.Of(job.SampleCount);
        var soon = MaxAgeWhenDeferred - job.Age;
        return ladder.Effort == SpeechEffort.Deferred && soon < patience ? soon : patience;
    }

    private void GiveBack(List<PendingJob> late)
    {
        foreach (var job in late)
        {
            if (job.IsPartial) metrics.PartialDropped();
            job.Complete(job.IsPartial ? new RecognizeOutcome.Failed("it would have come too late", CanRetry: true) : new RecognizeOutcome.TooLate());
        }
    }

    /// <summary>How long the engine was at work on what is being said.</summary>
    private void Accrue() => meter.Worked(clock.GetElapsedTime(0), asked.Values.Count(job => job.Rank <= JobRank.Partial));

    private PendingJob? TakeFirst(int atOnce)
    {
        if (asked.Count >= atOnce || asked.Values.Any(job => job.Deaths > 0)) return null;
        bool lesserToo = asked.Values.Count(job => job.Rank > JobRank.Final) < Math.Max(1, atOnce / 2);
        if (First(lesserToo) is not { } next || (asked.Count > 0 && next.Deaths > 0)) return null;

        RemoveWaiting(next);
        next.AskedAt = clock.GetTimestamp();
        if (next.Source is { } source)
        {
            turnOf[(int)next.Rank] = Had(next);
            source.Had[(int)next.Rank] = Had(next) + DecodeBudget.AudioContext(next.SampleCount);
        }
        if (next.IsPartial) meter.PartialTaken();
        Accrue();
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
            if (first is null || job.Rank < first.Rank || (job.Rank == first.Rank && Had(job) < Had(first))) first = job;
        }
        return first;
    }

    /// <summary>
    /// How much of the engine its meeting had for such jobs, in positions of the encoder, by which cost goes (start-time fair queueing, Goyal
    /// et al. 1996). One that was silent for long saves nothing up: it begins where those are who have their turn now. Those of one meeting
    /// stay in order.
    /// </summary>
    private double Had(PendingJob job) => Math.Max(job.Source?.Had[(int)job.Rank] ?? 0, turnOf[(int)job.Rank]);

    /// <summary>Ignores an id it does not know.</summary>
    public void Answer(long id, RecognizeOutcome outcome)
    {
        PendingJob? job;
        lock (gate)
        {
            Accrue();
            if (asked.Remove(id, out job) && outcome is RecognizeOutcome.Recognized && job.Patience == 1) cost.Learn(job.SampleCount, clock.GetElapsedTime(job.AskedAt));
        }
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
            Accrue();
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

    /// <summary>How long a job has been with the worker that takes much longer than such jobs do; null where none does.</summary>
    /// <param name="atMost">What is never right, however slow the engine.</param>
    public TimeSpan? Stuck(TimeSpan atMost)
    {
        lock (gate)
        {
            foreach (var job in asked.Values)
                if (clock.GetElapsedTime(job.AskedAt) is var since && since > Limit(job)) return since;
            return null;
        }

        TimeSpan Limit(PendingJob job)
        {
            if (!cost.IsKnown) return job.Patience * atMost;
            var limit = StuckAfter * cost.Of(job.SampleCount);
            return job.Patience * (limit < NeverStuckBefore ? NeverStuckBefore : limit < atMost ? limit : atMost);
        }
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
        if (job.Rank > JobRank.Partial) waitingBackground += samples;
    }
}
