namespace Pipeline.Ingest.Rtp;

/// <summary>Makes the wire's 16-bit sequence numbers one line of 64-bit ones, whatever the order they come in (RFC 3550 §A.1).</summary>
public struct SequenceUnwrapper
{
    private long highest;
    private bool started;

    /// <returns>A number whose low 16 bits are <paramref name="sequence"/>, the nearest one to the highest so far.</returns>
    public long Unwrap(ushort sequence)
    {
        if (!started)
        {
            started = true;
            return highest = sequence;
        }
        long extended = highest + (short)(sequence - (ushort)highest);               // the cast takes the shorter way round
        if (extended > highest) highest = extended;
        return extended;
    }

    /// <summary>So far; 0 before there is one.</summary>
    public readonly long Highest => highest;

    /// <summary>What <see cref="Unwrap"/> would give; the highest so far stays.</summary>
    public readonly long Peek(ushort sequence) => highest + (short)(sequence - (ushort)highest);

    /// <summary>Distance from the highest so far, without accepting the packet: negative is older.</summary>
    public readonly int DistanceTo(ushort sequence) => started ? (short)(sequence - (ushort)highest) : 0;
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
