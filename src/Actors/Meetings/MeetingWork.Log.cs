using Microsoft.Extensions.Logging;

namespace Pipeline.Actors.Meetings;

internal sealed partial class MeetingWork
{
    [LoggerMessage(LogLevel.Error, "The media of {Meeting} could not be stopped whole; what is missing is made from the journal")]
    private partial void StopBroke(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Error, "The media of {Meeting} could not be closed")]
    private partial void CloseBroke(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Error, "The files of {Meeting} could not be made: {Detail}. Its journal is kept")]
    private partial void ProcessingFailed(MeetingId meeting, string detail);

    [LoggerMessage(LogLevel.Error, "The files of {Meeting} could not be made. Its journal is kept")]
    private partial void ProcessingBroke(Exception exception, MeetingId meeting);
}
