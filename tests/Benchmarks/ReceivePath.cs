using System.Diagnostics;
using Pipeline.Ingest.Net;

namespace Pipeline.Benchmarks;

/// <summary>What one round cost. Times in nanoseconds of CPU unless they say wall.</summary>
/// <param name="Packets">Measured ones that arrived.</param>
/// <param name="Place">Of the loop's thread, for the recording tap; the process includes it.</param>
/// <param name="LoopAllocated">Bytes, on the loop's thread.</param>
/// <param name="ProcessAllocated">Bytes, on all threads.</param>
/// <param name="Sent">By the sender's own count, the warm-up included.</param>
/// <param name="Read">By the journals' files.</param>
internal sealed record Round(
    long Packets, long WallNs, long Process, long Loop, long Place, long LoopAllocated, long ProcessAllocated, long Sent, long Read, long FileBytes);

/// <summary>
/// Datagrams in memory → parsed, bound, sealed with AES-256-GCM in real files, counted, on the recording tap: as fast as it goes, on the
/// meetings' own clock of 20 ms ticks. The disk's threads are the product's and count.
/// </summary>
internal static class ReceivePath
{
    /// <summary>3 s of meeting until the recording's delay is filled, and every buffer has its size.</summary>
    private const int WarmUp = 150, Ticks = 1000;
    /// <summary>A writer keeps four blocks to use again; real ticks lie 20 ms apart and need one or two.</summary>
    private const int TicksAhead = 3;
    private static readonly PeerAddress Sender = new(0x7F000001, 40000, IsIPv4: true);

    public static async Task<Round> RunAsync(string folder)
    {
        await using var node = new Node(folder);
        var round = Measure(node, new Talkers());
        var (read, bytes) = await node.ReadBackAsync();
        return round with { Read = read, FileBytes = bytes };
    }

    private static Round Measure(Node node, Talkers talkers)
    {
        long sent = 0;
        for (int tick = 0; tick < WarmUp; tick++)
        {
            sent += Receive(node, talkers, tick);
            Advance(node, tick);
            if (tick % TicksAhead == 0) node.AwaitDisk();
        }
        node.AwaitDisk();

        long before = sent, place = 0;
        long wall = Stopwatch.GetTimestamp(), process = CpuClock.Process, loop = CpuClock.ThisThread;
        long allocated = GC.GetAllocatedBytesForCurrentThread(), allAllocated = GC.GetTotalAllocatedBytes(precise: true);
        for (int tick = WarmUp; tick < WarmUp + Ticks; tick++)
        {
            sent += Receive(node, talkers, tick);
            long received = CpuClock.ThisThread;
            Advance(node, tick);
            place += CpuClock.ThisThread - received;
            if (tick % TicksAhead == 0) node.AwaitDisk();
        }
        node.AwaitDisk();
        return new Round(
            sent - before, Stopwatch.GetElapsedTime(wall).Ticks * 100, CpuClock.Process - process, CpuClock.ThisThread - loop, place,
            GC.GetAllocatedBytesForCurrentThread() - allocated, GC.GetTotalAllocatedBytes(precise: true) - allAllocated, sent, Read: 0, FileBytes: 0);
    }

    private static int Receive(Node node, Talkers talkers, int tick)
    {
        int sent = 0;
        for (int m = 0; m < Talkers.Meetings; m++)
        {
            var pipeline = node.Pipelines[m];
            for (int talker = m * Talkers.TracksEach; talker < (m + 1) * Talkers.TracksEach; talker++)
            {
                if (!talkers.TryGet(talker, tick, out var datagram, out var arrival)) continue;
                pipeline.Receive(datagram, Sender, arrival);
                sent++;
            }
            pipeline.Commit();
        }
        return sent;
    }

    private static void Advance(Node node, int tick)
    {
        foreach (var pipeline in node.Pipelines) pipeline.Advance(Talkers.Tick * (tick + 1));
    }
}
