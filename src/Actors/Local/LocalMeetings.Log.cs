using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Local;

public sealed partial class LocalMeetings
{
    [LoggerMessage(LogLevel.Information, "Taking up {Count} meetings that have no end yet")]
    private partial void TakingUp(int count);

    [LoggerMessage(LogLevel.Warning, "{Count} meetings were not closed in time; the next start goes on with them")]
    private partial void LeftOpen(int count);

    [LoggerMessage(LogLevel.Warning, "{Meeting} is slow to go on; the start does not wait for it")]
    private partial void SlowToOpen(MeetingId meeting);

    [LoggerMessage(LogLevel.Error, "{Meeting} could not be started")]
    private partial void NotStarted(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Error, "{Recording} of {Meeting} cannot be read")]
    private partial void CannotBeRead(Exception exception, RecordingId recording, MeetingId meeting);
}
