using System.Buffers.Binary;

namespace Pipeline.Api.Replay;

/// <summary>One UDP datagram of a capture.</summary>
/// <param name="Time">Since the Unix epoch, by the clock of the machine that captured.</param>
/// <param name="Payload">A part of the file's bytes; not copied.</param>
public readonly record struct CapturedDatagram(TimeSpan Time, ushort DestinationPort, ReadOnlyMemory<byte> Payload);

/// <summary>
/// Reads pcap (both byte orders, µs and ns) and pcapng files. Frames that are no whole UDP datagram are left out:
/// ARP, TCP, fragments, and what the snap length cut.
/// </summary>
public static class PcapReader
{
    private const int FileHeaderLength = 24, RecordHeaderLength = 16;
    private const uint Microseconds = 0xA1B2C3D4, Nanoseconds = 0xA1B23C4D;

    /// <summary>True when the file begins like a capture, whole or not.</summary>
    public static bool IsCapture(ReadOnlySpan<byte> file) => TryReadMagic(file, out _, out _) || PcapngReader.IsPcapng(file);

    /// <returns>In the order of the file.</returns>
    /// <exception cref="ReplayException">The file is no capture, is damaged or cut short, or has a link type that is not read.</exception>
    public static IReadOnlyList<CapturedDatagram> Read(ReadOnlyMemory<byte> file)
    {
        if (PcapngReader.IsPcapng(file.Span)) return PcapngReader.Read(file);
        if (!TryReadMagic(file.Span, out bool bigEndian, out int ticksPerMicrosecond))
            throw new ReplayException("The file is neither pcap nor pcapng.");
        if (file.Length < FileHeaderLength) throw CutShort();

        //  magic u32 | version u16 u16 | zone i32 | accuracy u32 | snap length u32 | link type u32 (upper bits: FCS)
        int linkType = (int)(UInt32(file.Span[20..], bigEndian) & 0x0FFF_FFFF);
        LinkLayer.ThrowIfUnknown(linkType);

        var datagrams = new List<CapturedDatagram>();
        for (int at = FileHeaderLength; at < file.Length;)
        {
            //  seconds u32 | fraction u32 | captured length u32 | length on the wire u32 | the frame
            if (file.Length - at < RecordHeaderLength) throw CutShort();
            var header = file.Span[at..];
            uint length = UInt32(header[8..], bigEndian);
            at += RecordHeaderLength;
            if (length > file.Length - at) throw CutShort();

            var time = Time(UInt32(header, bigEndian), UInt32(header[4..], bigEndian), ticksPerMicrosecond);
            if (LinkLayer.TryReadUdp(linkType, file.Slice(at, (int)length), out ushort port, out var payload))
                datagrams.Add(new CapturedDatagram(time, port, payload));
            at += (int)length;
        }
        return datagrams;
    }

    internal static uint UInt32(ReadOnlySpan<byte> bytes, bool bigEndian) =>
        bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    internal static ushort UInt16(ReadOnlySpan<byte> bytes, bool bigEndian) =>
        bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    internal static ReplayException CutShort() => new("The capture is damaged or cut short.");

    private static TimeSpan Time(uint seconds, uint fraction, int ticksPerMicrosecond) =>
        new(seconds * TimeSpan.TicksPerSecond + (ticksPerMicrosecond == 0 ? fraction / 100 : fraction * (long)ticksPerMicrosecond));

    /// <param name="ticksPerMicrosecond">10 where the fraction is in microseconds, 0 where it is in nanoseconds.</param>
    private static bool TryReadMagic(ReadOnlySpan<byte> file, out bool bigEndian, out int ticksPerMicrosecond)
    {
        (bigEndian, ticksPerMicrosecond) = (false, 0);
        if (file.Length < 4) return false;
        uint little = BinaryPrimitives.ReadUInt32LittleEndian(file), big = BinaryPrimitives.ReadUInt32BigEndian(file);
        bigEndian = big is Microseconds or Nanoseconds;
        ticksPerMicrosecond = little == Microseconds || big == Microseconds ? 10 : 0;
        return bigEndian || little is Microseconds or Nanoseconds;
    }
}
