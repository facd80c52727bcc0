namespace Pipeline.Ingest.Video;

//        0 1 2 3 4 5 6 7
//       |F| type  |X|S|-|   X: a byte of extension follows; S: then the size, leb128

/// <summary>The units an AV1 bitstream is made of (AV1 bitstream §5.3).</summary>
internal static class Obu
{
    public const int SequenceHeader = 1, TemporalDelimiter = 2, FrameHeader = 3, Frame = 6, TileList = 8, Padding = 15;

    public static int Type(byte header) => header >> 3 & 15;
    public static bool HasExtension(byte header) => (header & 0x04) != 0;
    public static bool HasSize(byte header) => (header & 0x02) != 0;

    /// <summary>leb128 (§4.10.5), of which more than 28 bits are no size here.</summary>
    public static bool TryReadSize(ReadOnlySpan<byte> bytes, ref int at, out int size)
    {
        size = 0;
        for (int shift = 0; shift < 28; shift += 7)
        {
            if (at >= bytes.Length) return false;
            byte b = bytes[at++];
            size |= (b & 0x7F) << shift;
            if ((b & 0x80) == 0) return true;
        }
        return false;
    }

    /// <summary>The first fields of a frame's header (§5.9.2): a key frame, not one shown again.</summary>
    public static bool IsKeyFrame(ReadOnlySpan<byte> header, in Av1Sequence sequence)
    {
        var bits = new BitReader(header);
        if (sequence.IsStill) return true;
        bool isShownAgain = bits.Flag();
        return !isShownAgain && bits.Bits(2) == 0 && !bits.Overran;
    }

    /// <summary>The first OBU of the type, header and size included; empty where there is none.</summary>
    /// <param name="unit">A temporal unit whose OBUs have sizes.</param>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> unit, int type)
    {
        for (int at = 0; at < unit.Length;)
        {
            int begin = at;
            at += HasExtension(unit[at]) ? 2 : 1;
            if (!TryReadSize(unit, ref at, out int size) || size > unit.Length - at) break;
            at += size;
            if (Type(unit[begin]) == type) return unit[begin..at];
        }
        return default;
    }
}
