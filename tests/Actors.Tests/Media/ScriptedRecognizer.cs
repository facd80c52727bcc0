using System.Collections.Concurrent;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Actors.Tests.Media;

/// <summary>Hears one word in every job, as long as the job; waits while the test says so.</summary>
internal sealed class ScriptedRecognizer : ISpeechRecognizer
{
    private volatile TaskCompletionSource open = Opened();

    public RecognizerStatus Status { get; } = new RecognizerStatus.Ready();
    public event Action<RecognizerStatus>? StatusChanged { add { } remove { } }
    public SpeechEngine? Engine { get; } = new("scripted", "none", "00");
    /// <summary>Lengths of the jobs that were asked for, seconds.</summary>
    public ConcurrentQueue<double> Asked { get; } = new();
    /// <summary>What is spoken, where it is to be found out.</summary>
    public string Language { get; set; } = "en";
    public ConcurrentQueue<SpeechJob> Jobs { get; } = new();
    /// <summary>Completes with the first job.</summary>
    public TaskCompletionSource First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Hold() => open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    public void GoOn() => open.TrySetResult();

    public async Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken)
    {
        var length = TimeSpan.FromSeconds((double)job.Samples.Length / SpeechJob.SampleRate);
        Asked.Enqueue(length.TotalSeconds);
        Jobs.Enqueue(job with { Samples = default });
        First.TrySetResult();
        await open.Task.WaitAsync(cancellationToken);
        var margin = TimeSpan.FromMilliseconds(250);                                 // an utterance has some silence around it
        return new RecognizeOutcome.Recognized([new SpokenWord("word", margin, length - margin, 0.9)], Language);
    }

    private static TaskCompletionSource Opened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
