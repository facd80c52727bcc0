using System.Collections.Concurrent;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Net;

/// <summary>
/// The only place of Ingest that knows sockets and clocks: every 20 ms it drains the meeting's ports into the pipeline and has it
/// advance. What others want done to the pipeline is handed in and done on the loop's thread.
/// </summary>
public sealed class MediaLoop : IFeedbackSink, IDisposable
{
    /// <summary>Batches a tick: a flood on one meeting's port must not keep the others on this thread waiting.</summary>
    private const int MaxBatches = 32;

    private readonly UdpReceiver rtp;
    private readonly UdpReceiver? rtcp;
    private readonly List<(int Track, UdpReceiver Rtp, UdpReceiver? Rtcp)> own = []; // ports of single tracks
    private readonly JournalWriter journal;
    private readonly TimeSpan startedBoot;
    private readonly ConcurrentQueue<(Action Run, Action<Exception> Fail)> inbox = new();
    private readonly TaskCompletionSource faulted = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="rtp">The even port; the loop disposes both.</param>
    /// <param name="rtcp">The odd one above; null where another program has it.</param>
    /// <param name="startedBoot">When the meeting began, on <see cref="BootClock"/>.</param>
    public MediaLoop(UdpReceiver rtp, UdpReceiver? rtcp, MediaPipeline pipeline, JournalWriter journal, TimeSpan startedBoot)
    {
        (this.rtp, this.rtcp, this.journal, this.startedBoot) = (rtp, rtcp, journal, startedBoot);
        Pipeline = pipeline;
        pipeline.SpeakThrough(this, Random.Shared);
    }

    /// <summary>Touched on the loop's thread only, or when the loop has been taken off its scheduler.</summary>
    public MediaPipeline Pipeline { get; }
    public int Port => rtp.Port;
    /// <summary>Meeting time.</summary>
    public TimeSpan Now => BootClock.Now - startedBoot;
    /// <summary>Faults with the first exception of the loop: our own bug, this meeting's end.</summary>
    public Task Faulted => faulted.Task;

    /// <summary>Has something done on the loop's thread. The task faults with the loop.</summary>
    public Task<T> InvokeAsync<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        inbox.Enqueue((() => done.SetResult(action()), e => done.TrySetException(e)));
        FailInboxIfFaulted();
        return done.Task;
    }

    /// <summary>From now on what comes there is the track's, and nobody else's. The loop's thread only, or before it runs.</summary>
    /// <param name="rtp">The loop disposes both.</param>
    public void OpenPort(int track, UdpReceiver rtp, UdpReceiver? rtcp) => own.Add((track, rtp, rtcp));

    /// <summary>Of a track without a port of its own: nothing. The loop's thread only.</summary>
    public void ClosePort(int track)
    {
        foreach (var port in own.Where(port => port.Track == track)) Close(port.Rtp, port.Rtcp);
        own.RemoveAll(port => port.Track == track);
    }

    /// <summary>One turn. The scheduler's thread only.</summary>
    internal void Tick(DatagramBatch batch)
    {
        if (faulted.Task.IsCompleted) return;
        try
        {
            while (inbox.TryDequeue(out var asked)) Run(asked.Run, asked.Fail);
            Drain(rtp, rtcp, batch);
            foreach (var port in own) Drain(port.Rtp, port.Rtcp, batch, port.Track);
            Pipeline.Commit();
            Pipeline.Advance(Now);
        }
        catch (Exception e)                                                          // one meeting's end, not the other meetings'
        {
            faulted.TrySetException(e);
            FailInboxIfFaulted();
        }
    }

    bool IFeedbackSink.Send(int track, ReadOnlySpan<byte> packet, ReturnPath to)
    {
        foreach (var port in own)
            if (port.Track == track) return Send(port.Rtp, port.Rtcp, packet, to);
        return Send(rtp, rtcp, packet, to);
    }

    private static bool Send(UdpReceiver rtp, UdpReceiver? rtcp, ReadOnlySpan<byte> packet, ReturnPath to) =>
        (to.OddPort && rtcp is not null ? rtcp : rtp).TrySend(packet, to.Peer);

    public void Dispose()
    {
        Close(rtp, rtcp);
        foreach (var port in own) Close(port.Rtp, port.Rtcp);
    }

    private static void Close(UdpReceiver rtp, UdpReceiver? rtcp)
    {
        rtp.Dispose();
        rtcp?.Dispose();
    }

    private static void Run(Action action, Action<Exception> fail)
    {
        try { action(); }
        catch (Exception e)
        {
            fail(e);
            throw;
        }
    }

    private void FailInboxIfFaulted()
    {
        if (faulted.Task.Exception?.InnerException is not { } reason) return;
        while (inbox.TryDequeue(out var asked)) asked.Fail(reason);
    }

    private void Drain(UdpReceiver rtp, UdpReceiver? rtcp, DatagramBatch batch, int track = 0)
    {
        Drain(rtp, batch, track, odd: false);
        if (rtcp is not null) Drain(rtcp, batch, track, odd: true);
    }

    private void Drain(UdpReceiver socket, DatagramBatch batch, int track, bool odd)
    {
        for (int n = 0; n < MaxBatches; n++)
        {
            var before = BootClock.Now;
            socket.Drain(batch);
            TimeSpan boot = BootClock.Now, wall = BootClock.Wall;
            for (int i = 0; i < batch.Count; i++)
                Pipeline.Receive(batch.Bytes(i), batch.Peer(i), socket.Arrival(batch, i, boot, wall) - startedBoot, track, odd);
            if (batch.Count == DatagramBatch.Capacity) continue;
            NoteDropped(socket, before, track);
            socket.Drained(before);
            return;
        }
    }

    private void NoteDropped(UdpReceiver socket, TimeSpan boot, int track)
    {
        uint dropped = socket.TakeDropped();
        if (dropped == 0) return;
        TimeSpan from = socket.LastDrain - startedBoot, to = boot - startedBoot;
        Pipeline.NoteMissed(from, to, GapKind.Overrun, track);
        journal.AppendAsync(new PacketsMissed("overrun", JournalFormat.ToMicroseconds(from), JournalFormat.ToMicroseconds(to), dropped, track), to);
    }
}

/// <summary>Runs many meetings' loops on few threads, each loop always on the same one.</summary>
public sealed class MediaScheduler : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(20);

    private readonly Lane[] lanes;
    private volatile bool stopping;

    /// <param name="threads">Beyond the number of cores there is nothing to gain.</param>
    public MediaScheduler(int threads)
    {
        lanes = [.. Enumerable.Range(0, Math.Max(1, threads)).Select(n => new Lane())];
        foreach (var (n, lane) in lanes.Index())
        {
            lane.Thread = new Thread(() => Run(lane)) { IsBackground = true, Name = $"media {n}", Priority = ThreadPriority.AboveNormal };
            lane.Thread.Start();
        }
    }

    public void Add(MediaLoop loop)
    {
        lock (lanes) lanes.MinBy(l => l.Loops.Length)!.Add(loop);
    }

    /// <summary>When the task completes the loop runs no more, and its pipeline is the caller's.</summary>
    public Task RemoveAsync(MediaLoop loop)
    {
        lock (lanes) return lanes.FirstOrDefault(l => l.Loops.Contains(loop)) is { } lane ? lane.RemoveAsync(loop) : Task.CompletedTask;
    }

    public void Dispose()
    {
        stopping = true;
        foreach (var lane in lanes) lane.Thread!.Join(TimeSpan.FromSeconds(5));
    }

    private void Run(Lane lane)
    {
        using var batch = new DatagramBatch();
        var due = BootClock.Now;
        while (!stopping)
        {
            lane.CompleteRemovals();
            foreach (var loop in lane.Loops) loop.Tick(batch);

            due += Period;
            var wait = due - BootClock.Now;
            if (wait > TimeSpan.Zero) Thread.Sleep(wait);
            else due = BootClock.Now;                                                // behind: nothing is caught up by hurrying, sockets kept it
        }
        lane.CompleteRemovals();
    }

    /// <summary>One thread's loops: an array that is replaced, so that the thread reads it without a lock.</summary>
    private sealed class Lane
    {
        private readonly ConcurrentQueue<TaskCompletionSource> removals = new();
        private volatile MediaLoop[] loops = [];

        public MediaLoop[] Loops => loops;
        public Thread? Thread { get; set; }

        public void Add(MediaLoop loop) => loops = [.. loops, loop];

        public Task RemoveAsync(MediaLoop loop)
        {
            loops = [.. loops.Where(l => l != loop)];
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            removals.Enqueue(done);
            return done.Task;
        }

        /// <summary>Between turns no loop runs: those removed before are off.</summary>
        public void CompleteRemovals()
        {
            while (removals.TryDequeue(out var done)) done.SetResult();
        }
    }
}
