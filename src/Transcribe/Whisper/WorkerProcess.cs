using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// The server's end of one worker process. The socket lies in a folder that only this user can enter and is unlinked once the worker
/// has connected: nobody else ever gets through to it.
/// </summary>
internal sealed class WorkerProcess : IAsyncDisposable
{
    /// <summary>How long a worker may take to go by itself once its socket is closed.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    /// <summary>The kernel's limit for a socket's path is 108 bytes.</summary>
    private const int MaxSocketPath = 100;

    private readonly Process process;
    private readonly NetworkStream stream;
    private readonly Task<string> lastWords;

    private WorkerProcess(Process process, NetworkStream stream, Task<string> lastWords)
    {
        this.process = process;
        this.stream = stream;
        this.lastWords = lastWords;
    }

    public int ProcessId => process.Id;

    /// <summary>Starts a worker and waits until it has connected; the model is not loaded yet.</summary>
    /// <exception cref="IOException">It could not be started, or died first; the message says what it said last.</exception>
    public static async Task<WorkerProcess> StartAsync(string modelPath, int threads, bool useGpu, CancellationToken cancellationToken)
    {
        string folder = CreatePrivateFolder();
        try
        {
            string path = Path.Combine(folder, "s");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(1);

            var process = Start(path, modelPath, threads, useGpu);
            var lastWords = ReadLastLineAsync(process.StandardError);
            try
            {
                return new WorkerProcess(process, await AcceptAsync(listener, process, lastWords, cancellationToken), lastWords);
            }
            catch
            {
                Kill(process);
                process.Dispose();
                throw;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The next message; null once the worker is gone. One that sends something else is as good as gone, and is ended.</summary>
    public async ValueTask<WorkerMessage?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await WorkerProtocol.ReadAsync(stream, cancellationToken);
        }
        catch (InvalidDataException)
        {
            Kill();
            return null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <param name="frame">One whole frame. One caller at a time.</param>
    public ValueTask WriteAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken) => stream.WriteAsync(frame, cancellationToken);

    /// <summary>Ends it at once; the reader then sees the end of the socket.</summary>
    public void Kill() => Kill(process);

    /// <summary>How it ended, in words for a log.</summary>
    public async Task<string> DescribeEndAsync(CancellationToken cancellationToken)
    {
        await process.WaitForExitAsync(cancellationToken);
        string said = await lastWords;
        string how = process.ExitCode > 128 ? $"signal {process.ExitCode - 128}" : $"exit code {process.ExitCode}";
        return said.Length == 0 ? how : $"{how}: {said}";
    }

    /// <summary>Closing the socket is what ends a worker; the kill is for one that does not look.</summary>
    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        using var patience = new CancellationTokenSource(Farewell);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            await process.WaitForExitAsync(CancellationToken.None);
        }
        process.Dispose();
    }

    private static Process Start(string socketPath, string modelPath, int threads, bool useGpu)
    {
        var start = new ProcessStartInfo(DotnetHost())
        {
            UseShellExecute = false,
            RedirectStandardInput = true,      // the terminal's is not for it
            RedirectStandardError = true,
            ArgumentList =
            {
                "exec", typeof(WorkerProcess).Assembly.Location,
                "--socket", socketPath, "--model", modelPath, "--threads", threads.ToString(), "--gpu", useGpu ? "1" : "0",
            },
            Environment = { ["DOTNET_gcServer"] = "0", ["DOTNET_EnableDiagnostics"] = "0" },
        };
        try
        {
            var process = Process.Start(start) ?? throw new IOException("The speech worker did not start.");
            process.StandardInput.Close();
            return process;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new IOException($"The speech worker {start.FileName} did not start ({e.Message}).", e);
        }
    }

    /// <summary>The <c>dotnet</c> that runs this process: <c>…/shared/Microsoft.NETCore.App/VERSION/</c> lies three folders below it.</summary>
    private static string DotnetHost()
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return File.Exists(host) ? host : "dotnet";
    }

    private static async Task<NetworkStream> AcceptAsync(Socket listener, Process process, Task<string> lastWords, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var accepted = listener.AcceptAsync(either.Token).AsTask();
        var exited = process.WaitForExitAsync(either.Token);
        if (await Task.WhenAny(accepted, exited) == accepted)
        {
            var socket = await accepted;
            await either.CancelAsync();
            return new NetworkStream(socket, ownsSocket: true);
        }
        cancellationToken.ThrowIfCancellationRequested();
        await either.CancelAsync();
        throw new IOException($"The speech worker ended before it had connected ({await lastWords}).");
    }

    private static string CreatePrivateFolder()
    {
        string name = $"pipeline-{Guid.NewGuid().ToString("N")[..12]}";
        string folder = Path.Combine(Path.GetTempPath(), name);
        if (folder.Length > MaxSocketPath - 2) folder = Path.Combine("/tmp", name);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private static async Task<string> ReadLastLineAsync(StreamReader reader)
    {
        string last = "";
        while (await reader.ReadLineAsync() is { } line)
            if (line.Length > 0) last = line;
        return last;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has gone by itself.
        }
    }
}
