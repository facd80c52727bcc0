using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pipeline.Ingest.Net;

namespace Pipeline.Benchmarks;

/// <summary>
/// The same talkers over real sockets in real time: a sender's thread, the kernel's loopback, and the server's own loops that drain every
/// 20 ms. The sender's CPU is left out, and with it the kernel's way from one socket to the other.
/// </summary>
internal static class RealTime
{
    /// <summary>Three seconds: past the recording's delay.</summary>
    private const int WarmUp = 150, Ticks = 300;

    public static async Task<Round> RunAsync(string folder)
    {
        await using var node = new Node(folder);
        using var scheduler = new MediaScheduler(threads: 1);
        var began = BootClock.Now;
        var loops = new MediaLoop[Talkers.Meetings];
        for (int m = 0; m < Talkers.Meetings; m++)
        {
            loops[m] = new MediaLoop(Bind(), Bind(), node.Pipelines[m], node.Journals[m], began);
            scheduler.Add(loops[m]);
        }
        try
        {
            Round? round = null;
            var sender = new Thread(() => round = Send(loops)) { Name = "sender" };
            sender.Start();
            sender.Join();
            foreach (var loop in loops) await scheduler.RemoveAsync(loop);
            return round! with { Sent = (WarmUp + Ticks) * Talkers.Count, Read = await node.ReadBackAsync() };
        }
        finally
        {
            foreach (var loop in loops) loop.Dispose();
        }
    }

    private static Round Send(MediaLoop[] loops)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var talkers = new Talkers();
        var to = loops.Select(loop => new IPEndPoint(IPAddress.Loopback, loop.Port).Serialize()).ToArray();
        var clock = Stopwatch.StartNew();
        TimeSpan wall = default;
        long process = 0, own = 0, allocated = 0, ownAllocated = 0;
        for (int tick = 0; tick < WarmUp + Ticks; tick++)
        {
            if (tick == WarmUp)
            {
                (wall, process, own) = (clock.Elapsed, CpuClock.Process, CpuClock.ThisThread);
                (allocated, ownAllocated) = (GC.GetTotalAllocatedBytes(precise: true), GC.GetAllocatedBytesForCurrentThread());
            }
            for (int talker = 0; talker < Talkers.Count; talker++)
                socket.SendTo(talkers.Datagram(talker, tick), SocketFlags.None, to[talker / Talkers.TracksEach]);
            var wait = Talkers.Tick * (tick + 1) - clock.Elapsed;
            if (wait > TimeSpan.Zero) Thread.Sleep(wait);
        }
        var round = new Round
        {
            Packets = Ticks * Talkers.Count,
            Wall = clock.Elapsed - wall,
            ProcessNs = CpuClock.Process - process - (CpuClock.ThisThread - own),
            ProcessAllocated = GC.GetTotalAllocatedBytes(precise: true) - allocated - (GC.GetAllocatedBytesForCurrentThread() - ownAllocated),
            Sent = 0,
            Read = 0,
        };
        Thread.Sleep(5 * Talkers.Tick);                                              // the last packets are still in the sockets
        return round;
    }

    private static UdpReceiver Bind() => UdpReceiver.TryBind(IPAddress.Loopback, 0) ?? throw new InvalidOperationException("no port is free");
}
