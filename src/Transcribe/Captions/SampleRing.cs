namespace Pipeline.Transcribe.Captions;

/// <summary>
/// Blocks of samples on their way from the media loop to the captions of one track. One writer and one reader at a time, neither
/// ever waits, nothing is allocated. When it is full the newest is refused: captions of a meeting nobody has processor time for are late or
/// missing, and the journal has the rest.
/// </summary>
internal sealed class SampleRing
{
    /// <summary>2 s: what a loaded machine may take to find a thread.</summary>
    private const int Capacity = 1 << 15;
    private const int BlockCapacity = 1 << 9;

    private readonly float[] samples = new float[Capacity];
    private readonly (long FirstSample, int Length)[] blocks = new (long, int)[BlockCapacity];

    // Counts since the beginning; each is written by one side only and never wraps in practice.
    private long samplesWritten, samplesRead;
    private long blocksWritten, blocksRead;

    /// <summary>Half of it may still be written.</summary>
    public bool HasRoom => Volatile.Read(ref samplesWritten) - Volatile.Read(ref samplesRead) <= Capacity / 2
        && Volatile.Read(ref blocksWritten) - Volatile.Read(ref blocksRead) <= BlockCapacity / 2;

    public bool IsEmpty => Volatile.Read(ref blocksWritten) == Volatile.Read(ref blocksRead);

    /// <summary>The writer's side. False when there is no room.</summary>
    public bool TryWrite(long firstSample, ReadOnlySpan<float> block)
    {
        if (blocksWritten - Volatile.Read(ref blocksRead) == BlockCapacity) return false;
        if (samplesWritten + block.Length - Volatile.Read(ref samplesRead) > Capacity) return false;

        int at = (int)(samplesWritten % Capacity), head = Math.Min(block.Length, Capacity - at);
        block[..head].CopyTo(samples.AsSpan(at));
        block[head..].CopyTo(samples);
        blocks[blocksWritten % BlockCapacity] = (firstSample, block.Length);
        Volatile.Write(ref samplesWritten, samplesWritten + block.Length);
        Volatile.Write(ref blocksWritten, blocksWritten + 1);           // publishes the block
        return true;
    }

    /// <summary>The reader's side: the next block, which may lie in two pieces. False when there is none.</summary>
    public bool TryPeek(out long firstSample, out ReadOnlySpan<float> head, out ReadOnlySpan<float> tail)
    {
        if (IsEmpty)
        {
            firstSample = 0;
            head = tail = default;
            return false;
        }
        (firstSample, int length) = blocks[blocksRead % BlockCapacity];
        int at = (int)(samplesRead % Capacity), first = Math.Min(length, Capacity - at);
        head = samples.AsSpan(at, first);
        tail = samples.AsSpan(0, length - first);
        return true;
    }

    /// <summary>The reader's side: the block that was peeked at may be overwritten from now on.</summary>
    public void Release()
    {
        int length = blocks[blocksRead % BlockCapacity].Length;
        Volatile.Write(ref samplesRead, samplesRead + length);
        Volatile.Write(ref blocksRead, blocksRead + 1);
    }
}
