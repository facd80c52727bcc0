using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Pipeline.Ingest.Recording.Mp4;

/// <summary>Boxes in memory: each behind its length in 32 bits and its type (ISO/IEC 14496-12 §4.2).</summary>
internal sealed class BoxBuilder
{
    /// <summary>1.0 as a 16.16 number.</summary>
    public const int Identity = 0x10000;

    private readonly ArrayBufferWriter<byte> bytes = new();

    public int Length => bytes.WrittenCount;
    public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

    public BoxBuilder Box(string type, Action<BoxBuilder> content)
    {
        int at = Length;
        U32(0).Text(type);
        content(this);
        BinaryPrimitives.WriteInt32BigEndian(MemoryMarshal.AsMemory(bytes.WrittenMemory).Span[at..], Length - at);
        return this;
    }

    public BoxBuilder Full(string type, byte version, uint flags, Action<BoxBuilder> content) =>
        Box(type, b => content(b.U32((uint)version << 24 | flags)));

    /// <summary>Turns a picture of that size clockwise, and moves it back to where it was (§6.2.2).</summary>
    public BoxBuilder Matrix(int rotation, int width, int height)
    {
        var (cos, sin) = rotation switch { 90 => (0, 1), 180 => (-1, 0), 270 => (0, -1), _ => (1, 0) };
        int x = rotation switch { 90 => height, 180 => width, _ => 0 }, y = rotation switch { 180 => height, 270 => width, _ => 0 };
        foreach (int value in new[] { cos * Identity, sin * Identity, 0, -sin * Identity, cos * Identity, 0, x << 16, y << 16, 0x40000000 }) U32((uint)value);
        return this;
    }

    public BoxBuilder Raw(ReadOnlySpan<byte> content)
    {
        bytes.Write(content);
        return this;
    }

    public BoxBuilder Text(string text) => Raw(Encoding.UTF8.GetBytes(text));
    public BoxBuilder Zeros(int count) => Raw(new byte[count]);
    public BoxBuilder U16(int value) => Raw([(byte)(value >> 8), (byte)value]);

    public BoxBuilder U32(uint value)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(four, value);
        return Raw(four);
    }

    public BoxBuilder U64(long value)
    {
        Span<byte> eight = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(eight, value);
        return Raw(eight);
    }
}
