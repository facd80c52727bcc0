using System.Buffers.Binary;

namespace Pipeline.Api.Replay;

/// <summary>Reads pcapng (draft-ietf-opsawg-pcapng): section, interface, enhanced and simple packet blocks; others are passed over.</summary>
internal static class PcapngReader
{
    private const uint SectionHeader = 0x0A0D0D0A, InterfaceDescription = 1, SimplePacket = 3, EnhancedPacket = 6;
    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const ushort EndOfOptions = 0, TimestampResolution = 9, TimestampOffset = 14;
    /// <summary>Years enough for any clock, and far from where a TimeSpan overflows.</summary>
    private const long MaxTicks = 1L << 60;

    /// <param name="TicksPerSecond">What the interface's timestamps count.</param>
    private readonly record struct Interface(int LinkType, UInt128 TicksPerSecond, long OffsetSeconds);

    public static bool IsPcapng(ReadOnlySpan<byte> file) =>
        file.Length >= 4 && BinaryPrimitives.ReadUInt32LittleEndian(file) == SectionHeader;

    public static IReadOnlyList<CapturedDatagram> Read(ReadOnlyMemory<byte> file)
    {
        var datagrams = new List<CapturedDatagram>();
        var interfaces = new List<Interface>();
        bool bigEndian = false;
        var last = TimeSpan.Zero;
        for (int at = 0; at < file.Length;)
        {
            //  type u32 | total length u32 | body | total length u32 again
            var rest = file.Span[at..];
            if (rest.Length < 12) throw PcapReader.CutShort();
            uint type = PcapReader.UInt32(rest, bigEndian);
            if (type == SectionHeader)
            {
                bigEndian = IsBigEndian(rest[8..]);
                interfaces.Clear();
            }
            uint length = PcapReader.UInt32(rest[4..], bigEndian);
            if (length < 12 || length % 4 != 0 || length > rest.Length) throw PcapReader.CutShort();
            if (PcapReader.UInt32(rest[((int)length - 4)..], bigEndian) != length) throw PcapReader.CutShort();

            var body = file.Slice(at + 8, (int)length - 12);
            switch (type)
            {
                case InterfaceDescription:
                    interfaces.Add(ReadInterface(body.Span, bigEndian));
                    break;
                case EnhancedPacket:
                    var source = ReadEnhancedPacket(body.Span, bigEndian, interfaces, out last, out int captured);
                    Add(datagrams, source, last, body.Slice(20, captured));
                    break;
                case SimplePacket:
                    // It carries no time: it takes that of the packet before it.
                    if (body.Length < 4 || interfaces.Count == 0) throw PcapReader.CutShort();
                    uint wire = PcapReader.UInt32(body.Span, bigEndian);
                    Add(datagrams, interfaces[0], last, body[4..][..(int)Math.Min(wire, (uint)body.Length - 4)]);
                    break;
            }
            at += (int)length;
        }
        return datagrams;
    }

    private static void Add(List<CapturedDatagram> datagrams, Interface source, TimeSpan time, ReadOnlyMemory<byte> frame)
    {
        if (LinkLayer.TryReadUdp(source.LinkType, frame, out ushort port, out var payload))
            datagrams.Add(new CapturedDatagram(time, port, payload));
    }

    private static bool IsBigEndian(ReadOnlySpan<byte> magic)
    {
        if (BinaryPrimitives.ReadUInt32LittleEndian(magic) == ByteOrderMagic) return false;
        return BinaryPrimitives.ReadUInt32BigEndian(magic) == ByteOrderMagic ? true : throw PcapReader.CutShort();
    }

    private static Interface ReadInterface(ReadOnlySpan<byte> body, bool bigEndian)
    {
        //  link type u16 | reserved u16 | snap length u32 | options: code u16, length u16, value, padding to 4
        if (body.Length < 8) throw PcapReader.CutShort();
        int linkType = PcapReader.UInt16(body, bigEndian);
        LinkLayer.ThrowIfUnknown(linkType);

        UInt128 ticksPerSecond = 1_000_000;
        long offsetSeconds = 0;
        for (var options = body[8..]; options.Length >= 4;)
        {
            ushort code = PcapReader.UInt16(options, bigEndian), length = PcapReader.UInt16(options[2..], bigEndian);
            if (code == EndOfOptions) break;
            if (length > options.Length - 4) throw PcapReader.CutShort();
            var value = options.Slice(4, length);
            if (code == TimestampResolution && length == 1) ticksPerSecond = Resolution(value[0]);
            if (code == TimestampOffset && length == 8)
                offsetSeconds = bigEndian ? BinaryPrimitives.ReadInt64BigEndian(value) : BinaryPrimitives.ReadInt64LittleEndian(value);
            options = options[Math.Min(4 + (length + 3) / 4 * 4, options.Length)..];
        }
        return new Interface(linkType, ticksPerSecond, offsetSeconds);
    }

    /// <param name="code">Highest bit clear: 10^code ticks a second; set: 2^code.</param>
    private static UInt128 Resolution(byte code)
    {
        int exponent = code & 0x7F;
        if (exponent > ((code & 0x80) != 0 ? 63 : 18)) throw new ReplayException("The capture's timestamps have an impossible resolution.");
        UInt128 ticks = 1;
        for (int i = 0; i < exponent; i++) ticks *= (code & 0x80) != 0 ? 2u : 10u;
        return ticks;
    }

    private static Interface ReadEnhancedPacket(
        ReadOnlySpan<byte> body, bool bigEndian, List<Interface> interfaces, out TimeSpan time, out int captured)
    {
        //  interface u32 | timestamp, upper u32, lower u32 | captured length u32 | length on the wire u32 | the frame | options
        if (body.Length < 20) throw PcapReader.CutShort();
        uint index = PcapReader.UInt32(body, bigEndian), length = PcapReader.UInt32(body[12..], bigEndian);
        if (index >= interfaces.Count || length > body.Length - 20) throw PcapReader.CutShort();

        var source = interfaces[(int)index];
        ulong timestamp = (ulong)PcapReader.UInt32(body[4..], bigEndian) << 32 | PcapReader.UInt32(body[8..], bigEndian);
        var ticks = (UInt128)timestamp * TimeSpan.TicksPerSecond / source.TicksPerSecond;
        var total = (Int128)ticks + (Int128)source.OffsetSeconds * TimeSpan.TicksPerSecond;
        if (total < 0 || total > MaxTicks) throw new ReplayException("The capture holds a timestamp that no clock shows.");

        time = new TimeSpan((long)total);
        captured = (int)length;
        return source;
    }
}
