using Microsoft.Extensions.Logging;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>
/// Whisper in a process of its own, kept alive. A worker that dies is replaced, at first at once, then after growing pauses, and is
/// asked again what it had not answered. One for the whole node: the model is in memory once.
/// </summary>
public sealed partial class WhisperRecognizer : ISpeechRecognizer, IAsyncDisposable
{
    /// <summary>Starts in a row that never came to a loaded model, after which captions are called unavailable.</summary>
    private const int MaxFailedStarts = 5;

    private static readonly TimeSpan ObserveEvery = TimeSpan.FromSeconds(1);

    /// <summary>What the first worker is timed with: as long as what people often say at once.</summary>
    private const int CalibrationSamples = 4 * SpeechJob.SampleRate;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250), LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>A worker that lived this long was sound; its end is not part of a row of failures.</summary>
    private static readonly TimeSpan SoundLife = TimeSpan.FromSeconds(10);

    private readonly WhisperOptions options;
    private readonly TranscribeMetrics metrics;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly ModelDownload download;
    private readonly JobQueue queue;
    private readonly CancellationTokenSource stopping = new();
    private readonly ITimer observing;
    private Task? supervising;
    private int deathsInARow, disposed;

    /// <param name="downloads">Fetches a well-known model that is not on this machine; the caller owns it.</param>
    public WhisperRecognizer(
        WhisperOptions options, TranscribeMetrics metrics, HttpMessageHandler downloads, TimeProvider clock, ILogger<WhisperRecognizer> logger)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(options.Threads, Math.Clamp(options.Threads, 1, 256));
        this.options = options;
        this.metrics = metrics;
        this.clock = clock;
        this.logger = logger;
        download = new ModelDownload(downloads);
        queue = new JobQueue((long)(options.MaxWaiting.TotalSeconds * SpeechJob.SampleRate), metrics, clock);
        observing = clock.CreateTimer(_ => queue.Observe(), null, ObserveEvery, ObserveEvery);
    }

    public SpeechEffort Effort => queue.Effort;
    public RecognizerStatus Status { get; private set; } = new RecognizerStatus.Starting();
    public event Action<RecognizerStatus>? StatusChanged;
    public SpeechEngine? Engine { get; private set; }

    /// <summary>The worker of the moment; null while there is none.</summary>
    internal int? WorkerProcessId { get; private set; }

    /// <summary>Begins to look for the model and to start the worker, in the background. Once; jobs may be given before.</summary>
    public void Start() => supervising ??= Task.Run(() => SuperviseAsync(stopping.Token));

    public Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(job.Samples.Length, SpeechJob.MaxSamples);
        return job.Samples.IsEmpty
            ? Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Recognized([], job.Language))
            : queue.Add(job, cancellationToken);
    }

    /// <summary>Ends the worker. Jobs without an answer come back as unavailable.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1) return;
        await observing.DisposeAsync();
        await stopping.CancelAsync();
        if (supervising is not null) await supervising;
        queue.Close("the server is stopping");
        queue.Dispose();
        stopping.Dispose();
    }

    private async Task SuperviseAsync(CancellationToken stop)
    {
        try
        {
            if (await FindModelAsync(stop) is not { } path) return;
            string hash = await ModelFile.HashAsync(path, stop);

            int failedStarts = 0;
            while (true)
            {
                switch (await RunWorkerAsync(path, hash, stop))
                {
                    case WorkerEnd.Refused(var reason):
                        BecomeUnavailable(reason);             // starting it again would change nothing
                        return;
                    case WorkerEnd.NeverReady(var how) when ++failedStarts >= MaxFailedStarts:
                        BecomeUnavailable($"The speech worker does not start ({how}).");
                        break;
                    case WorkerEnd.Died:
                        failedStarts = 0;
                        Become(new RecognizerStatus.Starting());
                        break;
                }
                await Task.Delay(NextPause(), clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end of the server, not of the worker.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            BecomeUnavailable($"The speech model cannot be read ({e.Message}).");
        }
    }

    private async Task<string?> FindModelAsync(CancellationToken stop)
    {
        var model = ModelFile.Resolve(options.Model, options.ModelFolder);
        if (model is ModelFile.Fetchable fetchable)
        {
            LogFetching(logger, fetchable.Name, 0);
            model = await download.FetchAsync(fetchable, part => LogFetching(logger, fetchable.Name, (int)(100 * part)), stop);
        }
        if (model is ModelFile.Missing missing) BecomeUnavailable(missing.Reason);
        return (model as ModelFile.Found)?.Path;
    }

    /// <summary>One worker's life.</summary>
    private async Task<WorkerEnd> RunWorkerAsync(string path, string hash, CancellationToken stop)
    {
        metrics.WorkerStarted();
        using var timeout = new CancellationTokenSource(options.StartTimeout, clock);
        using var starting = CancellationTokenSource.CreateLinkedTokenSource(stop, timeout.Token);
        try
        {
            await using var worker = await WorkerProcess.StartAsync(path, options.Threads, options.UseGpu, starting.Token);
            switch (await worker.ReadAsync(starting.Token))
            {
                case WorkerMessage.Ready ready:
                    await CalibrateAsync(worker, starting.Token);
                    WorkerProcessId = worker.ProcessId;
                    BecomeReady(new SpeechEngine(ready.Engine, Path.GetFileName(path), hash), ready.Threads);
                    long begun = clock.GetTimestamp();
                    await ServeAsync(worker, ready.Threads, stop);
                    if (clock.GetElapsedTime(begun) > SoundLife) deathsInARow = 0;
                    WorkerProcessId = null;
                    await AskAgainAsync(worker, stop);
                    return new WorkerEnd.Died();
                case WorkerMessage.Refused refused:
                    return new WorkerEnd.Refused(refused.Reason);
                default:
                    worker.Kill();
                    return new WorkerEnd.NeverReady(await worker.DescribeEndAsync(stop));
            }
        }
        catch (IOException e)
        {
            return new WorkerEnd.NeverReady(e.Message);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return new WorkerEnd.NeverReady($"its model was not loaded after {options.StartTimeout.TotalSeconds:F0} s");
        }
    }

    /// <summary>The first worker is timed before anybody asks it; a later one need not be, for what it costs is known from all before it.</summary>
    private async Task CalibrateAsync(WorkerProcess worker, CancellationToken starting)
    {
        if (queue.KnowsCost) return;
        long begun = clock.GetTimestamp();
        await worker.WriteAsync(WorkerProtocol.Encode(new WorkerMessage.Job(0, new DecodeTask("en", null, Translate: false, IsThorough: false), new float[CalibrationSamples])), starting);
        if (await worker.ReadAsync(starting) is WorkerMessage.Answer) queue.LearnCost(CalibrationSamples, clock.GetElapsedTime(begun));
    }

    /// <summary>Asks and listens until the worker is gone.</summary>
    private async Task ServeAsync(WorkerProcess worker, int threads, CancellationToken stop)
    {
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var sending = SendAsync(worker, threads, serving.Token);
        var watching = WatchAsync(worker, serving.Token);
        try
        {
            while (await worker.ReadAsync(stop) is { } message)
            {
                switch (message)
                {
                    case WorkerMessage.Answer answer:
                        deathsInARow = 0;
                        queue.Answer(answer.Id, new RecognizeOutcome.Recognized(answer.Words, answer.Language));
                        break;
                    case WorkerMessage.Failure failure:
                        if (!failure.CanRetry) metrics.JobGivenUp();
                        queue.Answer(failure.Id, new RecognizeOutcome.Failed(failure.Reason, failure.CanRetry));
                        break;
                }
            }
        }
        finally
        {
            await serving.CancelAsync();
            await Task.WhenAll(sending, watching);
        }
    }

    private async Task SendAsync(WorkerProcess worker, int threads, CancellationToken serving)
    {
        try
        {
            while (true)
            {
                while (queue.TakeNext(threads) is { } job)
                {
                    await worker.WriteAsync(job.Frame, serving);
                    metrics.JobAsked();
                }
                await queue.WaitForChangeAsync(serving);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The worker is gone, which the reader sees too.
        }
    }

    /// <summary>A decode that never ends looks like a busy worker from outside; only time tells.</summary>
    private async Task WatchAsync(WorkerProcess worker, CancellationToken serving)
    {
        using var tick = new PeriodicTimer(ObserveEvery, clock);
        try
        {
            while (await tick.WaitForNextTickAsync(serving))
            {
                if (queue.Stuck(options.JobTimeout) is not { } since) continue;
                LogStuck(logger, since.TotalSeconds);
                worker.Kill();
                return;
            }
        }
        catch (OperationCanceledException)
        {
            // Somebody else ended it.
        }
    }

    private async Task AskAgainAsync(WorkerProcess worker, CancellationToken stop)
    {
        worker.Kill();                                         // its socket is gone: whatever it still does is for nobody
        deathsInARow++;
        var (again, givenUp) = queue.WorkerDied();
        foreach (var job in givenUp) LogGivenUp(logger, (double)job.SampleCount / SpeechJob.SampleRate);
        LogWorkerEnded(logger, await worker.DescribeEndAsync(stop), again);
    }

    private TimeSpan NextPause()
    {
        if (deathsInARow == 1) return TimeSpan.Zero;
        var pause = FirstPause * Math.Pow(2, Math.Clamp(deathsInARow - 2, 0, 10));
        return Status is RecognizerStatus.Unavailable || pause > LongestPause ? LongestPause : pause;
    }

    private void BecomeReady(SpeechEngine engine, int threads)
    {
        Engine = engine;
        queue.Open();
        LogReady(logger, engine.Name, engine.Model, threads);
        Become(new RecognizerStatus.Ready());
    }

    private void BecomeUnavailable(string reason)
    {
        if (Status is not RecognizerStatus.Unavailable) LogUnavailable(logger, reason);
        Become(new RecognizerStatus.Unavailable(reason));
        queue.Close(reason);   // last: who is answered that there is none finds the status saying so
    }

    private void Become(RecognizerStatus status)
    {
        if (status == Status) return;
        Status = status;
        StatusChanged?.Invoke(status);
    }

    /// <summary>How a worker's life ended.</summary>
    private abstract record WorkerEnd
    {
        /// <summary>After it had been ready.</summary>
        public sealed record Died : WorkerEnd;
        public sealed record NeverReady(string How) : WorkerEnd;
        public sealed record Refused(string Reason) : WorkerEnd;
    }
}
