using Microsoft.Extensions.Logging;

namespace Pipeline.Transcribe.Whisper;

public sealed partial class WhisperRecognizer
{
    [LoggerMessage(LogLevel.Information, "Speech is recognised by {Engine} with {Model}, {Threads} jobs at a time.")]
    private static partial void LogReady(ILogger logger, string engine, string model, int threads);

    [LoggerMessage(LogLevel.Warning, "The speech worker ended ({How}). {Unanswered} jobs are asked again.")]
    private static partial void LogWorkerEnded(ILogger logger, string how, int unanswered);

    [LoggerMessage(LogLevel.Error, "A job of {Seconds:F1} s of speech was given up: the worker died of it twice.")]
    private static partial void LogGivenUp(ILogger logger, double seconds);

    [LoggerMessage(LogLevel.Error, "The speech worker has not answered for {Seconds:F0} s and is replaced.")]
    private static partial void LogStuck(ILogger logger, double seconds);

    [LoggerMessage(LogLevel.Error, "No captions for now: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string reason);

    [LoggerMessage(LogLevel.Information, "Fetching the speech model {Model}: {Percent} %")]
    private static partial void LogFetching(ILogger logger, string model, int percent);
}
