using System.Net;
using Pipeline.Ingest.Net;

namespace Pipeline.Actors.Media;

/// <summary>A meeting's two sockets: the even port, and the odd one above for senders that do not multiplex RTCP.</summary>
internal sealed record MeetingSockets(UdpReceiver Rtp, UdpReceiver? Rtcp);

/// <summary>Hands out the range's even ports, each after the one handed out last: one just given back may still be sent to.</summary>
internal sealed class PortPool(IPAddress address, (int First, int Last) range)
{
    private readonly Lock gate = new();
    private int next = range.First + (range.First & 1);

    /// <summary>Null when every port of the range is taken.</summary>
    public MeetingSockets? TryTake()
    {
        lock (gate)
        {
            int first = range.First + (range.First & 1), pairs = (range.Last - first + 1) / 2;
            for (int n = 0; n < pairs; n++)
            {
                int port = next;
                next = next + 2 > range.Last - 1 ? first : next + 2;
                if (TryTake(port) is not { } sockets) continue;
                if (sockets.Rtcp is not null) return sockets;
                sockets.Rtp.Dispose();
            }
            return null;
        }
    }

    /// <summary>The port a meeting had; without the odd one above if that is gone. Null when another program has it now.</summary>
    public MeetingSockets? TryTake(int port) =>
        UdpReceiver.TryBind(address, port) is { } rtp ? new MeetingSockets(rtp, UdpReceiver.TryBind(address, port + 1)) : null;
}
