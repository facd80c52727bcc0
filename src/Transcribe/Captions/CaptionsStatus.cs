namespace Pipeline.Transcribe.Captions;

/// <summary>How a meeting's captions are doing.</summary>
public abstract record CaptionsStatus
{
    private CaptionsStatus() { }

    /// <summary>Captions come as people speak.</summary>
    public sealed record Live : CaptionsStatus;

    /// <summary>Captions come later than people read along; nothing is lost for that alone.</summary>
    public sealed record Deferred(string Reason) : CaptionsStatus;

    /// <summary>No captions at present; the recording goes on.</summary>
    /// <param name="Reason">One sentence for the operator.</param>
    public sealed record Unavailable(string Reason) : CaptionsStatus;
}
