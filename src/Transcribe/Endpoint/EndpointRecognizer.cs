using Microsoft.Extensions.Logging;
using Pipeline.Transcribe.Speech;
using Pipeline.Transcribe.Whisper;

namespace Pipeline.Transcribe.Endpoint;

/// <summary>
/// Speech recognised by another machine, over OpenAI's <c>/v1/audio/transcriptions</c>. It is asked with a moment of silence before it counts as
/// there, and again after growing pauses whenever it fails; meanwhile meetings keep what was said. One for the whole node.
/// </summary>
public sealed partial class EndpointRecognizer : ISpeechRecognizer, IAsyncDisposable
{
    /// <summary>Times one job is tried that the endpoint fails at while it is there.</summary>
    private const int MaxTries = 3;

    /// <summary>How often it is looked at how much the endpoint can do.</summary>
    private static readonly TimeSpan ObserveEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1), LongestPause = TimeSpan.FromSeconds(30);

    private readonly SpeechEndpointOptions options;
    private readonly TranscribeMetrics metrics;
    private readonly TimeProvider clock;
    private readonly ILogger logger;
    private readonly TranscriptionRequest requests;
    private readonly JobQueue queue;
    private readonly CancellationTokenSource stopping = new();
    private Task? running;
    private int disposed;

    /// <param name="handler">What requests go through; it follows no redirects. Disposed with this.</param>
    public EndpointRecognizer(SpeechEndpointOptions options, TranscribeMetrics metrics, HttpMessageHandler handler, TimeProvider clock, ILogger<EndpointRecognizer> logger)
    {
        (this.options, this.metrics, this.clock, this.logger) = (options, metrics, clock, logger);
        requests = new TranscriptionRequest(options, handler, clock);
        queue = new JobQueue((long)(options.MaxWaiting.TotalSeconds * SpeechJob.SampleRate), metrics, clock);
    }

    public RecognizerStatus Status { get; private set; } = new RecognizerStatus.Starting();
    public event Action<RecognizerStatus>? StatusChanged;
    public SpeechEngine? Engine { get; private set; }
    public SpeechEffort Effort => queue.Effort;

    /// <summary>Begins to ask whether the endpoint is there, in the background. Once; jobs may be given before.</summary>
    public void Start() => running ??= Task.Run(() => RunAsync(stopping.Token));

    public Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(job.Samples.Length, SpeechJob.MaxSamples);
        return job.Samples.IsEmpty
            ? Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Recognized([], job.Language))
            : queue.Add(job, cancellationToken);
    }

    /// <summary>Jobs without an answer come back as unavailable.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1) return;
        await stopping.CancelAsync();
        if (running is not null) await running;
        queue.Close("the server is stopping");
        queue.Dispose();
        requests.Dispose();
        stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var answer = await requests.SendAsync(TranscriptionRequest.Probe, patience: 1, stop);
                if (answer is EndpointAnswer.Heard)
                {
                    pause = FirstPause;
                    BecomeReady();
                    await ServeAsync(stop);
                    Become(new RecognizerStatus.Starting());                        // it failed: it is asked whether it is there
                    continue;
                }
                BecomeUnavailable(answer.Reason);
                await Task.Delay(answer.RetryAfter is { } wait && wait > pause ? wait : pause, clock, stop);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end of the server.
        }
    }

    /// <summary>Asks until the endpoint is not there any more.</summary>
    private async Task ServeAsync(CancellationToken stop)
    {
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(stop);
        List<Task> asked = [];
        await using var observing = clock.CreateTimer(_ => queue.Observe(), null, ObserveEvery, ObserveEvery);
        try
        {
            while (true)
            {
                asked.RemoveAll(task => task.IsCompletedSuccessfully);
                while (!serving.IsCancellationRequested && queue.TakeNext(options.AtOnce) is { } job) asked.Add(AnswerAsync(job, serving, stop));
                await queue.WaitForChangeAsync(serving.Token);
            }
        }
        catch (OperationCanceledException) when (serving.IsCancellationRequested)
        {
            await Task.WhenAll(asked);
        }
    }

    /// <summary>Never throws. A job whose answer does not come for want of the endpoint is its meeting's again, which asks once more later.</summary>
    private async Task AnswerAsync(PendingJob pending, CancellationTokenSource serving, CancellationToken stop)
    {
        // The queue's copy of the samples is the frame.
        var job = (WorkerMessage.Job)WorkerProtocol.Decode(pending.Frame[4..].ToArray());
        metrics.JobAsked();
        EndpointAnswer answer = new EndpointAnswer.Away("The server is stopping.");
        try
        {
            for (int tries = 1; tries <= MaxTries; tries++)
            {
                answer = await requests.SendAsync(job, job.Task.IsThorough ? DecodeBudget.ThoroughPatience : 1, stop);
                if (answer is not EndpointAnswer.Faulty || tries == MaxTries) break;
                await Task.Delay(FirstPause * tries, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // It is answered below: nobody waits for it.
        }
        switch (answer)
        {
            case EndpointAnswer.Heard heard:
                queue.Answer(pending.Id, heard.Outcome);
                break;
            case EndpointAnswer.Away away:
                queue.Answer(pending.Id, new RecognizeOutcome.Failed(away.Reason, CanRetry: true));
                await serving.CancelAsync();
                break;
            default:
                metrics.JobGivenUp();
                LogGivenUp(logger, (double)pending.SampleCount / SpeechJob.SampleRate, answer.Reason);
                queue.Answer(pending.Id, new RecognizeOutcome.Failed(answer.Reason, CanRetry: false));
                break;
        }
    }

    private void BecomeReady()
    {
        string host = new Uri(options.Url).Host;
        Engine = new SpeechEngine(host, options.Model, "");
        queue.Open();
        if (Status is not RecognizerStatus.Ready) LogReady(logger, host, options.Model);
        Become(new RecognizerStatus.Ready());
    }

    private void BecomeUnavailable(string reason)
    {
        if (Status is not RecognizerStatus.Unavailable) LogUnavailable(logger, reason, LongestPause.TotalSeconds);
        Become(new RecognizerStatus.Unavailable(reason));
        queue.Close(reason);   // last: who is answered that there is none finds the status saying so
    }

    private void Become(RecognizerStatus status)
    {
        if (status == Status) return;
        Status = status;
        StatusChanged?.Invoke(status);
    }
}
