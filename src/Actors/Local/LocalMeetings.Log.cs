using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Local;

public sealed partial class LocalMeetings
{
    [LoggerMessage(LogLevel.Information, "Taking up {Count} meetings that have no end yet")]
    private partial void TakingUp(int count);

    [LoggerMessage(LogLevel.Warning, "{Count} meetings were not closed in time; the next start goes on with them")]
    private partial void LeftOpen(int count);

    [LoggerMessage(LogLevel.Error, "{Meeting} could not be started")]
    private partial void NotStarted(Exception exception, MeetingId meeting);
}
