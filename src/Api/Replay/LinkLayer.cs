using System.Buffers.Binary;

namespace Pipeline.Api.Replay;

/// <summary>From a captured frame to the UDP payload in it. Link types as registered at tcpdump.org/linktypes.html.</summary>
internal static class LinkLayer
{
    private const int Loopback = 0, Ethernet = 1, RawIp = 101, OpenBsdLoopback = 108, LinuxCooked = 113, IPv4 = 228, IPv6 = 229, LinuxCooked2 = 276;
    private const ushort EtherTypeIPv4 = 0x0800, EtherTypeIPv6 = 0x86DD, Vlan = 0x8100, ProviderVlan = 0x88A8;
    private const byte HopByHop = 0, Udp = 17, Routing = 43, DestinationOptions = 60;

    public static void ThrowIfUnknown(int linkType)
    {
        if (linkType is not (Loopback or Ethernet or RawIp or OpenBsdLoopback or LinuxCooked or IPv4 or IPv6 or LinuxCooked2))
            throw new ReplayException($"The capture has link type {linkType}, which is not read: Ethernet, Linux cooked, raw IP and loopback are.");
    }

    /// <summary>False unless the frame carries one whole, unfragmented UDP datagram. Never throws: lengths are not trusted.</summary>
    public static bool TryReadUdp(int linkType, ReadOnlyMemory<byte> frame, out ushort destinationPort, out ReadOnlyMemory<byte> payload)
    {
        (destinationPort, payload) = (0, default);
        return TryFindIp(linkType, frame, out var packet)
            && TryFindUdp(packet, out var udp)
            && TryReadUdpHeader(udp, out destinationPort, out payload);
    }

    private static bool TryFindIp(int linkType, ReadOnlyMemory<byte> frame, out ReadOnlyMemory<byte> packet)
    {
        packet = default;
        var bytes = frame.Span;
        int header = linkType switch { Ethernet => 14, LinuxCooked => 16, LinuxCooked2 => 20, Loopback or OpenBsdLoopback => 4, _ => 0 };
        if (bytes.Length < header) return false;

        if (linkType is Ethernet or LinuxCooked or LinuxCooked2)
        {
            int typeAt = linkType == LinuxCooked2 ? 0 : header - 2;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(bytes[typeAt..]);
            for (; type is Vlan or ProviderVlan; header += 4)
            {
                if (bytes.Length < header + 4) return false;
                type = BinaryPrimitives.ReadUInt16BigEndian(bytes[(header + 2)..]);
            }
            if (type is not (EtherTypeIPv4 or EtherTypeIPv6)) return false;
        }
        // Loopback's family number differs from system to system; the IP version says the same and is checked next.
        packet = frame[header..];
        return true;
    }

    private static bool TryFindUdp(ReadOnlyMemory<byte> packet, out ReadOnlyMemory<byte> udp)
    {
        udp = default;
        if (packet.IsEmpty) return false;
        return (packet.Span[0] >> 4) switch
        {
            4 => TryFindUdpInIPv4(packet, out udp),
            6 => TryFindUdpInIPv6(packet, out udp),
            _ => false,
        };
    }

    private static bool TryFindUdpInIPv4(ReadOnlyMemory<byte> packet, out ReadOnlyMemory<byte> udp)
    {
        udp = default;
        var bytes = packet.Span;
        int header = (bytes[0] & 0x0F) * 4;
        if (header < 20 || bytes.Length < header) return false;
        int total = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (total < header || total > bytes.Length) return false;
        bool fragment = (BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & 0x3FFF) != 0;   // more fragments, or an offset
        if (fragment || bytes[9] != Udp) return false;
        udp = packet[header..total];
        return true;
    }

    private static bool TryFindUdpInIPv6(ReadOnlyMemory<byte> packet, out ReadOnlyMemory<byte> udp)
    {
        udp = default;
        var bytes = packet.Span;
        if (bytes.Length < 40) return false;
        int end = 40 + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (end > bytes.Length) return false;

        int at = 40;
        byte next = bytes[6];
        while (next is HopByHop or Routing or DestinationOptions)
        {
            if (end - at < 8) return false;
            next = bytes[at];
            at += 8 * (bytes[at + 1] + 1);
        }
        if (next != Udp || at > end) return false;
        udp = packet[at..end];
        return true;
    }

    private static bool TryReadUdpHeader(ReadOnlyMemory<byte> udp, out ushort destinationPort, out ReadOnlyMemory<byte> payload)
    {
        (destinationPort, payload) = (0, default);
        if (udp.Length < 8) return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(udp.Span[4..]);
        if (length < 8 || length > udp.Length) return false;
        destinationPort = BinaryPrimitives.ReadUInt16BigEndian(udp.Span[2..]);
        payload = udp[8..length];
        return true;
    }
}
