using System.Net;
using System.Net.Sockets;

namespace Pipeline.Actors.Sources;

/// <summary>
/// Where the node may connect to for a meeting's media. SFUs live beside their recorders, so private networks and this machine are
/// allowed; what no SFU has is not: link-local addresses above all, behind which clouds answer with credentials.
/// </summary>
internal static class OutgoingAddress
{
    /// <summary>Where clouds answer outside of link-local addresses: AWS over IPv6, Alibaba, Azure.</summary>
    private static readonly HashSet<IPAddress> Metadata = [IPAddress.Parse("fd00:ec2::254"), IPAddress.Parse("100.100.100.200"), IPAddress.Parse("168.63.129.16")];

    public static bool IsAllowed(IPAddress address)
    {
        address = Embedded(address) ?? address;
        if (Metadata.Contains(address)) return false;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return !address.IsIPv6LinkLocal && !address.IsIPv6Multicast && !address.IsIPv6SiteLocal && !address.Equals(IPAddress.IPv6Any);

        Span<byte> octets = stackalloc byte[4];
        address.TryWriteBytes(octets, out _);
        return octets[0] is not 0 and < 224 && !(octets[0] == 169 && octets[1] == 254);   // "this network", multicast and above, link-local
    }

    /// <summary>The IPv4 address that is reached through an IPv6 one: mapped (RFC 4291 §2.5.5.2), compatible (§2.5.5.1) or translated (RFC 6052); null: none is.</summary>
    private static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.IPv6Loopback)) return null;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        Span<byte> octets = stackalloc byte[16];
        address.TryWriteBytes(octets, out _);
        return octets[..12].SequenceEqual(Translated) || !octets[..12].ContainsAnyExcept((byte)0) ? new IPAddress(octets[12..]) : null;
    }

    private static ReadOnlySpan<byte> Translated => [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
}
