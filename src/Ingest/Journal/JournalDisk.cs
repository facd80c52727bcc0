namespace Pipeline.Ingest.Journal;

/// <summary>
/// The node's two threads between journals and disk: one writes blocks, the other syncs. Every 500 ms one `syncfs` makes all
/// meetings' blocks durable; decisions are synced at once, their own file only. A disk that stalls stops these threads and nothing else.
/// </summary>
public sealed class JournalDisk : IDisposable
{
    private static readonly TimeSpan SyncInterval = TimeSpan.FromMilliseconds(500);
    /// <summary>How long the first block waits for those of other meetings: waking a thread for each costs more than sealing and writing it.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(2);

    private readonly string dataFolder;
    private readonly List<JournalWriter> scheduled = [], round = [];                 // bounded by the meetings: see Schedule
    private readonly HashSet<JournalWriter> waiting = [];
    private readonly Lock gate = new();
    /// <summary>Unlike a semaphore it does not spin before it sleeps. Not disposed: a writer may be closed after the disk.</summary>
    private readonly AutoResetEvent work = new(false);
    private readonly SemaphoreSlim urgent = new(0);
    private readonly List<(JournalWriter Writer, TaskCompletionSource Synced)> awaitSync = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly Thread writing, syncing;
    private volatile bool dirty;
    private bool idle = true;

    /// <param name="dataFolder">On the file system that holds the journals.</param>
    public JournalDisk(string dataFolder)
    {
        this.dataFolder = dataFolder;
        writing = new Thread(WriteLoop) { IsBackground = true, Name = "journal write" };
        syncing = new Thread(SyncLoop) { IsBackground = true, Name = "journal sync" };
        writing.Start();
        syncing.Start();
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
        writing.Join(TimeSpan.FromSeconds(5));
        syncing.Join(TimeSpan.FromSeconds(5));
        stopping.Dispose();
        urgent.Dispose();
    }

    private void WriteLoop()
    {
        var written = new List<(JournalWriter, TaskCompletionSource)>();
        var refused = new List<JournalWriter>();
        long lastTry = 0;
        while (!stopping.IsCancellationRequested)
        {
            if (NothingWaits() && work.WaitOne(refused.Count > 0 ? SyncInterval : Timeout.InfiniteTimeSpan)) Thread.Sleep(Gathering);
            // Those the disk refused are tried again every now and then, however busy the others are.
            if (refused.Count > 0 && Environment.TickCount64 - lastTry >= SyncInterval.TotalMilliseconds)
            {
                foreach (var writer in refused) Schedule(writer);
                refused.Clear();
                lastTry = Environment.TickCount64;
            }
            foreach (var writer in Round())
            {
                if (!writer.WritePending(written) && !refused.Contains(writer)) refused.Add(writer);
                dirty = true;
            }
            if (written.Count == 0) continue;
            lock (gate) awaitSync.AddRange(written);
            written.Clear();
            urgent.Release();
        }
    }

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
        var batch = new List<(JournalWriter Writer, TaskCompletionSource Synced)>();
        long lastSync = Environment.TickCount64;
        while (!stopping.IsCancellationRequested)
        {
            try { urgent.Wait(SyncInterval, stopping.Token); }
            catch (OperationCanceledException) { return; }

            lock (gate)
            {
                batch.AddRange(awaitSync);
                awaitSync.Clear();
            }
            if (batch.Count > 0) SyncDecisions(batch);
            if (dirty && Environment.TickCount64 - lastSync >= SyncInterval.TotalMilliseconds)
            {
                dirty = false;
                lastSync = Environment.TickCount64;
                try { DurableFile.SyncFileSystem(dataFolder); }
                catch (IOException) { dirty = true; }                                // tried again; the writers say whether the disk is broken
            }
        }
    }

    private static void SyncDecisions(List<(JournalWriter Writer, TaskCompletionSource Synced)> batch)
    {
        foreach (var group in batch.GroupBy(b => b.Writer))
        {
            try
            {
                group.Key.SyncSegment();
                foreach (var (_, synced) in group) synced.TrySetResult();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                foreach (var (_, synced) in group) synced.TrySetException(e);
            }
        }
        batch.Clear();
    }
}
