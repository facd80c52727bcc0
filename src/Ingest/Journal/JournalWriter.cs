using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

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
        Directory.CreateDirectory(folder);
        (nextSegment, previousHash) = JournalTail.Recover(folder, keys);
    }

    public int Run { get; }
    /// <summary>True while the disk takes nothing.</summary>
    public bool IsFailing { get; private set; }
    public long PacketsMissed { get; private set; }
    /// <summary>Handed over and not yet written.</summary>
    internal int WaitingBytes
    {
        get { lock (gate) return queuedBytes; }
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
            if (taken)
            {
                NoteMissed(current.LastArrival);
                Enqueue(current);
                current = free.TryPop(out var used) ? used : new PendingBlock();
            }
        }
        if (taken) disk.Schedule(this);
        else
        {
            missed = (missed.Packets == 0 ? current.FirstArrival : missed.From, current.LastArrival, missed.Packets + current.Packets);
            PacketsMissed += current.Packets;
            IsFailing = true;
        }
        current.Clear();
    }

    /// <summary>Appends a decision; the task completes when it is on disk.</summary>
    /// <param name="at">Meeting time.</param>
    public Task AppendAsync(ControlRecord record, TimeSpan at)
    {
        var synced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate) Enqueue(ControlBlock(record, at, synced));
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
            NoteMissed(missed.To);
            Enqueue(new PendingBlock { Synced = last, Closes = true });
        }
        disk.Schedule(this);
        try { await last.Task.WaitAsync(TimeSpan.FromSeconds(5)); }
        catch (Exception e) when (e is TimeoutException or IOException) { IsFailing = true; }
    }

    /// <summary>Writes all that waits. False when the disk refused: to be called again later. The disk's writing thread only.</summary>
    internal bool WritePending(List<(JournalWriter Writer, TaskCompletionSource Synced)> awaitSync)
    {
        while (true)
        {
            PendingBlock block;
            lock (gate)
            {
                if (!queue.TryPeek(out block!)) return true;
            }
            try
            {
                if (block.Length > JournalFormat.BaseLength) Write(block);
                if (block.Closes) CloseSegment();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                IsFailing = true;
                return false;
            }

            IsFailing = false;
            if (block.Synced is { } synced) awaitSync.Add((this, synced));
            lock (gate)
            {
                queue.Dequeue();
                queuedBytes -= block.Length;
                if (block.Synced is null && free.Count < MaxFree)
                {
                    block.Clear();
                    free.Push(block);
                }
            }
        }
    }

    /// <summary>Makes what is written durable. The disk's syncing thread.</summary>
    internal void SyncSegment()
    {
        if (segment is { } open) open.Sync();
        else DurableFile.SyncFileSystem(folder);                                     // just closed by the writing thread
    }

    private void Write(PendingBlock block)
    {
        if (segment is null || block.LastArrival - segment.Opened >= JournalFormat.MaxSegment || block.LastArrival < segment.Opened - JournalFormat.MaxSegment)
        {
            CloseSegment();
            segment = SegmentFile.Create(folder, meeting, nextSegment, Run, block.LastArrival, previousHash, keys);
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

    private void Enqueue(PendingBlock block)
    {
        queue.Enqueue(block);
        queuedBytes += block.Length;
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

    /// <summary>The plaintext of a block being filled, and what to do when it is written.</summary>
    private sealed class PendingBlock
    {
        private byte[] bytes = new byte[4096];

        public int Length { get; private set; }
        public int Packets { get; private set; }
        public TimeSpan FirstArrival { get; private set; }
        public TimeSpan LastArrival { get; private set; }
        public TaskCompletionSource? Synced { get; init; }
        public bool Closes { get; init; }
        public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, Length);

        public void Add(RecordKind kind, int track, TimeSpan arrival, ReadOnlySpan<byte> data)
        {
            if (Length == 0)
            {
                FirstArrival = arrival;
                BinaryPrimitives.WriteInt64LittleEndian(bytes, JournalFormat.ToMicroseconds(arrival));
                Length = JournalFormat.BaseLength;
            }
            LastArrival = arrival;
            int needed = Length + JournalFormat.RecordHeaderLength + data.Length;
            if (bytes.Length < needed) Array.Resize(ref bytes, Math.Max(needed, 2 * bytes.Length));

            var header = bytes.AsSpan(Length, JournalFormat.RecordHeaderLength);
            long delta = JournalFormat.ToMicroseconds(arrival) - JournalFormat.ToMicroseconds(FirstArrival);
            header[0] = (byte)kind;
            header[1] = 0;
            BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)track);
            BinaryPrimitives.WriteInt32LittleEndian(header[4..], data.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], (int)Math.Clamp(delta, int.MinValue, int.MaxValue));
            data.CopyTo(bytes.AsSpan(Length + JournalFormat.RecordHeaderLength));
            Length = needed;
            Packets++;
        }

        public void Clear() => (Length, Packets) = (0, 0);
    }

    /// <summary>One segment being written, and its key beside it.</summary>
    private sealed class SegmentFile : IDisposable
    {
        private readonly SafeFileHandle file;
        private readonly SegmentCipher cipher;
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly string folder, keyPath;
        private long length;
        private int blocks;

        private SegmentFile(SafeFileHandle file, SegmentCipher cipher, string folder, string keyPath, TimeSpan opened) =>
            (this.file, this.cipher, this.folder, this.keyPath, Opened) = (file, cipher, folder, keyPath, opened);

        public TimeSpan Opened { get; }

        public static SegmentFile Create(string folder, Guid meeting, int number, int run, TimeSpan opened, byte[] previousHash, MeetingKeys keys)
        {
            byte[] key = RandomNumberGenerator.GetBytes(32);
            string keyPath = Path.Combine(folder, JournalFormat.KeyName(number));
            File.WriteAllBytes(keyPath, keys.WrapSegmentKey(key, number));
            var file = File.OpenHandle(Path.Combine(folder, JournalFormat.SegmentName(number)), FileMode.Create, FileAccess.Write, FileShare.Read);

            var segment = new SegmentFile(file, new SegmentCipher(key), folder, keyPath, opened);
            Span<byte> header = stackalloc byte[JournalFormat.SegmentHeaderLength];
            JournalFormat.WriteSegmentHeader(header, meeting, number, run, opened, previousHash);
            try { segment.Write(header); }
            catch (IOException)
            {
                segment.Dispose();
                throw;
            }
            return segment;
        }

        public void Append(ReadOnlySpan<byte> records, Span<byte> block)
        {
            JournalFormat.WriteBlockHeader(block, records.Length + JournalFormat.TagLength, blocks);
            cipher.Seal(records, block, blocks);
            Write(block);
            blocks++;
        }

        public void Sync()
        {
            try { RandomAccess.FlushToDisk(file); }
            catch (ObjectDisposedException) { DurableFile.SyncFileSystem(folder); return; }      // closed meanwhile by the writing thread
            using (var key = File.OpenHandle(keyPath)) RandomAccess.FlushToDisk(key);
            DurableFile.SyncFolder(folder);
        }

        /// <returns>SHA-256 of the whole file.</returns>
        public byte[] Close()
        {
            Dispose();
            byte[] digest = hash.GetHashAndReset();
            hash.Dispose();
            return digest;
        }

        public void Dispose()
        {
            file.Dispose();
            cipher.Dispose();
        }

        /// <summary>Nothing counts as written before all of it is: after a failure the same bytes go to the same place.</summary>
        private void Write(ReadOnlySpan<byte> bytes)
        {
            RandomAccess.Write(file, bytes, length);
            hash.AppendData(bytes);
            length += bytes.Length;
        }
    }
}
