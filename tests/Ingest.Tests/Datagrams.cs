using System.Buffers.Binary;
using System.Net;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;

namespace Pipeline.Ingest.Tests;

/// <summary>Datagrams, peers and tracks as the tests need them.</summary>
internal static class Datagrams
{
    public const byte Opus = 111;
    public static readonly PeerAddress Loopback = new(0x7F000001, 5000, IsIPv4: true);

    public static byte[] Datagram(uint ssrc, ushort sequence, uint timestamp, ReadOnlySpan<byte> payload, byte payloadType = Opus)
    {
        var datagram = new byte[12 + payload.Length];
        datagram[0] = 0x80;
        datagram[1] = payloadType;
        BinaryPrimitives.WriteUInt16BigEndian(datagram.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(4), timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(datagram.AsSpan(8), ssrc);
        payload.CopyTo(datagram.AsSpan(12));
        return datagram;
    }

    /// <summary>A sender report without report blocks.</summary>
    /// <param name="wall">On the sender's wall clock, since a day in 2024.</param>
    public static byte[] Report(uint ssrc, TimeSpan wall, uint timestamp)
    {
        var report = new byte[28];
        (report[0], report[1], report[3]) = (0x80, 200, 6);
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(4), ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(report.AsSpan(8), Ntp(wall));
        BinaryPrimitives.WriteUInt32BigEndian(report.AsSpan(16), timestamp);
        return report;
    }

    public static ulong Ntp(TimeSpan wall) => (3_920_000_000UL << 32) + (ulong)(wall.TotalSeconds * 4294967296.0);

    /// <summary>An Opus packet of that duration whose bytes name it; what it would sound like does not matter.</summary>
    public static byte[] Payload(int id, int duration = 960, int length = 60)
    {
        var payload = new byte[length];
        (payload[0], payload[1]) = duration switch
        {
            120 => ((byte)0xE0, (byte)0),
            240 => ((byte)0xE8, (byte)0),
            480 => ((byte)0xF0, (byte)0),
            960 => ((byte)0xF8, (byte)0),
            1920 => ((byte)0x50, (byte)0),
            2880 => ((byte)0x58, (byte)0),
            5760 => ((byte)0x5A, (byte)0),
            _ => throw new ArgumentOutOfRangeException(nameof(duration)),
        };
        BinaryPrimitives.WriteInt32LittleEndian(payload.AsSpan(2), id);
        return payload;
    }

    public static int IdOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt32LittleEndian(payload[2..]);

    public static TrackDescription Track(int number = 1, uint? ssrc = null, byte payloadType = Opus, string? from = null, SrtpParameters? srtp = null) =>
        new(number, "alice", "Alice", "opus", payloadType, 48000, 1, ssrc, AudioLevelExtension: null, from is null ? null : IPNetwork.Parse(from)) { Srtp = srtp };

    public static PeerAddress Peer(string address, ushort port)
    {
        UInt128 bits = 0;
        byte[] bytes = IPAddress.Parse(address).GetAddressBytes();
        foreach (byte b in bytes) bits = bits << 8 | b;
        return new PeerAddress(bits, port, IsIPv4: bytes.Length == 4);
    }

    public static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
    public static long Samples(TimeSpan time) => time.Ticks * 48000 / TimeSpan.TicksPerSecond;
}
