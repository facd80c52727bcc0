using System.Buffers.Binary;

namespace Pipeline.Api.Replay;

/// <summary>Writes a classic pcap that every reader takes: little-endian, microseconds, UDP in IPv4 between two ports of 127.0.0.1.</summary>
/// <param name="output">Not disposed; the file's header is the first that is written.</param>
public sealed class PcapWriter(Stream output)
{
    private const int FileHeaderLength = 24, RecordHeaderLength = 16, IpLength = 20, UdpLength = 8;
    private const int RawIp = 101, SnapLength = 262_144;
    /// <summary>The longest payload that fits one datagram.</summary>
    public const int MaxPayload = ushort.MaxValue - IpLength - UdpLength;

    private readonly byte[] record = new byte[RecordHeaderLength + IpLength + UdpLength + MaxPayload];

    /// <summary>To be called once, before the first datagram.</summary>
    public void WriteHeader()
    {
        var header = record.AsSpan(0, FileHeaderLength);
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xA1B2C3D4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], SnapLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], RawIp);
        output.Write(header);
    }

    /// <param name="time">Since the Unix epoch; what a pcap cannot say (before 1970, after 2106) becomes the nearest it can.</param>
    public void Write(TimeSpan time, ushort sourcePort, ushort destinationPort, ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxPayload, nameof(payload));
        int length = IpLength + UdpLength + payload.Length;
        long us = Math.Clamp(time.Ticks / TimeSpan.TicksPerMicrosecond, 0, uint.MaxValue * 1_000_000L + 999_999);

        var header = record.AsSpan(0, RecordHeaderLength);
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)(us / 1_000_000));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(us % 1_000_000));
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], length);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], length);

        WriteIp(record.AsSpan(RecordHeaderLength, IpLength), length);
        var udp = record.AsSpan(RecordHeaderLength + IpLength, UdpLength);
        BinaryPrimitives.WriteUInt16BigEndian(udp, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp[4..], (ushort)(UdpLength + payload.Length));
        BinaryPrimitives.WriteUInt16BigEndian(udp[6..], 0);                          // no checksum, RFC 768

        payload.CopyTo(record.AsSpan(RecordHeaderLength + IpLength + UdpLength));
        output.Write(record, 0, RecordHeaderLength + length);
    }

    /// <summary>RFC 791 §3.1.</summary>
    private static void WriteIp(Span<byte> ip, int length)
    {
        ip.Clear();
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[6..], 0x4000);                      // don't fragment
        ip[8] = 64;
        ip[9] = 17;
        ip[12] = ip[16] = 127;
        ip[15] = ip[19] = 1;

        uint sum = 0;
        for (int i = 0; i < ip.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~(sum + (sum >> 16)));
    }
}
