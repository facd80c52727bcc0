using System.Net;
using System.Net.Sockets;

namespace Pipeline.Benchmarks.Peers;

/// <summary>UDP ports that nobody has, below the ephemeral ones.</summary>
internal static class PortRange
{
    private static int next = 14000;

    /// <returns>The first of as many ports in a row; even.</returns>
    public static int Take(int count)
    {
        while (true)
        {
            int first = next;
            next += count + (count & 1);
            if (next > 32000) throw new InvalidOperationException("no ports are free");
            if (Enumerable.Range(first, count).All(IsFree)) return first;
        }
    }

    private static bool IsFree(int port)
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            probe.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException) { return false; }
    }
}
