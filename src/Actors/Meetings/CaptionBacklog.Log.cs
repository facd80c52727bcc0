using Microsoft.Extensions.Logging;

namespace Pipeline.Actors.Meetings;

internal sealed partial class CaptionBacklog
{
    [LoggerMessage(LogLevel.Information, "{Meeting} has all its captions now")]
    private partial void Finished(MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "Captions of {Meeting} could not be made from its journal; tried again later")]
    private partial void NotFinished(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "The archive could not be asked which meetings still owe captions; asked again")]
    private partial void CouldNotLook(Exception exception);
}
