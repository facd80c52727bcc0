using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Recording;

/// <summary>Elements of EBML (RFC 8794) in memory. Sizes are eight bytes where the content is not known beforehand, so that they can be written last.</summary>
internal sealed class EbmlBuilder
{
    private readonly ArrayBufferWriter<byte> bytes = new();

    public int Length => bytes.WrittenCount;
    public ReadOnlySpan<byte> Bytes => bytes.WrittenSpan;

    public static byte[] Id(uint id)
    {
        byte[] all = Long(id);
        return all[(id > 0xFFFFFF ? 4 : id > 0xFFFF ? 5 : id > 0xFF ? 6 : 7)..];
    }

    /// <summary>As a size of eight bytes.</summary>
    public static byte[] Size(long length) => Long(length | 1L << 56);

    public static byte[] Long(long value)
    {
        var eight = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(eight, value);
        return eight;
    }

    /// <returns>This, so that elements can be chained.</returns>
    public EbmlBuilder Master(uint id, Action<EbmlBuilder> content)
    {
        bytes.Write(Id(id));
        int at = Length;
        bytes.Write(Size(0));
        content(this);
        Size(Length - at - 8).CopyTo(MemoryMarshal.AsMemory(bytes.WrittenMemory).Span[at..]);
        return this;
    }

    public EbmlBuilder Unsigned(uint id, long value) => Binary(id, Long(value));

    public EbmlBuilder Float(uint id, double value) => Binary(id, Long(BitConverter.DoubleToInt64Bits(value)));

    public EbmlBuilder Binary(uint id, ReadOnlySpan<byte> content)
    {
        bytes.Write(Id(id));
        if (content.Length < 0x7F) bytes.Write([(byte)(0x80 | content.Length)]);
        else bytes.Write(Size(content.Length));
        return Raw(content);
    }

    /// <summary>Elements made elsewhere.</summary>
    public EbmlBuilder Raw(ReadOnlySpan<byte> elements)
    {
        bytes.Write(elements);
        return this;
    }
}
