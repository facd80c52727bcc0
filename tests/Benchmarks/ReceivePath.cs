using System.Diagnostics;
using Pipeline.Ingest.Net;

namespace Pipeline.Benchmarks;

/// <summary>
/// Datagrams in memory → parsed, bound, sealed with AES-256-GCM in real files, counted, on the recording tap: as fast as it goes, on the
/// meetings' own clock of 20 ms ticks. The disk's threads are the product's and count.
/// </summary>
internal static class ReceivePath
{
    /// <summary>12 s of meeting: the recording's delay is filled, every buffer has its size, a segment has ended.</summary>
    private const int WarmUp = 600, Ticks = 1000;
    /// <summary>A writer keeps sixteen blocks to use again; real ticks lie 20 ms apart and need one or two.</summary>
    private const int TicksAhead = 15;
    private static readonly PeerAddress Sender = new(0x7F000001, 40000, IsIPv4: true);

    public static async Task<Round> RunAsync(string folder)
    {
        await using var node = new Node(folder);
        var talkers = new Talkers();
        for (int tick = 0; tick < WarmUp; tick++) Turn(node, talkers, tick);
        node.AwaitDisk();
        var round = Measure(node, talkers);
        return round with { Sent = (WarmUp + Ticks) * Talkers.Count, Read = await node.ReadBackAsync() };
    }

    private static Round Measure(Node node, Talkers talkers)
    {
        long place = 0;
        long wall = Stopwatch.GetTimestamp(), process = CpuClock.Process, loop = CpuClock.ThisThread;
        long allocated = GC.GetAllocatedBytesForCurrentThread(), allAllocated = GC.GetTotalAllocatedBytes(precise: true);
        for (int tick = WarmUp; tick < WarmUp + Ticks; tick++) place += Turn(node, talkers, tick);
        node.AwaitDisk();
        return new Round
        {
            Packets = Ticks * Talkers.Count,
            Wall = Stopwatch.GetElapsedTime(wall),
            ProcessNs = CpuClock.Process - process,
            LoopNs = CpuClock.ThisThread - loop,
            PlaceNs = place,
            LoopAllocated = GC.GetAllocatedBytesForCurrentThread() - allocated,
            ProcessAllocated = GC.GetTotalAllocatedBytes(precise: true) - allAllocated,
            Sent = 0,
            Read = 0,
        };
    }

    /// <returns>Nanoseconds of CPU for placing what was received.</returns>
    private static long Turn(Node node, Talkers talkers, int tick)
    {
        for (int m = 0; m < Talkers.Meetings; m++)
        {
            var pipeline = node.Pipelines[m];
            for (int talker = m * Talkers.TracksEach; talker < (m + 1) * Talkers.TracksEach; talker++)
                pipeline.Receive(talkers.Datagram(talker, tick), Sender, talkers.Arrival(talker, tick));
            pipeline.Commit();
        }
        long received = CpuClock.ThisThread;
        foreach (var pipeline in node.Pipelines) pipeline.Advance(Talkers.Tick * (tick + 1));
        long placed = CpuClock.ThisThread;
        if (tick % TicksAhead == 0) node.AwaitDisk();
        return placed - received;
    }
}
