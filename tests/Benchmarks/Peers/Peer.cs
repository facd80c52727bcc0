using System.Diagnostics;

namespace Pipeline.Benchmarks.Peers;

/// <summary>Other programs that do the same.</summary>
internal static class Peer
{
    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Starts one whose words go into a file.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, string log)
    {
        // Through the shell for its redirection only.
        var info = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" > \"$log\" 2>&1 < /dev/null", "sh", log, program, .. arguments]);
        return Process.Start(info) ?? throw new InvalidOperationException($"{program} did not start");
    }

    /// <summary>Asks it to end in order.</summary>
    /// <param name="signal">"INT", "TERM".</param>
    public static async Task EndAsync(Process process, string signal)
    {
        if (process.HasExited) return;
        using (var kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"])) await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try { await process.WaitForExitAsync(limit.Token); }
        catch (OperationCanceledException) { process.Kill(); }
    }
}
