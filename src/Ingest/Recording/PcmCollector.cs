using System.Buffers;
using System.Buffers.Binary;
using Pipeline.Ingest.Mixing;

namespace Pipeline.Ingest.Recording;

/// <summary>Collects mixed frames as s16le until its owner has time to hand them to the encoder. Not thread-safe.</summary>
/// <param name="encoder">The collector disposes it.</param>
public sealed class PcmCollector(IEncoder encoder) : IMixSink, IAsyncDisposable
{
    private readonly ArrayBufferWriter<byte> pcm = new(1 << 17);
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

    public async Task FlushAsync(CancellationToken ct)
    {
        try
        {
            if (!exited) await encoder.WriteAsync(pcm.WrittenMemory, ct);
        }
        catch (IOException)
        {
            exited = true;                                                           // its outcome says why
        }
        pcm.ResetWrittenCount();
    }

    /// <returns>Null, or why there is no file.</returns>
    public async Task<string?> FinishAsync(CancellationToken ct)
    {
        await FlushAsync(ct);
        var outcome = await encoder.FinishAsync(TimeSpan.FromMinutes(1));
        return outcome.Succeeded && !exited ? null : outcome.Detail;
    }

    public ValueTask DisposeAsync() => encoder.DisposeAsync();
}
