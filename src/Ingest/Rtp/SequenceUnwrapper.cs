namespace Pipeline.Ingest.Rtp;

/// <summary>Makes the wire's 16-bit sequence numbers one line of 64-bit ones, whatever the order they come in (RFC 3550 §A.1).</summary>
public struct SequenceUnwrapper
{
    private long highest;
    private bool started;

    /// <returns>A number whose low 16 bits are <paramref name="sequence"/>, the nearest one to the highest so far.</returns>
    public long Unwrap(ushort sequence)
    {
        long extended = Peek(sequence);
        Accept(extended);
        return extended;
    }

    /// <summary>So far; 0 before there is one.</summary>
    public readonly long Highest => highest;

    /// <summary>The same, and the highest stays.</summary>
    public readonly long Peek(ushort sequence) => started ? highest + (short)(sequence - (ushort)highest) : sequence;   // the cast takes the shorter way round

    /// <summary>The highest is this one, if it is higher.</summary>
    public void Accept(long extended)
    {
        highest = started ? Math.Max(highest, extended) : extended;
        started = true;
    }
}

/// <summary>The same for 32-bit media timestamps (RFC 3550 §5.1).</summary>
public struct TimestampUnwrapper
{
    private long last;
    private bool started;

    public long Unwrap(uint timestamp)
    {
        last = started ? last + (int)(timestamp - (uint)last) : timestamp;
        started = true;
        return last;
    }

    /// <summary>The nearest to the last one, which stays; false before there is one.</summary>
    public readonly bool TryPeek(uint timestamp, out long extended)
    {
        extended = last + (int)(timestamp - (uint)last);
        return started;
    }
}
