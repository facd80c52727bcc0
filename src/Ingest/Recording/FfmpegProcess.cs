using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Pipeline.Ingest.Recording;

/// <summary>How an encoder's run ended.</summary>
/// <param name="Detail">What it said last; where it failed, why.</param>
public sealed record EncoderOutcome(bool Succeeded, string Detail);

/// <summary>Something that takes PCM and gives it back encoded.</summary>
public interface IEncoder : IAsyncDisposable
{
    /// <param name="pcm">Interleaved s16le, 48 kHz mono; the encoder is done with it when the task is.</param>
    /// <exception cref="IOException">It has exited.</exception>
    ValueTask WriteAsync(ReadOnlyMemory<byte> pcm, CancellationToken ct);
    /// <summary>What it makes, as it makes it; ends when it exits. Not read, it stops taking PCM. The encoder disposes it.</summary>
    Stream Output { get; }
    /// <summary>Ends the input and waits until it exits; after <paramref name="patience"/> it is killed. Somebody reads the output meanwhile.</summary>
    Task<EncoderOutcome> FinishAsync(TimeSpan patience);
}

/// <summary>One run of the `ffmpeg` program. It ends with its input, so it does not outlive a server that was killed.</summary>
public sealed class FfmpegProcess : IEncoder
{
    /// <summary>A program that neither takes nor gives anything for so long is stuck.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private const int Looks = 10;                                                    // in that time

    private readonly Process process;
    private readonly Task<string> said;
    private readonly Standstill standstill = new(Looks);
    private readonly PeriodicTimer? look;
    private readonly Task watching;
    private string? stuck;

    private FfmpegProcess(Process process, TimeSpan? patience)
    {
        this.process = process;
        said = KeepTailAsync(process.StandardError);
        look = patience is { } given ? new PeriodicTimer(given / Looks) : null;
        watching = look is null ? Task.CompletedTask : WatchAsync(look, patience!.Value);
    }

    internal int Id => process.Id;
    public Stream Output => process.StandardOutput.BaseStream;

    /// <returns>Null and why, where the program cannot be started.</returns>
    /// <param name="program">Found through PATH.</param>
    /// <param name="patience">Stuck for so long, it is killed; null: its owner watches it.</param>
    public static (FfmpegProcess? Process, string Detail) TryStart(IReadOnlyList<string> arguments, string program = "ffmpeg", TimeSpan? patience = null)
    {
        var info = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        try
        {
            return Process.Start(info) is { } started ? (new FfmpegProcess(started, patience), "") : (null, "ffmpeg did not start");
        }
        catch (Win32Exception e)
        {
            return (null, Missing(e.Message));
        }
    }

    /// <summary>What it calls itself, such as `ffmpeg 5.1.9-0+deb12u1`.</summary>
    /// <param name="program">Found through PATH.</param>
    public static async Task<string> VersionAsync(CancellationToken ct, string program = "ffmpeg")
    {
        using var said = new MemoryStream();
        await RunAsync(["-version"], null, said, ct, program);
        string[] words = Encoding.UTF8.GetString(said.ToArray()).Split(' ', 4);
        return words is ["ffmpeg", "version", var version, ..] ? $"ffmpeg {version}" : "ffmpeg";
    }

    /// <summary>Runs to the end without input.</summary>
    /// <param name="program">Found through PATH.</param>
    public static Task<EncoderOutcome> RunAsync(IReadOnlyList<string> arguments, CancellationToken ct, string program = "ffmpeg") =>
        RunAsync(arguments, null, Stream.Null, ct, program);

    /// <summary>The same behind everything else on the machine: it runs when nobody else wants the processor.</summary>
    /// <inheritdoc cref="RunAsync(IReadOnlyList{string}, Stream?, Stream, CancellationToken, string, TimeSpan?)"/>
    public static async Task<EncoderOutcome> RunGentlyAsync(
        IReadOnlyList<string> arguments, Stream? input, Stream output, CancellationToken ct, string program = "ffmpeg", TimeSpan? patience = null)
    {
        var outcome = await RunAsync(["-n", "19", program, .. arguments], input, output, ct, "nice", patience);
        return outcome is { Succeeded: false } && outcome.Detail.Contains("nice: ", StringComparison.Ordinal) ? new EncoderOutcome(false, Missing(outcome.Detail)) : outcome;
    }

    /// <summary>Runs to the end between two streams.</summary>
    /// <param name="input">What it reads on stdin; null: nothing.</param>
    /// <param name="output">Takes what it writes on stdout.</param>
    /// <param name="program">Found through PATH.</param>
    /// <param name="patience">Stuck for so long, it is killed; null: <see cref="Patience"/>.</param>
    /// <exception cref="IOException"><paramref name="input"/> cannot be read, or <paramref name="output"/> not be written; the program is killed.</exception>
    public static async Task<EncoderOutcome> RunAsync(
        IReadOnlyList<string> arguments, Stream? input, Stream output, CancellationToken ct, string program = "ffmpeg", TimeSpan? patience = null)
    {
        var (ffmpeg, detail) = TryStart(arguments, program, patience ?? Patience);
        if (ffmpeg is null) return new EncoderOutcome(false, detail);
        await using (ffmpeg)
        {
            var feeding = Task.Run(() => ffmpeg.FeedAsync(input, ct), ct);
            try
            {
                await ffmpeg.CopyOutputAsync(output, ct);
                await ffmpeg.process.WaitForExitAsync(ct);
            }
            finally
            {
                ffmpeg.Kill();
                await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            await feeding;
            return await ffmpeg.OutcomeAsync();
        }
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> pcm, CancellationToken ct)
    {
        standstill.Handed();
        try { await process.StandardInput.BaseStream.WriteAsync(pcm, ct); }
        finally { standstill.Taken(); }
    }

    /// <summary>Hands on what it makes, until it exits.</summary>
    /// <exception cref="IOException"><paramref name="output"/> cannot be written; the program is killed: it would wait for ever.</exception>
    public async Task CopyOutputAsync(Stream output, CancellationToken ct)
    {
        try
        {
            var buffer = new byte[1 << 16];
            for (int read; (read = await Output.ReadAsync(buffer, ct)) > 0;)
            {
                standstill.Made();
                await output.WriteAsync(buffer.AsMemory(0, read), ct);
                standstill.Stored();
            }
        }
        catch
        {
            Kill();
            throw;
        }
    }

    public async Task<EncoderOutcome> FinishAsync(TimeSpan patience)
    {
        EndInput();
        using var limit = new CancellationTokenSource(patience);
        try { await process.WaitForExitAsync(limit.Token); }
        catch (OperationCanceledException)
        {
            Kill();
            return new EncoderOutcome(false, $"ffmpeg did not finish within {patience.TotalSeconds:0} s");
        }
        return await OutcomeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        look?.Dispose();
        await watching;
        Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        EndInput();
        await Output.DisposeAsync();                                                 // whoever was given these must close them: the process does not
        process.StandardError.Dispose();
        process.Dispose();
    }

    private async Task WatchAsync(PeriodicTimer looking, TimeSpan patience)
    {
        while (await looking.WaitForNextTickAsync(CancellationToken.None))
        {
            if (!standstill.Look()) continue;
            stuck = $"ffmpeg did nothing for {patience.TotalSeconds:0} s";
            Kill();
            return;
        }
    }

    /// <exception cref="IOException">The input cannot be read.</exception>
    private async Task FeedAsync(Stream? input, CancellationToken ct)
    {
        try
        {
            var buffer = new byte[1 << 16];
            for (int read; input is not null && (read = await input.ReadAsync(buffer, ct)) > 0;)
            {
                try { await WriteAsync(buffer.AsMemory(0, read), ct); }
                catch (IOException) { return; }                                      // it exited; its status says why
            }
        }
        finally { EndInput(); }                                                      // also where reading failed: it must not wait for more
    }

    private static string Missing(string why) => $"ffmpeg cannot be started ({why}); install it, for example with: apt-get install ffmpeg";

    /// <summary>Nothing happens where it has exited.</summary>
    private void Kill()
    {
        try { process.Kill(); }
        catch (InvalidOperationException) { /* It is disposed. */ }
    }

    private void EndInput()
    {
        standstill.Handed();
        try { process.StandardInput.Close(); }
        catch (IOException) { /* It exited with input unread; its exit status says why. */ }
    }

    private async Task<EncoderOutcome> OutcomeAsync() => process.ExitCode == 0
        ? new EncoderOutcome(true, (await said).Trim())
        : new EncoderOutcome(false, stuck ?? $"ffmpeg ended with status {process.ExitCode}: {(await said).Trim()}");

    private static async Task<string> KeepTailAsync(StreamReader errors)
    {
        const int Kept = 2000;
        var buffer = new char[1024];
        string tail = "";
        try
        {
            for (int read; (read = await errors.ReadAsync(buffer)) > 0;)
            {
                tail += new string(buffer, 0, read);
                if (tail.Length > Kept) tail = tail[^Kept..];
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or IOException or OperationCanceledException)
        {
            // It was closed before its end: nobody asks any more.
        }
        return tail;
    }
}
