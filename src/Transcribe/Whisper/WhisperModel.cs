using System.Runtime.InteropServices;
using System.Text;
using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Whisper;

/// <summary>A model in memory. Read-only once loaded: its states may run on different threads at the same time.</summary>
internal sealed class WhisperModel : SafeHandle
{
    private WhisperModel(nint model) : base(0, ownsHandle: true) => SetHandle(model);

    /// <summary>The model, or the engine's own word on why the file is none.</summary>
    /// <exception cref="DllNotFoundException">The engine is not built; <see cref="LibWhisper.LibraryPath"/> is where it should be.</exception>
    public static WhisperModel? TryLoad(string path, bool useGpu, out string error)
    {
        error = "";
        if (LibWhisper.LibraryLayout() != LibWhisper.Layout)
        {
            error = "the speech engine was built for another version; run `make setup`";
            return null;
        }
        nint model = LibWhisper.ModelLoad(path, useGpu ? 1 : 0);
        if (model != 0) return new WhisperModel(model);

        error = LibWhisper.LastError();
        return null;
    }

    /// <summary>Positions of 20 ms which the encoder has; 1500 for every Whisper model so far.</summary>
    public int AudioContext => LibWhisper.ModelAudioContext(handle);

    public nint Pointer => handle;
    public override bool IsInvalid => handle == 0;
    protected override bool ReleaseHandle() { LibWhisper.ModelFree(handle); return true; }
}

/// <summary>How one job is decoded.</summary>
/// <param name="Language">ISO 639-1, or <c>auto</c>.</param>
/// <param name="Translate">To English.</param>
/// <param name="IsThorough">As well as the model can, at several times the cost: nobody waits for it.</param>
internal readonly record struct DecodeTask(string Language, string? Prompt, bool Translate, bool IsThorough);

/// <summary>What one thread needs to run a model: hundreds of megabytes for a large one, so it is made once and used again.</summary>
internal sealed unsafe class WhisperState : IDisposable
{
    /// <summary>The engine hears nothing at all in much less, so shorter speech is followed by silence.</summary>
    private const int MinSamples = SpeechJob.SampleRate;

    /// <summary>Whisper's text window; no answer is longer.</summary>
    private const int MaxTokens = 448;
    private const int MaxTextBytes = MaxTokens * 64;

    private readonly WhisperModel model;
    private readonly float[] samples = new float[SpeechJob.MaxSamples];
    private readonly LibWhisper.Token[] tokens = new LibWhisper.Token[MaxTokens];
    private readonly byte[] text = new byte[MaxTextBytes];
    private nint state;

    /// <exception cref="InsufficientMemoryException">The engine could not get what a state takes.</exception>
    public WhisperState(WhisperModel model)
    {
        this.model = model;
        Renew();
    }

    /// <summary>Blocks for as long as the model takes. After any failure the state is a new one: what a failed run leaves is not known.</summary>
    public RecognizeOutcome Run(ReadOnlySpan<float> speech, DecodeTask task)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(speech.Length, SpeechJob.MaxSamples);
        int window = task.IsThorough ? model.AudioContext : Math.Min(DecodeBudget.AudioContext(speech.Length), model.AudioContext);
        int code = TryRun(speech, window, task, out var heard, out int spent);
        if (code is < 0 and > LibWhisper.BadLayout)
        {
            Renew();                                               // the state may have been at fault, not the job
            code = TryRun(speech, window, task, out heard, out spent);
        }
        // A decoder that spent all it was given was caught in a loop; the whole window often frees it.
        if (code == LibWhisper.Ok && spent >= DecodeBudget.MaxTokens(speech.Length) - 4 && window < model.AudioContext)
            code = TryRun(speech, model.AudioContext, task, out heard, out _);
        if (code == LibWhisper.Ok) return heard;

        string error = LibWhisper.LastError();
        Renew();
        return new RecognizeOutcome.Failed(code == LibWhisper.BadArgument
            ? $"the speech engine with this model knows no language '{task.Language}', or no audio of this length"
            : $"the speech engine failed ({code}: {error})", CanRetry: false);
    }

    private int TryRun(
        ReadOnlySpan<float> speech, int window, DecodeTask task, out RecognizeOutcome.Recognized heard, out int tokensSpent)
    {
        int count = Math.Max(speech.Length, MinSamples);
        speech.CopyTo(samples);
        samples.AsSpan(speech.Length, count - speech.Length).Clear();
        byte[] languageText = ZeroTerminated(task.Language);
        byte[]? promptText = task.Prompt is { Length: > 0 } prompt ? ZeroTerminated(prompt) : null;

        fixed (float* pcm = samples)
        fixed (byte* languagePointer = languageText, promptPointer = promptText, textPointer = text)
        fixed (LibWhisper.Token* tokenPointer = tokens)
        {
            var options = new LibWhisper.Options
            {
                Size = sizeof(LibWhisper.Options),
                Threads = 1,
                AudioContext = window,
                MaxTokens = DecodeBudget.MaxTokens(speech.Length),
                BeamSize = task.IsThorough ? DecodeBudget.ThoroughBeam : 1,
                TemperatureStep = task.IsThorough ? DecodeBudget.ThoroughTemperatureStep : 0,
                Translate = task.Translate ? 1 : 0,
                Language = languagePointer,
                Prompt = promptPointer,
            };
            var output = new LibWhisper.Output
            {
                Size = sizeof(LibWhisper.Output),
                TokenCapacity = tokens.Length,
                TextCapacity = text.Length,
                Tokens = tokenPointer,
                Text = textPointer,
            };
            int code = LibWhisper.Run(model.Pointer, state, pcm, count, &options, &output);
            heard = code != LibWhisper.Ok ? new RecognizeOutcome.Recognized([], task.Language) : new RecognizeOutcome.Recognized(
                WordAssembler.Assemble(tokens.AsSpan(0, output.TokenCount), text.AsSpan(0, output.TextLength)),
                Marshal.PtrToStringUTF8((nint)output.Language) ?? task.Language);
            tokensSpent = output.TokenCount;
            if (code == LibWhisper.StateLost) state = 0;
            return code;
        }
    }

    private void Renew()
    {
        Dispose();
        state = LibWhisper.StateNew(model.Pointer);
        if (state == 0) throw new InsufficientMemoryException("There is not enough memory for the speech model.");
    }

    private static byte[] ZeroTerminated(string value) => Encoding.UTF8.GetBytes(value + '\0');

    public void Dispose()
    {
        if (state != 0) LibWhisper.StateFree(state);
        state = 0;
    }
}
