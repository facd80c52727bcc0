using Microsoft.Extensions.Logging;

namespace Pipeline.Transcribe.Captions;

public sealed partial class CaptionPipeline
{
    [LoggerMessage(LogLevel.Warning, "{Seconds:F1} s of speech on track {Track} could not be recognised: {Reason}")]
    private static partial void LogLost(ILogger logger, int track, double seconds, string reason);

    [LoggerMessage(LogLevel.Error, "The captions of a meeting stopped for good.")]
    private static partial void LogBroken(ILogger logger, Exception exception);
}
