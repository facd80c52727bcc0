using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Benchmarks.Load;

/// <summary>This program once more, as the sender.</summary>
internal sealed class SenderProcess : IDisposable
{
    private readonly Process process;

    private SenderProcess(Process process) => this.process = process;

    /// <returns>It has its packets and waits.</returns>
    public static async Task<SenderProcess> StartAsync(SendPlan plan)
    {
        var info = new ProcessStartInfo(Environment.ProcessPath!, ["send", .. plan.ToArguments()]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var sender = new SenderProcess(Process.Start(info)!);
        string? said = await sender.process.StandardOutput.ReadLineAsync();
        return said == "ready" ? sender : throw new InvalidOperationException($"the sender said '{said}'");
    }

    public void Begin() => process.StandardInput.WriteLine();

    /// <returns>Packets sent by SSRC, once it has sent all.</returns>
    public async Task<IReadOnlyDictionary<uint, long>> FinishAsync()
    {
        var sent = new Dictionary<uint, long>();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            string[] parts = line.Split(' ');
            sent.Add(uint.Parse(parts[0], CultureInfo.InvariantCulture), long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? sent : throw new InvalidOperationException($"the sender ended with status {process.ExitCode}");
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
