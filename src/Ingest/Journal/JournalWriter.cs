namespace Pipeline.Ingest.Journal;

/// <summary>
/// Appends one run of one meeting to its journal. The media loop hands over what a drain brought as one block and goes on; the
/// <see cref="JournalDisk"/>'s threads seal, write and sync it. What waits for a stalled disk is bounded; over that it is counted and
/// noted in the journal itself once the disk is back.
/// </summary>
public sealed class JournalWriter : IAsyncDisposable
{
    /// <summary>What may wait for the disk: ten seconds of a meeting with video.</summary>
    private const int MaxQueued = 4 << 20;
    private const int MaxBlock = 256 << 10;
    /// <summary>Decisions come first where room is short, but not without bound either.</summary>
    private const int MaxQueuedDecisions = 1 << 20;
    /// <summary>More than two seconds' worth wait: the disk has stalled.</summary>
    private const int ManyBlocks = 100, LargeBlock = 16 << 10;
    private static readonly TimeSpan LongBlock = TimeSpan.FromMilliseconds(200);
    /// <summary>Blocks written at a time: other meetings wait for the same thread. One a drain is 50 a second.</summary>
    private const int BlocksATurn = 32;
    /// <summary>Blocks kept to use again: those of a third of a second, as long as a disk commonly stalls while it syncs.</summary>
    private const int MaxFree = 16;

    private readonly string folder;
    private readonly Guid meeting;
    private readonly MeetingKeys keys;
    private readonly JournalDisk disk;
    private readonly Lock gate = new();
    private readonly Queue<PendingBlock> queue = new();
    private readonly Stack<PendingBlock> free = new();
    private int queuedBytes;
    private PendingBlock? newest;                                                    // the last in the queue, where it is one of packets
    private bool closed;
    private volatile bool isRefused;
    private PendingBlock current = new();
    private (TimeSpan From, TimeSpan To, long Packets) missed;

    // The disk's writing thread only.
    private byte[] sealedBlock = new byte[4096];
    private SegmentFile? segment;
    private int nextSegment;
    private byte[] previousHash;

    /// <summary>Opens the next run: cuts a torn tail off the last segment and goes on in a new one.</summary>
    /// <param name="folder">The meeting's `journal` folder; made if absent.</param>
    /// <param name="run">1 at creation, one more at each restart.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public JournalWriter(string folder, Guid meeting, int run, MeetingKeys keys, JournalDisk disk)
    {
        (this.folder, this.meeting, this.keys, this.disk, Run) = (folder, meeting, keys, disk, run);
        disk.Files.CreateFolder(folder);
        (nextSegment, previousHash) = JournalTail.Recover(folder, keys);
    }

    public int Run { get; }
    /// <summary>True while the disk takes nothing, or does not keep it.</summary>
    public bool IsFailing => isRefused || disk.IsSyncFailing;
    public long PacketsMissed { get; private set; }
    /// <summary>Handed over and not yet written.</summary>
    internal int WaitingBytes
    {
        get { lock (gate) return queuedBytes; }
    }

    internal int WaitingBlocks
    {
        get { lock (gate) return queue.Count; }
    }

    /// <summary>Adds a packet to the block being filled. Media loop only.</summary>
    public void AddPacket(RecordKind kind, int track, TimeSpan arrival, ReadOnlySpan<byte> packet)
    {
        if (current.Length + JournalFormat.RecordHeaderLength + packet.Length > MaxBlock) Commit();
        current.Add(kind, track, arrival, packet);
    }

    /// <summary>Hands the block over. Media loop only, at the end of a drain.</summary>
    public void Commit()
    {
        if (current.Packets == 0) return;
        bool taken;
        lock (gate)
        {
            taken = queuedBytes + current.Length <= MaxQueued;
            if (taken) Enqueue();
        }
        if (taken) disk.Schedule(this);
        else
        {
            missed = (missed.Packets == 0 ? current.FirstArrival : missed.From, current.LastArrival, missed.Packets + current.Packets);
            PacketsMissed += current.Packets;
            isRefused = true;
        }
        current.Clear();
    }

    /// <summary>Appends a decision; the task completes when it is on disk, and faults when the journal is closed.</summary>
    /// <param name="at">Meeting time.</param>
    public Task AppendAsync(ControlRecord record, TimeSpan at)
    {
        var synced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (closed) return Task.FromException(new IOException("the journal is closed"));
            if (queuedBytes > MaxQueued + MaxQueuedDecisions) return Task.FromException(new IOException("the disk takes nothing, and too much waits for it"));
            Enqueue(ControlBlock(record, at, synced));
        }
        disk.Schedule(this);
        return synced.Task;
    }

    /// <summary>Writes what waits, syncs and closes. A disk that does not answer is left after five seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        Commit();
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (closed) return;
            closed = true;
            NoteMissed(missed.To);
            Enqueue(new PendingBlock { Synced = last, Closes = true });
        }
        disk.Schedule(this);
        try { await last.Task.WaitAsync(TimeSpan.FromSeconds(5)); }
        catch (Exception e) when (e is TimeoutException or IOException) { isRefused = true; }
    }

    /// <summary>Everything that was handed over is in the file system, or given up.</summary>
    public bool IsWritten => WaitingBlocks == 0;

    /// <summary>Closes without writing what still waits: whoever appended it hears that it is not kept.</summary>
    public void Abandon()
    {
        lock (gate)
        {
            closed = true;
            foreach (var block in queue) block.Synced?.TrySetException(new IOException("the journal was given up"));
            queue.Clear();
            queuedBytes = 0;
            Enqueue(new PendingBlock { Closes = true });
        }
        disk.Schedule(this);
    }

    /// <summary>
    /// Writes what waits, or as much as one turn takes and asks for another. False when the disk refused: to be called again later. The
    /// disk's writing thread only.
    /// </summary>
    internal bool WritePending(List<(SegmentFile Segment, TaskCompletionSource Synced)> awaitSync)
    {
        for (int n = 0; n < BlocksATurn; n++)
        {
            PendingBlock block;
            lock (gate)
            {
                if (!queue.TryPeek(out block!)) return true;
            }
            try
            {
                if (block.Length > JournalFormat.BaseLength) Write(block);
                if (block.Synced is { } synced) AwaitSync(synced, awaitSync);
                if (block.Closes) CloseSegment();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                isRefused = true;
                return false;
            }

            isRefused = false;
            lock (gate)
            {
                if (!queue.TryPeek(out var first) || first != block) continue;       // given up while it was written
                queue.Dequeue();
                queuedBytes -= block.Length;
                if (block.Synced is null && free.Count < MaxFree)
                {
                    block.Clear();
                    free.Push(block);
                }
            }
        }
        disk.Schedule(this);
        return true;
    }

    private void AwaitSync(TaskCompletionSource synced, List<(SegmentFile Segment, TaskCompletionSource Synced)> awaitSync)
    {
        if (segment is null) synced.TrySetResult();                                  // closed without anything written
        else awaitSync.Add((segment, synced));
    }

    private void Write(PendingBlock block)
    {
        if (segment is null || block.LastArrival - segment.Opened >= JournalFormat.MaxSegment || block.LastArrival < segment.Opened - JournalFormat.MaxSegment)
        {
            CloseSegment();
            segment = SegmentFile.Create(disk.Files, folder, meeting, nextSegment, Run, block.LastArrival, previousHash, keys);
            nextSegment++;                                                           // only now: a try that failed leaves no hole in the numbers
        }
        int total = JournalFormat.BlockHeaderLength + block.Length + JournalFormat.TagLength;
        if (sealedBlock.Length < total) sealedBlock = new byte[Math.Max(total, 2 * sealedBlock.Length)];
        segment.Append(block.Bytes, sealedBlock.AsSpan(0, total));
    }

    private void CloseSegment()
    {
        if (segment is null) return;
        previousHash = segment.Close();
        segment = null;
    }

    /// <summary>Behind a disk that has stalled small blocks become larger ones: each costs some KiB of memory, however little is in it.</summary>
    private void Enqueue()
    {
        NoteMissed(current.LastArrival);
        if (queue.Count >= ManyBlocks && newest is { Length: < LargeBlock } && newest.FirstArrival.Ticks / LongBlock.Ticks == current.LastArrival.Ticks / LongBlock.Ticks)
        {
            queuedBytes -= newest.Length;
            newest.Add(current);
            queuedBytes += newest.Length;
            return;
        }
        Enqueue(current);
        newest = current;
        current = free.TryPop(out var used) ? used : new PendingBlock();
    }

    private void Enqueue(PendingBlock block)
    {
        queue.Enqueue(block);
        queuedBytes += block.Length;
        newest = null;
    }

    private void NoteMissed(TimeSpan now)
    {
        if (missed.Packets == 0) return;
        var record = new PacketsMissed("storage", JournalFormat.ToMicroseconds(missed.From), JournalFormat.ToMicroseconds(missed.To), missed.Packets);
        Enqueue(ControlBlock(record, now, synced: null));
        missed = default;
    }

    private static PendingBlock ControlBlock(ControlRecord record, TimeSpan at, TaskCompletionSource? synced)
    {
        var block = new PendingBlock { Synced = synced };
        block.Add(RecordKind.Control, 0, at, ControlRecord.ToBytes(record));
        return block;
    }
}
