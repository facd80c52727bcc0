using System.Net;
using System.Net.Sockets;

namespace Pipeline.Actors.Sources;

/// <summary>
/// Where the node may connect to for a meeting's media. SFUs live beside their recorders, so private networks and this machine are
/// allowed; what no SFU has is not: link-local addresses above all, behind which clouds answer with credentials.
/// </summary>
internal static class OutgoingAddress
{
    public static bool IsAllowed(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
            return !address.IsIPv6LinkLocal && !address.IsIPv6Multicast && !address.IsIPv6SiteLocal && !address.Equals(IPAddress.IPv6Any);

        Span<byte> octets = stackalloc byte[4];
        address.TryWriteBytes(octets, out _);
        return octets[0] is not 0 and < 224 && !(octets[0] == 169 && octets[1] == 254);   // "this network", multicast and above, link-local
    }
}
