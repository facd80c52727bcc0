using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>Which jobs go before which.</summary>
internal enum JobRank { Final, Partial, Late, Background }

/// <summary>One job with its frame, ready to send as often as it takes.</summary>
internal sealed class PendingJob
{
    private readonly TaskCompletionSource<RecognizeOutcome> outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration registration;

    public PendingJob(long id, SpeechJob job)
    {
        Id = id;
        Rank = job.IsPartial ? JobRank.Partial : job.IsBackground ? JobRank.Background : job.IsLate ? JobRank.Late : JobRank.Final;
        Source = job.Source;
        Age = job.Age;
        MaxWait = job.IsPartial ? JobQueue.MaxPartialWait : job.MaxWait;
        SampleCount = job.Samples.Length;
        Patience = job.IsThorough ? DecodeBudget.ThoroughPatience : 1;
        Frame = WorkerProtocol.Encode(new WorkerMessage.Job(id, new DecodeTask(job.Language.Split('-')[0].ToLowerInvariant(), job.Prompt, job.Translate, job.IsThorough), job.Samples));
        Place = new LinkedListNode<PendingJob>(this);
    }

    public long Id { get; }
    public JobRank Rank { get; }
    public bool IsPartial => Rank == JobRank.Partial;
    public SpeechSource? Source { get; }
    /// <summary>When it was asked for.</summary>
    public TimeSpan Age { get; }
    /// <summary>Null: it is never too late.</summary>
    public TimeSpan? MaxWait { get; }
    public int SampleCount { get; }
    /// <summary>How many times as long as another job it may take.</summary>
    public int Patience { get; }
    public ReadOnlyMemory<byte> Frame { get; }
    public Task<RecognizeOutcome> Outcome => outcome.Task;

    // The rest is the queue's, under its lock.
    public LinkedListNode<PendingJob> Place { get; }
    public long AddedAt { get; init; }
    public long AskedAt { get; set; }
    /// <summary>Workers that died while they had this job.</summary>
    public int Deaths { get; set; }

    public void CancelOn(Action<PendingJob> forget, CancellationToken cancellationToken) =>
        registration = cancellationToken.UnsafeRegister(_ =>
        {
            if (outcome.TrySetCanceled(cancellationToken)) forget(this);
        }, null);

    public void Complete(RecognizeOutcome value)
    {
        outcome.TrySetResult(value);
        registration.Dispose();
    }
}
