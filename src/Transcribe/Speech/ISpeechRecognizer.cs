namespace Pipeline.Transcribe.Speech;

/// <summary>Turns one stretch of speech into words. The real one is <c>WhisperRecognizer</c>; tests use a script.</summary>
public interface ISpeechRecognizer
{
    RecognizerStatus Status { get; }

    /// <summary>How much may be asked for at present; to be looked at again every second.</summary>
    SpeechEffort Effort => SpeechEffort.Full;

    /// <summary>Raised after each change, on any thread. Handlers must not block.</summary>
    event Action<RecognizerStatus>? StatusChanged;

    /// <summary>What recognises, for the transcript's provenance; null until it has been ready once.</summary>
    SpeechEngine? Engine { get; }

    /// <summary>
    /// Never throws for what the world does, only <see cref="OperationCanceledException"/> and for a job out of range.
    /// The job's samples are read before the returned task is; they are the caller's again when this method returns.
    /// </summary>
    Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken);
}

/// <summary>What to recognise.</summary>
/// <param name="Samples">16 kHz mono, −1 … 1; at most <see cref="MaxSamples"/>.</param>
/// <param name="Language">ISO 639-1, such as <c>en</c>; a region after it (<c>en-GB</c>) is ignored; <c>auto</c>: to be found out.</param>
/// <param name="Prompt">Text that went before, or names to expect; null for none.</param>
public sealed record SpeechJob(ReadOnlyMemory<float> Samples, string Language, string? Prompt = null)
{
    public const int SampleRate = 16_000;

    /// <summary>One window of the model, 30 s. Whatever is beyond it the engine would silently ignore.</summary>
    public const int MaxSamples = 30 * SampleRate;

    /// <summary>Of something that is still being said: goes after everything else, is dropped where it would come late, and never asked twice.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Of something said long ago: goes after everything else, and never takes the last thread.</summary>
    public bool IsBackground { get; init; }

    /// <summary>Of something said a while ago that people still wait for: goes after what is being said, and never takes the last thread.</summary>
    public bool IsLate { get; init; }

    /// <summary>How long its answer may take before it comes back as <see cref="RecognizeOutcome.TooLate"/>; null: as long as it takes. A partial's is the recognizer's to choose.</summary>
    public TimeSpan? MaxWait { get; init; }

    /// <summary>How long ago it was said when it was asked for. Where not everything can be live, what has waited the longest is given up first.</summary>
    public TimeSpan Age { get; init; }
    /// <summary>As well as the engine can, at several times the cost.</summary>
    public bool IsThorough { get; init; }

    /// <summary>The words are to be English, whatever is spoken.</summary>
    public bool Translate { get; init; }

    /// <summary>Whose job it is: sources take turns. Null: nobody's in particular.</summary>
    public SpeechSource? Source { get; init; }
}

/// <summary>One meeting, to the recognizer.</summary>
public sealed class SpeechSource
{
    /// <summary>How much of the engine it had, for each rank of jobs; the recognizer's, under its lock.</summary>
    internal double[] Had { get; } = new double[Enum.GetValues<Whisper.JobRank>().Length];
}

/// <summary>One word; times since the job's first sample.</summary>
/// <param name="Confidence">0 … 1: geometric mean over the word's tokens.</param>
public sealed record SpokenWord(string Text, TimeSpan Start, TimeSpan End, double Confidence);

/// <summary>What became of a job.</summary>
public abstract record RecognizeOutcome
{
    private RecognizeOutcome() { }

    /// <summary>In order of time; empty where the model heard nothing.</summary>
    /// <param name="Language">ISO 639-1: as asked, or as found out.</param>
    public sealed record Recognized(IReadOnlyList<SpokenWord> Words, string Language) : RecognizeOutcome;

    /// <param name="CanRetry">True where the same job may succeed later; false where the job itself is at fault.</param>
    public sealed record Failed(string Reason, bool CanRetry) : RecognizeOutcome;

    /// <summary>Its turn did not come in the time it had: there is more than can be done. To be asked again as one that is late.</summary>
    public sealed record TooLate : RecognizeOutcome;

    /// <summary>There is no engine at present; ask again when the status says <see cref="RecognizerStatus.Ready"/>.</summary>
    public sealed record Unavailable(string Reason) : RecognizeOutcome;
}

/// <param name="Name">The engine with its version, such as <c>whisper.cpp 1.9.1</c>.</param>
/// <param name="Model">The model's file name.</param>
/// <param name="Sha256">Of the model file, lower-case hexadecimal.</param>
public sealed record SpeechEngine(string Name, string Model, string Sha256);

/// <summary>Whether speech can be recognised at present.</summary>
public abstract record RecognizerStatus
{
    private RecognizerStatus() { }

    /// <summary>Jobs are taken and wait.</summary>
    public sealed record Starting : RecognizerStatus;

    public sealed record Ready : RecognizerStatus;

    /// <param name="Reason">One sentence for the operator: what is wrong and what would help.</param>
    public sealed record Unavailable(string Reason) : RecognizerStatus;
}
