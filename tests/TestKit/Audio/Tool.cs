using System.Diagnostics;

namespace Pipeline.TestKit.Audio;

/// <summary>Runs a program of FFmpeg's to its end.</summary>
public static class Tool
{
    /// <returns>All of its standard output.</returns>
    /// <exception cref="InvalidOperationException">It failed; the message is what it said on standard error.</exception>
    public static async Task<byte[]> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        try
        {
            process.StandardInput.Close();
            var said = process.StandardError.ReadToEndAsync(ct);
            using var output = new MemoryStream();
            await process.StandardOutput.BaseStream.CopyToAsync(output, ct);
            await process.WaitForExitAsync(ct);
            if (process.ExitCode != 0) throw new InvalidOperationException($"{program} failed: {(await said).Trim()}");
            return output.ToArray();
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}
