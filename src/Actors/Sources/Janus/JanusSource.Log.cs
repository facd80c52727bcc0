using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Sources.Janus;

internal sealed partial class JanusSource
{
    [LoggerMessage(LogLevel.Information, "{Meeting} watches its room")]
    private static partial void Watching(ILogger log, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "{Meeting} does not watch its room: {Detail}; trying again in {Pause}")]
    private static partial void Lost(ILogger log, MeetingId meeting, string detail, TimeSpan pause);

    [LoggerMessage(LogLevel.Warning, "A stream of {Meeting}'s room is not forwarded: Janus answers {Code}")]
    private static partial void NotForwarded(ILogger log, MeetingId meeting, int code);

    [LoggerMessage(LogLevel.Warning, "{Meeting} could not be told of a stream of its room; tried again soon")]
    private static partial void NotTaken(ILogger log, Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "{Meeting} could not take its forwarders back from Janus: tried again later")]
    private static partial void TakenBackLater(ILogger log, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "{Meeting} could not take its forwarders back from Janus: they end when those who publish do")]
    private static partial void NotTakenBack(ILogger log, MeetingId meeting);

    [LoggerMessage(LogLevel.Error, "The watching of {Meeting}'s room broke and begins anew")]
    private static partial void Broke(ILogger log, Exception exception, MeetingId meeting);
}
