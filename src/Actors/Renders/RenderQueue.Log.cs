using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Renders;

public sealed partial class RenderQueue
{
    [LoggerMessage(LogLevel.Warning, "{Job} of {Meeting} was not made: {Detail}")]
    private partial void NotMade(JobId job, MeetingId meeting, string detail);

    [LoggerMessage(LogLevel.Error, "{Job} of {Meeting} broke")]
    private partial void Broke(Exception exception, JobId job, MeetingId meeting);

    [LoggerMessage(LogLevel.Information, "{Job} of {Meeting} is tried again in {Pause} ({Detail})")]
    private partial void TryAgain(JobId job, MeetingId meeting, string detail, TimeSpan pause);

    [LoggerMessage(LogLevel.Error, "{Job} cannot be stored; it is tried again")]
    private partial void NotStored(Exception exception, JobId job);

    [LoggerMessage(LogLevel.Warning, "A render did not end in time; the next start makes it anew")]
    private partial void NotEnded();
}
