namespace Pipeline.Ingest.Video;

/// <summary>Reads a bitstream's fields, highest bit first. Beyond the end it reads zeros and says so in <see cref="Overran"/>: nothing throws.</summary>
internal ref struct BitReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int position;                                                            // bits

    /// <summary>Bits read so far.</summary>
    public readonly int Position => position;
    public readonly bool Overran => position > 8 * bytes.Length;

    public bool Flag() => Bits(1) != 0;

    /// <param name="count">0–32.</param>
    public uint Bits(int count)
    {
        uint value = 0;
        for (; count > 0; count--, position++)
        {
            int bit = position < 8 * bytes.Length ? bytes[position >> 3] >> (7 - (position & 7)) & 1 : 0;
            value = value << 1 | (uint)bit;
        }
        return value;
    }

    public void Skip(int count) => position = Math.Min(position + count, 8 * bytes.Length + 1);

    /// <summary>ue(v), ITU-T H.264 §9.1; AV1 §4.10.3 writes the same. 0 for what no field can hold.</summary>
    public uint Exponential()
    {
        int zeros = 0;
        while (!Flag())
            if (++zeros > 31 || Overran) return 0;
        return (uint)((1UL << zeros) - 1 + Bits(zeros));
    }

    /// <summary>se(v), ITU-T H.264 §9.1.1.</summary>
    public int SignedExponential()
    {
        uint code = Exponential();
        return (code & 1) != 0 ? (int)((code + 1) / 2) : -(int)(code / 2);
    }
}
