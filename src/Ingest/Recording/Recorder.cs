using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Ingest.Recording;

/// <summary>Where a run's live mix goes.</summary>
/// <param name="Folder">The meeting's.</param>
/// <param name="Mix">Is told of each part.</param>
public sealed record LiveTarget(string Folder, MeetingKeys Keys, int Run, LiveMix Mix);

/// <summary>
/// The live mix on its way through an encoder into sealed parts. Samples are kept until they have come out of it: where it dies or is stuck,
/// another one begins with the first that is missing, as a new part. Twenty seconds may wait; what is more is left out of the live mix, the
/// recording is no longer whole, and is made again from the journal: nothing is lost quietly, and the media loop never waits.
/// </summary>
public sealed class Recorder : IMixSink, IAsyncDisposable
{
    internal const int Capacity = 20 * OpusPacket.ClockRate;
    /// <summary>Written in pieces of 200 ms: a system call and a wake-up for each frame would cost more than mixing it.</summary>
    private const int Piece = OpusPacket.ClockRate / 5;
    /// <summary>An encoder may keep that much: a fragment of two seconds and what is on its way.</summary>
    private const int Owed = 4 * OpusPacket.ClockRate;
    /// <summary>Looked at once a second; a machine that stands still does not look.</summary>
    private const int LooksUntilStuck = 10;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1), Retry = TimeSpan.FromSeconds(10), Patience = TimeSpan.FromSeconds(10);

    private readonly LiveTarget target;
    private readonly Func<(IEncoder? Encoder, string Detail)> start;
    private readonly Action<string> failed;
    private readonly TimeProvider clock;
    private readonly PcmBacklog backlog;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim news = new(0);
    private readonly CancellationTokenSource stopping = new(), closing = new();
    private readonly List<LivePart> parts = [];
    private readonly Task pump;
    private readonly long first;
    private long offered;                                                            // one behind the newest sample, kept or not
    private int untold;                                                              // samples since the encoder was last told of some
    private bool closed, overflowed;
    private volatile bool broken;

    /// <param name="position">The first sample that will come, since the meeting began.</param>
    /// <param name="start">Starts an encoder, or says why not; the recorder disposes it.</param>
    /// <param name="failed">Is told why an encoder is replaced, or there is none; not again as long as that is the same.</param>
    public Recorder(LiveTarget target, long position, Func<(IEncoder? Encoder, string Detail)> start, Action<string> failed, TimeProvider clock)
    {
        (this.target, this.start, this.failed, this.clock) = (target, start, failed, clock);
        (first, offered, backlog) = (position, position, new PcmBacklog(position, Capacity));
        pump = Task.Run(PumpAsync);
    }

    /// <summary>False once the live mix has more than one part, or a hole.</summary>
    public bool IsWhole => !broken;

    /// <summary>Samples that have not come out of the encoder yet.</summary>
    internal long Waiting
    {
        get { lock (gate) return backlog.End - backlog.Start; }
    }

    public void Write(ReadOnlySpan<float> frame)
    {
        bool wake;
        lock (gate)
        {
            if (closed) return;
            offered += frame.Length;
            if (overflowed || !backlog.TryWrite(frame))
            {
                broken = overflowed = true;
                return;
            }
            wake = (untold += frame.Length) >= Piece;
            if (wake) untold = 0;
        }
        if (wake && news.CurrentCount == 0) news.Release();
    }

    /// <summary>Encodes what waits, and ends the live mix.</summary>
    /// <returns>The one part in which every sample since the meeting began is; null: there is no such.</returns>
    public async Task<LivePart?> FinishAsync(TimeSpan patience)
    {
        lock (gate) closed = true;
        await closing.CancelAsync();
        news.Release();
        try { await pump.WaitAsync(patience); }
        catch (TimeoutException) { broken = true; }
        target.Mix.End();
        lock (gate) return !broken && first == 0 && parts is [var only] ? only : null;
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate) closed = true;                                                   // the loop may still hand frames over
        await stopping.CancelAsync();
        await closing.CancelAsync();
        await pump.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        target.Mix.End();
        news.Dispose();
        closing.Dispose();
        stopping.Dispose();
    }

    /// <summary>One encoder after the other, until one was given the last sample and gave back everything.</summary>
    private async Task PumpAsync()
    {
        string told = "";
        while (!stopping.IsCancellationRequested)
        {
            long from;
            lock (gate)
            {
                if (overflowed) backlog.Restart(offered);
                overflowed = false;
                from = backlog.Start;
            }
            var (encoder, detail) = start();
            string? why = encoder is null ? detail : await EncodeAsync(encoder, from);
            if (why is null) return;

            broken = true;
            if (closing.IsCancellationRequested) return;
            if (why != told) failed(told = why);
            bool cameToNothing;
            lock (gate) cameToNothing = backlog.Start == from;
            if (cameToNothing) await Task.Delay(Retry, clock, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <returns>Null when the encoder took everything up to the last sample, and all of it came out; else why not.</returns>
    private async Task<string?> EncodeAsync(IEncoder encoder, long from)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        Task<string?> storing = Task.Run(() => StoreAsync(encoder, from), CancellationToken.None), watching = WatchAsync(over.Token);
        var feeding = FeedAsync(encoder, from, over.Token);
        try
        {
            var ended = await Task.WhenAny(storing, watching, feeding);
            if (ended == watching) return await watching;
            if (ended == storing && await storing is { } notStored) return notStored;
            var outcome = await encoder.FinishAsync(Patience);
            if (!outcome.Succeeded) return outcome.Detail;
            if (await storing is { } why) return why;
            lock (gate) return closed && backlog.Start == backlog.End ? null : "the encoder ended early";
        }
        finally
        {
            await over.CancelAsync();
            await encoder.DisposeAsync();
            await Task.WhenAll(storing, watching, feeding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Hands samples on until the last; one that has exited says why by its status.</summary>
    private async Task FeedAsync(IEncoder encoder, long from, CancellationToken ct)
    {
        try
        {
            for (long at = from; ;)
            {
                ReadOnlyMemory<byte> piece;
                bool isWhole, isLast;
                lock (gate)
                {
                    piece = backlog.Read(at, Piece);
                    isLast = closed && at == backlog.End;
                    isWhole = piece.Length == 2 * Piece || at + piece.Length / 2 < backlog.End || closed;
                }
                if (isLast) return;
                if (!isWhole) { await news.WaitAsync(ct); continue; }
                await encoder.WriteAsync(piece, ct);
                at += piece.Length / 2;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It is gone.
        }
    }

    /// <summary>Puts what the encoder makes into a part, fragment by fragment.</summary>
    /// <returns>Null at the end of the output; else why it cannot be stored.</returns>
    private async Task<string?> StoreAsync(IEncoder encoder, long from)
    {
        LivePart? part = null;
        try
        {
            var reader = new FragmentReader();
            var buffer = new byte[1 << 14];
            for (int read; (read = await encoder.Output.ReadAsync(buffer, CancellationToken.None)) > 0;)
            {
                reader.Write(buffer.AsSpan(0, read));
                while (reader.TryRead(out var piece))
                {
                    if (piece.IsHeader && part is null) part = Begin(piece.Bytes.Span);
                    else if (!piece.IsHeader && part is not null) Release(part.Append(piece.Bytes.Span, from));
                }
            }
            part?.Complete();
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ObjectDisposedException)
        {
            return e.Message;                                                        // what it holds up to here can be read
        }
    }

    private LivePart Begin(ReadOnlySpan<byte> head)
    {
        var part = LivePart.Create(target.Folder, target.Keys, target.Run, parts.Count + 1, head);
        lock (gate) parts.Add(part);
        target.Mix.Add(part);
        return part;
    }

    private void Release(long sample)
    {
        lock (gate) backlog.Release(sample);
    }

    /// <returns>Why the encoder must go.</returns>
    private async Task<string?> WatchAsync(CancellationToken ct)
    {
        using var look = new PeriodicTimer(Look, clock);
        long seen = -1;
        int idle = 0;
        while (idle < LooksUntilStuck)
        {
            try { await look.WaitForNextTickAsync(ct); }
            catch (OperationCanceledException) { return null; }
            lock (gate)
            {
                if (overflowed) return "the encoder did not keep up";
                idle = backlog.End - backlog.Start > Owed && backlog.Start == seen ? idle + 1 : 0;
                seen = backlog.Start;
            }
        }
        return "nothing came out of the encoder any more";
    }
}
