using System.Buffers.Binary;
using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Recording;

/// <summary>
/// The live mix on its way into an encoder. Ten seconds may wait; an encoder that is stuck for longer, or dies, makes the recording no
/// longer whole, and it is made again from the journal: nothing is lost quietly, and the media loop never waits.
/// </summary>
public sealed class Recorder : IMixSink, IAsyncDisposable
{
    private const int BytesPerSecond = 48000 * 2;
    private const int Capacity = 10 * BytesPerSecond;
    /// <summary>Written in pieces of 200 ms: a system call and a wake-up for each frame would cost more than mixing it.</summary>
    private const int Piece = BytesPerSecond / 5;

    private readonly IEncoder encoder;
    private readonly byte[] ring = new byte[Capacity];
    private readonly Lock gate = new();
    private readonly SemaphoreSlim news = new(0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task pump;
    private long written, taken;
    private bool closed, broken;

    /// <param name="encoder">The recorder disposes it.</param>
    public Recorder(IEncoder encoder)
    {
        this.encoder = encoder;
        pump = Task.Run(PumpAsync);
    }

    /// <summary>False once a sample was lost on the way to the encoder.</summary>
    public bool IsWhole => !broken;

    public void Write(ReadOnlySpan<float> frame)
    {
        bool wake;
        lock (gate)
        {
            if (broken || closed) return;
            if (written - taken + 2 * frame.Length > Capacity) { broken = true; return; }
            foreach (float sample in frame)
            {
                short value = (short)MathF.Round(Math.Clamp(sample, -1f, 1f) * short.MaxValue);
                BinaryPrimitives.WriteInt16LittleEndian(ring.AsSpan((int)(written % Capacity)), value);   // capacity is even: no sample wraps
                written += 2;
            }
            wake = written - taken >= Piece && news.CurrentCount == 0;
        }
        if (wake) news.Release();
    }

    /// <summary>Writes what waits and ends the file.</summary>
    /// <returns>Success only when every sample went in and the encoder made its file.</returns>
    public async Task<EncoderOutcome> FinishAsync(TimeSpan patience)
    {
        lock (gate) closed = true;
        news.Release();
        try { await pump.WaitAsync(patience); }
        catch (TimeoutException) { broken = true; }
        var outcome = await encoder.FinishAsync(patience);
        return IsWhole ? outcome : new EncoderOutcome(false, outcome.Succeeded ? "the encoder did not keep up" : outcome.Detail);
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate) closed = true;                                                   // the loop may still hand frames over
        await stopping.CancelAsync();
        await encoder.DisposeAsync();
        news.Dispose();
        stopping.Dispose();
    }

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                await news.WaitAsync(stopping.Token);
                while (Next() is { IsEmpty: false } piece)
                {
                    await encoder.WriteAsync(piece, stopping.Token);
                    lock (gate) taken += piece.Length;
                }
                if (closed && written == taken) return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            broken = true;                                                           // the encoder is gone; its exit says why
        }
    }

    private ReadOnlyMemory<byte> Next()
    {
        lock (gate)
        {
            int at = (int)(taken % Capacity);
            int length = (int)Math.Min(Math.Min(written - taken, Capacity - at), Piece);
            return !closed && length < Piece && at + length < Capacity ? default : ring.AsMemory(at, length);
        }
    }
}
