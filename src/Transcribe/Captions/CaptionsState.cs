using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Captions;

/// <summary>How a meeting's captions are doing.</summary>
public abstract record CaptionsState
{
    private CaptionsState() { }

    /// <summary>Captions come as people speak.</summary>
    public sealed record Live : CaptionsState;

    /// <summary>Finals come as people speak; what is shown before them is coarser than it might be, or missing.</summary>
    public sealed record Degraded(SpeechEffort Effort) : CaptionsState;

    /// <summary>Captions come later than people read along; nothing is lost for that alone.</summary>
    public sealed record Deferred(string Reason) : CaptionsState;

    /// <summary>No captions at present; the recording goes on.</summary>
    /// <param name="Reason">One sentence for the operator.</param>
    public sealed record Unavailable(string Reason) : CaptionsState;
}
