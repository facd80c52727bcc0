using Microsoft.Extensions.Logging;

namespace Pipeline.Actors.Meetings;

internal sealed partial class MeetingActor
{
    [LoggerMessage(LogLevel.Error, "The owner of {Meeting} failed and begins again from the store; its media keeps running")]
    private partial void BeganAgain(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Error, "The archive takes nothing of {Meeting}; what is recorded goes on into its journal, and the rest is tried again")]
    private partial void StoreRefuses(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Information, "The archive takes what comes of {Meeting} again")]
    private partial void StoreTakes(MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "{Meeting} could not go on at its port {Port}: {Detail}. No other port is taken, its senders know this one; trying again in {Pause}")]
    private partial void CouldNotOpen(MeetingId meeting, int? port, string detail, TimeSpan pause);

    [LoggerMessage(LogLevel.Information, "{Meeting} goes on in run {Run} at port {Port}")]
    private partial void WentOn(MeetingId meeting, int run, int port);

    [LoggerMessage(LogLevel.Error, "Work on {Meeting} broke; trying again in {Pause}")]
    private partial void WorkBroke(Exception exception, MeetingId meeting, TimeSpan pause);

    [LoggerMessage(LogLevel.Error, "The journal of {Meeting} could not be told of a track")]
    private partial void NotTold(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "The last captions of {Meeting} could not be stored; they are made again from the journal")]
    private partial void CaptionsLeft(Exception exception, MeetingId meeting);
}
