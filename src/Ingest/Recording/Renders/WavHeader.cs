using System.Buffers.Binary;
using System.Text;

namespace Pipeline.Ingest.Recording.Renders;

/// <summary>
/// What stands before the samples of a WAV file (RIFF, EBU 3285): 16 bits, 48 kHz, mono; with a `LIST INFO` of what it is. Programs that write to a pipe
/// leave the lengths open, which many players do not take. Pure.
/// </summary>
internal static class WavHeader
{
    /// <param name="dataBytes">Of the samples behind it; together at most 4 GiB, which is twelve hours.</param>
    public static byte[] Of(long dataBytes, string title, string comment)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dataBytes, uint.MaxValue - (1 << 20));
        byte[] info = [.. "INFO"u8, .. Text("INAM"u8, title), .. Text("ICMT"u8, comment)];
        byte[] header =
        [
            .. "RIFF"u8, .. U32((uint)(4 + 24 + 8 + info.Length + 8 + dataBytes)), .. "WAVE"u8,
            .. "fmt "u8, .. U32(16), .. U16(1), .. U16(1), .. U32(48000), .. U32(48000 * 2), .. U16(2), .. U16(16),
            .. "LIST"u8, .. U32((uint)info.Length), .. info,
            .. "data"u8, .. U32((uint)dataBytes),
        ];
        return header;
    }

    /// <summary>Ended with a zero, and padded to an even length.</summary>
    private static byte[] Text(ReadOnlySpan<byte> name, string text)
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), 0];
        return [.. name, .. U32((uint)bytes.Length), .. bytes, .. bytes.Length % 2 == 0 ? ReadOnlySpan<byte>.Empty : [0]];
    }

    private static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] U16(ushort value) => [(byte)value, (byte)(value >> 8)];
}
