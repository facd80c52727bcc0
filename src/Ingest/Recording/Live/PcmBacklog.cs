using System.Buffers.Binary;

namespace Pipeline.Ingest.Recording.Live;

/// <summary>
/// The newest samples of the mix, kept until they have come out of an encoder: where one dies or is stuck, the next begins with what is
/// missing. Normally a few seconds wait; blocks are used again. Not thread-safe; pure.
/// </summary>
/// <param name="start">The first sample that will be written, since the meeting began.</param>
/// <param name="capacity">Samples; more are not kept.</param>
internal sealed class PcmBacklog(long start, int capacity)
{
    /// <summary>Half a second.</summary>
    private const int BlockSamples = 24_000;

    private readonly byte[]?[] blocks = new byte[capacity / BlockSamples + 2][];     // a ring, by the block's number
    private readonly Stack<byte[]> spare = new();

    /// <summary>The oldest sample that is kept.</summary>
    public long Start { get; private set; } = start;
    /// <summary>One behind the newest.</summary>
    public long End { get; private set; } = start;

    /// <summary>Takes the next samples, −1 … 1.</summary>
    /// <returns>False when there is no room: they were not taken.</returns>
    public bool TryWrite(ReadOnlySpan<float> samples)
    {
        if (End - Start + samples.Length > capacity) return false;
        while (!samples.IsEmpty)
        {
            int at = (int)(End % BlockSamples);
            var part = samples[..Math.Min(samples.Length, BlockSamples - at)];
            var bytes = (Block(End) ??= spare.TryPop(out byte[]? used) ? used : new byte[2 * BlockSamples]).AsSpan(2 * at);
            for (int i = 0; i < part.Length; i++)
                BinaryPrimitives.WriteInt16LittleEndian(bytes[(2 * i)..], (short)MathF.Round(Math.Clamp(part[i], -1f, 1f) * short.MaxValue));
            End += part.Length;
            samples = samples[part.Length..];
        }
        return true;
    }

    /// <summary>Samples that lie one behind the other, as s16le.</summary>
    /// <param name="from">One that is kept, or the one behind the newest.</param>
    /// <param name="most">Samples.</param>
    /// <returns>Valid until they are released.</returns>
    public ReadOnlyMemory<byte> Read(long from, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(from, Start);
        int at = (int)(from % BlockSamples);
        int count = (int)Math.Min(Math.Min(most, BlockSamples - at), End - from);
        return count == 0 ? default : Block(from).AsMemory(2 * at, 2 * count);
    }

    /// <summary>Those before <paramref name="sample"/> are not needed any more.</summary>
    public void Release(long sample)
    {
        for (long block = Start / BlockSamples; block < Math.Min(sample, End) / BlockSamples; block++) Recycle(block * BlockSamples);
        Start = Math.Clamp(sample, Start, End);
    }

    /// <summary>Nothing is kept; the next sample is <paramref name="start"/>.</summary>
    public void Restart(long start)
    {
        for (long block = Start / BlockSamples; block * BlockSamples < End; block++) Recycle(block * BlockSamples);
        (Start, End) = (start, start);
    }

    private void Recycle(long sample)
    {
        ref byte[]? block = ref Block(sample);
        if (block is not null && spare.Count < 8) spare.Push(block);                 // four seconds: what waits when all is well
        block = null;
    }

    private ref byte[]? Block(long sample) => ref blocks[sample / BlockSamples % blocks.Length];
}
