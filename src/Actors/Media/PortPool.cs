using System.Net;
using Pipeline.Ingest.Net;

namespace Pipeline.Actors.Media;

/// <summary>Two sockets: the even port, and the odd one above for senders that do not multiplex RTCP.</summary>
internal sealed record PortSockets(UdpReceiver Rtp, UdpReceiver? Rtcp) : IDisposable
{
    public void Dispose()
    {
        Rtp.Dispose();
        Rtcp?.Dispose();
    }
}

/// <summary>Hands out the range's even ports, each after the one handed out last: one just given back may still be sent to.</summary>
internal sealed class PortPool(IPAddress address, (int First, int Last) range) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<int, PortSockets> reserved = [];                     // of tracks whose media has not opened them yet
    private readonly List<int> held = [];
    private int next = range.First + (range.First & 1);

    /// <summary>Null when every port of the range is taken.</summary>
    public PortSockets? TryTake()
    {
        lock (gate)
        {
            int first = range.First + (range.First & 1), pairs = (range.Last - first + 1) / 2;
            for (int n = 0; n < pairs; n++)
            {
                int port = next;
                next = next + 2 > range.Last - 1 ? first : next + 2;
                if (held.Contains(port) || TryBind(port) is not { } sockets) continue;
                if (sockets.Rtcp is not null) return sockets;
                sockets.Dispose();
            }
            return null;
        }
    }

    /// <summary>The port a meeting or a track has; without the odd one above if that is gone. Null when another program has it now.</summary>
    public PortSockets? TryTake(int port)
    {
        lock (gate) return reserved.Remove(port, out var kept) ? kept : TryBind(port);
    }

    /// <summary>Takes one, for whoever asks for it by its number; null when every port of the range is taken.</summary>
    public int? Reserve()
    {
        lock (gate)
        {
            if (TryTake() is not { } sockets) return null;
            reserved[sockets.Rtp.Port] = sockets;
            return sockets.Rtp.Port;
        }
    }

    /// <summary>Of one that was taken already, or is not reserved: nothing.</summary>
    public void Release(int port)
    {
        lock (gate)
            if (reserved.Remove(port, out var kept)) kept.Dispose();
    }

    /// <summary>Hands it to nobody who does not ask for it by its number, until it is let go of.</summary>
    public IDisposable Hold(int port)
    {
        lock (gate) held.Add(port);
        return new Holding(this, port);
    }

    private sealed class Holding(PortPool pool, int port) : IDisposable
    {
        private int isOver;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isOver, 1) != 0) return;
            lock (pool.gate) pool.held.Remove(port);
        }
    }

    public void Dispose()
    {
        lock (gate)
            foreach (var kept in reserved.Values) kept.Dispose();
    }

    private PortSockets? TryBind(int port) =>
        UdpReceiver.TryBind(address, port) is { } rtp ? new PortSockets(rtp, UdpReceiver.TryBind(address, port + 1)) : null;
}
