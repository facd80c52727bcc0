using Microsoft.Extensions.Logging;

namespace Pipeline.Transcribe.Endpoint;

public sealed partial class EndpointRecognizer
{
    [LoggerMessage(LogLevel.Information, "Speech is recognised by {Host} with {Model}")]
    private static partial void LogReady(ILogger logger, string host, string model);

    [LoggerMessage(LogLevel.Warning, "Speech cannot be recognised at present: {Reason} Asked again every {Seconds:F0} s at most")]
    private static partial void LogUnavailable(ILogger logger, string reason, double seconds);

    [LoggerMessage(LogLevel.Warning, "{Seconds:F1} s of speech were refused for good: {Reason}")]
    private static partial void LogGivenUp(ILogger logger, double seconds, string reason);
}
