using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Media;

public sealed partial class MediaEngine
{
    [LoggerMessage(LogLevel.Error, "No mixes can be made: {Detail}. Meetings are journaled all the same")]
    private partial void NoEncoder(string detail);

    [LoggerMessage(LogLevel.Error, "{Meeting} cannot be opened: the disk refuses")]
    private partial void CannotOpen(MeetingId meeting, Exception exception);

    [LoggerMessage(LogLevel.Error, "{Meeting}: its journal or files cannot be read or written")]
    private partial void CannotProcess(MeetingId meeting, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Meeting}: the live mix is interrupted, {Detail}. The recording goes on; its mix will be made from the journal")]
    private partial void LiveMixInterrupted(MeetingId meeting, string detail);

    [LoggerMessage(LogLevel.Warning, "{Meeting}: its live mix cannot be read")]
    private partial void LiveMixUnreadable(MeetingId meeting, Exception exception);

    [LoggerMessage(LogLevel.Error, "{Meeting}: a file was not encoded, {Detail}; the journal is kept")]
    private partial void NotEncoded(MeetingId meeting, string detail);

    [LoggerMessage(LogLevel.Warning, "{Meeting}: a still picture was not made, {Detail}")]
    private partial void NotPictured(MeetingId meeting, string detail);

    [LoggerMessage(LogLevel.Warning, "{Meeting} was not started, and its key cannot be deleted; the next start tries again")]
    private partial void NotDiscarded(MeetingId meeting, Exception exception);

    [LoggerMessage(LogLevel.Error, "{Meeting}: the media loop stopped")]
    private partial void LoopFaulted(MeetingId meeting, Exception exception);

    [LoggerMessage(LogLevel.Warning, "{Meeting}: journal segment {Segment} at byte {Offset}: {What}")]
    private partial void JournalDamaged(MeetingId meeting, int segment, long offset, string what);

    [LoggerMessage(LogLevel.Warning, "{Recording} of {Meeting} was not made, and what there is of it cannot be deleted")]
    private partial void RenderNotDiscarded(RecordingId recording, MeetingId meeting, Exception exception);
}
