using System.Buffers.Binary;

namespace Pipeline.Ingest.Tests;

/// <summary>Reads the UDP datagrams of a capture: classic pcap, little-endian, microseconds, Ethernet and IPv4.</summary>
internal static class Capture
{
    private const int FileHeader = 24, PacketHeader = 16, Ethernet = 14, Udp = 8;

    /// <returns>Each datagram in order, with its time since the first.</returns>
    public static IEnumerable<(TimeSpan At, int Port, byte[] Datagram)> Read(string name)
    {
        byte[] file = File.ReadAllBytes(Fixtures.Capture(name));
        TimeSpan? first = null;
        for (int at = FileHeader; at + PacketHeader <= file.Length;)
        {
            var time = TimeSpan.FromSeconds(BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at)))
                + TimeSpan.FromMicroseconds(BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 4)));
            int length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(at + 8));
            int udp = at + PacketHeader + Ethernet + 4 * (file[at + PacketHeader + Ethernet] & 15);
            at += PacketHeader + length;
            first ??= time;
            yield return (time - first.Value, BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(udp + 2)), file[(udp + Udp)..at]);
        }
    }
}
