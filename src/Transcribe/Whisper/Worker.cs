using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// The worker process: runs the model apart from the recorder, so a crash or a runaway decode costs no recording. It lives exactly as
/// long as its socket: when the server goes, however it goes, the worker goes too.
/// </summary>
internal sealed partial class Worker
{
    /// <summary>Media and FFmpeg go first; captions may be late.</summary>
    private const int LowPriority = 10;

    /// <summary>Exit status.</summary>
    private const int NoMemory = 3;

    private readonly string modelPath;
    private readonly int threads;
    private readonly bool useGpu;
    private readonly NetworkStream socket;
    private readonly Lock writing = new();
    private readonly BlockingCollection<WorkerMessage.Job> jobs = [];

    private Worker(NetworkStream socket, string modelPath, int threads, bool useGpu)
    {
        this.socket = socket;
        this.modelPath = modelPath;
        this.threads = threads;
        this.useGpu = useGpu;
    }

    /// <summary><c>--socket PATH --model PATH --threads N [--gpu 1]</c>.</summary>
    public static int Run(string[] args)
    {
        if (!TryParse(args, out var options))
        {
            Console.Error.WriteLine("usage: pipeline-transcribe --socket PATH --model PATH --threads N [--gpu 1]   (the server starts it; it is not for hands)");
            return 2;
        }
        _ = setsid();                                              // Ctrl-C at the server's terminal is the server's to act on
        LowerPriority();

        using var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            connection.Connect(new UnixDomainSocketEndPoint(options.Socket));
        }
        catch (SocketException)
        {
            return 1;                                              // the server is gone already
        }
        new Worker(new NetworkStream(connection, ownsSocket: false), options.Model, options.Threads, options.UseGpu).Serve();
        return 0;
    }

    /// <summary>The main thread only reads, so the end of the socket is seen at once, also while the model is loading or running.</summary>
    private void Serve()
    {
        StartThread(LoadAndCompute);
        try
        {
            while (WorkerProtocol.ReadAsync(socket, CancellationToken.None).AsTask().GetAwaiter().GetResult() is WorkerMessage.Job job)
                jobs.Add(job);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OutOfMemoryException)
        {
            // A server that speaks another language is as good as none, and a worker without memory is none.
        }
        // Not a return: native threads may be inside the model, and nothing here is worth waiting for.
        _exit(0);
    }

    private void LoadAndCompute()
    {
        if (Load(out string reason) is not { } model)
        {
            Send(new WorkerMessage.Refused(reason));
            return;
        }
        var states = new WhisperState[threads];
        for (int n = 0; n < threads; n++) states[n] = new WhisperState(model);
        Send(new WorkerMessage.Ready($"whisper.cpp {LibWhisper.EngineVersion()}", threads));

        foreach (var state in states[1..]) StartThread(() => Compute(state));
        Compute(states[0]);
    }

    private WhisperModel? Load(out string reason)
    {
        try
        {
            var model = WhisperModel.TryLoad(modelPath, useGpu, out string error);
            reason = $"{modelPath} cannot be loaded as a Whisper model ({error}).";
            return model;
        }
        catch (DllNotFoundException)
        {
            reason = $"The speech engine {LibWhisper.LibraryPath()} is not there; run `make setup`.";
            return null;
        }
    }

    private void Compute(WhisperState state)
    {
        foreach (var job in jobs.GetConsumingEnumerable())
        {
            Send(state.Run(job.Samples.Span, job.Task) switch
            {
                RecognizeOutcome.Recognized recognized => new WorkerMessage.Answer(job.Id, recognized.Language, recognized.Words),
                RecognizeOutcome.Failed failed => new WorkerMessage.Failure(job.Id, failed.Reason, failed.CanRetry),
                var other => new WorkerMessage.Failure(job.Id, other.ToString(), CanRetry: false),
            });
        }
    }

    private void Send(WorkerMessage message)
    {
        byte[] frame = WorkerProtocol.Encode(message);
        try
        {
            lock (writing) socket.Write(frame);
        }
        catch (IOException)
        {
            // The reading thread sees the same end, and ends the process.
        }
    }

    /// <summary>Without memory the process ends at once: another one begins with less, and the runtime's own last words take memory too.</summary>
    private static void StartThread(Action body) => new Thread(() =>
    {
        try
        {
            body();
        }
        catch (OutOfMemoryException)
        {
            _exit(NoMemory);
        }
    })
    { IsBackground = true }.Start();

    private sealed record Options(string Socket, string Model, int Threads, bool UseGpu);

    private static bool TryParse(string[] args, [NotNullWhen(true)] out Options? options)
    {
        options = null;
        string? socket = null, model = null;
        int threads = 0;
        bool useGpu = false;
        for (int n = 0; n + 1 < args.Length; n += 2)
        {
            switch (args[n])
            {
                case "--socket": socket = args[n + 1]; break;
                case "--model": model = args[n + 1]; break;
                case "--threads" when int.TryParse(args[n + 1], out threads): break;
                case "--gpu": useGpu = args[n + 1] == "1"; break;
                default: return false;
            }
        }
        if (socket is null || model is null || threads is < 1 or > 256) return false;
        options = new Options(socket, model, threads, useGpu);
        return true;
    }

    /// <summary>Linux keeps a priority for each thread; those of the runtime are there already, later ones inherit.</summary>
    private static void LowerPriority()
    {
        foreach (string task in Directory.EnumerateDirectories("/proc/self/task"))
            if (int.TryParse(Path.GetFileName(task), out int id)) _ = setpriority(0, id, LowPriority);
    }

    [LibraryImport("libc")]
    private static partial int setsid();
    [LibraryImport("libc")]
    private static partial int setpriority(int which, int who, int priority);
    [LibraryImport("libc")]
    private static partial void _exit(int status);
}
