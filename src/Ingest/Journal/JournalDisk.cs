namespace Pipeline.Ingest.Journal;

/// <summary>
/// The node's two threads between journals and disk: one writes blocks, the other syncs. Every 300 ms one `syncfs` makes all
/// meetings' blocks durable; decisions are synced at once, where they are few their own files only. A disk that stalls stops these threads and nothing else.
/// </summary>
public sealed class JournalDisk : IDisposable
{
    /// <summary>What is older than half a second outlives a power cut: the rest of it is for the drain, the writing and two syncs of 80 ms.</summary>
    private static readonly TimeSpan SyncInterval = TimeSpan.FromMilliseconds(300);
    /// <summary>Decisions of more meetings than these are synced with everything else: one wait instead of many.</summary>
    private const int MaxSyncedSingly = 3;
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(500);
    /// <summary>How long the first block waits for those of other meetings: waking a thread for each costs more than sealing and writing it.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(2);

    private readonly string dataFolder;
    private readonly List<JournalWriter> scheduled = [], round = [];                 // bounded by the meetings: see Schedule
    private readonly HashSet<JournalWriter> waiting = [];
    private readonly Lock gate = new();
    /// <summary>Unlike a semaphore it does not spin before it sleeps. Not disposed: a writer may be closed after the disk.</summary>
    private readonly AutoResetEvent work = new(false);
    private readonly SemaphoreSlim urgent = new(0);
    private readonly List<(SegmentFile Segment, TaskCompletionSource Synced)> awaitSync = [];
    private readonly List<TaskCompletionSource> awaitEverything = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly Thread writing, syncing;
    private volatile bool dirty;
    private bool idle = true;

    // The writing thread's.
    private readonly List<(SegmentFile Segment, TaskCompletionSource Synced)> written = [];
    private readonly List<JournalWriter> refused = [];
    private TimeSpan lastTry;

    // The syncing thread's.
    private readonly List<(SegmentFile Segment, TaskCompletionSource Synced)> batch = [];
    private readonly List<TaskCompletionSource> everything = [];
    private TimeSpan lastSync;

    /// <param name="dataFolder">On the file system that holds the journals.</param>
    public JournalDisk(string dataFolder) : this(dataFolder, DiskFiles.Instance)
    {
        writing.Start();
        syncing.Start();
    }

    /// <summary>Without threads: whoever made it takes the turns.</summary>
    internal JournalDisk(string dataFolder, IJournalFiles files)
    {
        (this.dataFolder, Files) = (dataFolder, files);
        writing = new Thread(WriteLoop) { IsBackground = true, Name = "journal write" };
        syncing = new Thread(SyncLoop) { IsBackground = true, Name = "journal sync" };
    }

    internal IJournalFiles Files { get; }
    /// <summary>What was written last could not be made durable.</summary>
    internal bool IsSyncFailing { get; private set; }
    /// <summary>A decision waits for the syncing thread.</summary>
    internal bool IsSyncUrgent
    {
        get { lock (gate) return awaitSync.Count > 0 || awaitEverything.Count > 0; }
    }

    /// <summary>
    /// Completes when everything that is in the file system now, files of a meeting for example, is on the disk; faults with an
    /// <see cref="IOException"/> where the disk does not keep it.
    /// </summary>
    public Task SyncAsync()
    {
        var synced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate) awaitEverything.Add(synced);
        if (!stopping.IsCancellationRequested) urgent.Release();
        return synced.Task;
    }

    /// <summary>Has the writer's pending blocks written. Each writer stands in the queue once.</summary>
    internal void Schedule(JournalWriter writer)
    {
        lock (gate)
        {
            if (!waiting.Add(writer)) return;
            scheduled.Add(writer);
            if (!idle) return;
            idle = false;
        }
        work.Set();
    }

    public void Dispose()
    {
        stopping.Cancel();
        work.Set();
        foreach (var thread in new[] { writing, syncing })
            if (thread.IsAlive) thread.Join(TimeSpan.FromSeconds(5));
        stopping.Dispose();
        urgent.Dispose();
    }

    private void WriteLoop()
    {
        while (!stopping.IsCancellationRequested)
        {
            if (NothingWaits() && work.WaitOne(refused.Count > 0 ? RetryInterval : Timeout.InfiniteTimeSpan)) Thread.Sleep(Gathering);
            WriteTurn(Now);
        }
    }

    /// <summary>Writes what waits. The writing thread only.</summary>
    /// <param name="now">By any clock that is not stepped.</param>
    internal void WriteTurn(TimeSpan now)
    {
        // Those the disk refused are tried again every now and then, however busy the others are.
        if (refused.Count > 0 && now - lastTry >= RetryInterval)
        {
            foreach (var writer in refused) Schedule(writer);
            refused.Clear();
            lastTry = now;
        }
        foreach (var writer in Round())
        {
            if (!writer.WritePending(written) && !refused.Contains(writer)) refused.Add(writer);
            dirty = true;
        }
        if (written.Count == 0) return;
        lock (gate) awaitSync.AddRange(written);
        written.Clear();
        urgent.Release();
    }

    private static TimeSpan Now => TimeSpan.FromMilliseconds(Environment.TickCount64);

    private bool NothingWaits()
    {
        lock (gate) return idle = scheduled.Count == 0;
    }

    /// <summary>Those that wait now; who is scheduled meanwhile has the next turn, so that a busy one keeps nobody waiting.</summary>
    private List<JournalWriter> Round()
    {
        lock (gate)
        {
            round.Clear();
            round.AddRange(scheduled);
            scheduled.Clear();
            waiting.Clear();
            return round;
        }
    }

    private void SyncLoop()
    {
        var due = Now;
        while (!stopping.IsCancellationRequested)
        {
            var wait = due - Now;
            try { urgent.Wait(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, stopping.Token); }
            catch (OperationCanceledException) { return; }
            due = SyncTurn(Now);
        }
    }

    /// <summary>Syncs decisions that wait for it, and everything when that is due. The syncing thread only.</summary>
    /// <inheritdoc cref="WriteTurn"/>
    /// <returns>When the next turn is due, unless there is another decision before.</returns>
    internal TimeSpan SyncTurn(TimeSpan now)
    {
        lock (gate)
        {
            batch.AddRange(awaitSync);
            awaitSync.Clear();
            everything.AddRange(awaitEverything);
            awaitEverything.Clear();
        }
        bool isDue = everything.Count > 0 || (dirty && now - lastSync >= SyncInterval);
        if (isDue || batch.Select(b => b.Segment).Distinct().Skip(MaxSyncedSingly).Any()) SyncEverything(now);
        else SyncSegments();
        return (now < lastSync + SyncInterval ? lastSync : now) + SyncInterval;
    }

    private void SyncEverything(TimeSpan now)
    {
        dirty = false;
        lastSync = now;
        try
        {
            Files.SyncAll(dataFolder);
            IsSyncFailing = false;
            foreach (var (_, synced) in batch) synced.TrySetResult();
            foreach (var synced in everything) synced.TrySetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            (dirty, IsSyncFailing) = (true, true);                                   // tried again
            foreach (var (_, synced) in batch) synced.TrySetException(e);
            foreach (var synced in everything) synced.TrySetException(e);
        }
        batch.Clear();
        everything.Clear();
    }

    /// <summary>Each decision in the segment it was written to, which may be closed by now.</summary>
    private void SyncSegments()
    {
        foreach (var group in batch.GroupBy(b => b.Segment))
        {
            try
            {
                group.Key.Sync();
                foreach (var (_, synced) in group) synced.TrySetResult();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                (dirty, IsSyncFailing) = (true, true);
                foreach (var (_, synced) in group) synced.TrySetException(e);
            }
        }
        batch.Clear();
    }
}
