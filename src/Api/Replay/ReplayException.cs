namespace Pipeline.Api.Replay;

/// <summary>What was asked cannot be replayed. The message is one sentence for the person who asked.</summary>
public sealed class ReplayException : Exception
{
    public ReplayException() { }
    public ReplayException(string message) : base(message) { }
    public ReplayException(string message, Exception innerException) : base(message, innerException) { }
}
