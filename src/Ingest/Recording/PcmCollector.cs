using System.Buffers;
using System.Buffers.Binary;
using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Recording;

/// <summary>
/// Collects mixed frames as s16le until its owner has time to hand them to the encoder. The encoder works on what it got while the next is
/// collected. Not thread-safe.
/// </summary>
/// <param name="encoder">The collector disposes it.</param>
public sealed class PcmCollector(IEncoder encoder) : IMixSink, IAsyncDisposable
{
    private ArrayBufferWriter<byte> pcm = new(1 << 17), given = new(1 << 17);        // the second is the encoder's until it has taken it
    private Task taking = Task.CompletedTask;
    private bool exited;

    /// <summary>Samples collected.</summary>
    public int Waiting => pcm.WrittenCount / 2;

    public void Write(ReadOnlySpan<float> frame)
    {
        var bytes = pcm.GetSpan(2 * frame.Length);
        for (int i = 0; i < frame.Length; i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes[(2 * i)..], (short)MathF.Round(Math.Clamp(frame[i], -1f, 1f) * short.MaxValue));
        pcm.Advance(2 * frame.Length);
    }

    /// <summary>Hands over what was collected; returns once the encoder has taken what it was handed before.</summary>
    public async Task FlushAsync(CancellationToken ct)
    {
        await TakenAsync();
        (pcm, given) = (given, pcm);
        pcm.ResetWrittenCount();
        if (!exited) taking = encoder.WriteAsync(given.WrittenMemory, ct).AsTask();
    }

    /// <returns>Null, or why there is no file.</returns>
    public async Task<string?> FinishAsync(CancellationToken ct)
    {
        await FlushAsync(ct);
        await TakenAsync();
        var outcome = await encoder.FinishAsync(TimeSpan.FromMinutes(1));
        return outcome.Succeeded && !exited ? null : outcome.Detail;
    }

    public async ValueTask DisposeAsync()
    {
        await encoder.DisposeAsync();                                                // what it has not taken by then ends with it
        await taking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task TakenAsync()
    {
        try { await taking; }
        catch (IOException) { exited = true; }                                       // its outcome says why
        taking = Task.CompletedTask;
    }
}
