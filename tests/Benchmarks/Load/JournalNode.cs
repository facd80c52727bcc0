using System.Diagnostics;
using System.Globalization;
using System.Net;
using Pipeline.Ingest.Net;

namespace Pipeline.Benchmarks.Load;

/// <summary>
/// The journal alone: the server's own loops, sockets, receive path and encrypted files, without mix, levels, captions and HTTP, as a program of its own. Says its ports,
/// and at a line on its standard input how many packets are in its files.
/// </summary>
internal static class JournalNode
{
    public static async Task RunAsync(string folder)
    {
        await using var node = new Node(folder);
        using var scheduler = new MediaScheduler(Environment.ProcessorCount);
        var began = BootClock.Now;
        var loops = new MediaLoop[Talkers.Meetings];
        for (int m = 0; m < loops.Length; m++)
        {
            loops[m] = new MediaLoop(Bind(), Bind(), node.Pipelines[m], node.Journals[m], began);
            scheduler.Add(loops[m]);
        }
        Console.WriteLine(string.Join(',', loops.Select(loop => loop.Port)));
        Console.ReadLine();
        foreach (var loop in loops)
        {
            await scheduler.RemoveAsync(loop);
            loop.Dispose();
        }
        Console.WriteLine(await node.ReadBackAsync());
    }

    private static UdpReceiver Bind() => UdpReceiver.TryBind(IPAddress.Loopback, 0) ?? throw new InvalidOperationException("no port is free");
}

/// <summary>This program once more, as a node that only keeps journals.</summary>
internal sealed class JournalProcess : IDisposable
{
    private readonly Process process;

    private JournalProcess(Process process, int[] ports) => (this.process, Ports) = (process, ports);

    public int[] Ports { get; }
    public double Cpu => ProcessUse.Cpu(process.Id);

    public static async Task<JournalProcess> StartAsync(string folder)
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["journal", folder]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        string said = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the journal's node did not start");
        return new JournalProcess(process, [.. said.Split(',').Select(port => int.Parse(port, CultureInfo.InvariantCulture))]);
    }

    /// <returns>Packets in its files.</returns>
    public async Task<long> FinishAsync()
    {
        await process.StandardInput.WriteLineAsync();
        return long.Parse(await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("the journal's node failed"), CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
