using Microsoft.Extensions.Logging;

namespace Pipeline.Actors.Meetings;

internal sealed partial class TranscriptRefiner
{
    [LoggerMessage(LogLevel.Information, "{Meeting} has its refined transcript: of {Segments} segments {Rewritten} read otherwise, {Superseded} are gone, {Added} are new")]
    private partial void Finished(MeetingId meeting, int segments, int rewritten, int superseded, int added);

    [LoggerMessage(LogLevel.Warning, "The transcript of {Meeting} could not be refined; tried again later")]
    private partial void NotFinished(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "The archive could not be asked which transcripts are still to be refined; asked again")]
    private partial void CouldNotLook(Exception exception);
}
