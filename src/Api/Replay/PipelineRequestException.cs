using System.Net;

namespace Pipeline.Api.Replay;

/// <summary>The server refused a request, gave an answer that makes no sense, or could not be reached. The message is one sentence.</summary>
public sealed class PipelineRequestException : Exception
{
    public PipelineRequestException() { }
    public PipelineRequestException(string message) : base(message) { }
    public PipelineRequestException(string message, Exception? innerException) : base(message, innerException) { }

    public PipelineRequestException(string message, HttpStatusCode status, ProblemInfo? problem) : base(message) =>
        (Status, Problem) = (status, problem);

    /// <summary>Null where there was no answer.</summary>
    public HttpStatusCode? Status { get; }
    /// <summary>Null where the answer carried none.</summary>
    public ProblemInfo? Problem { get; }
}
