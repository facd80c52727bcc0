using Pipeline.Ingest.Net;

namespace Pipeline.Actors.Meetings;

/// <summary>A moment on the clock of one boot, which nobody steps.</summary>
/// <param name="Since">Since that boot.</param>
public sealed record BootMoment(string BootId, TimeSpan Since)
{
    public static BootMoment Now(TimeProvider clock) => new(BootClock.BootId, clock.GetElapsedTime(0));
}

/// <summary>
/// A meeting's time: the wall clock's of the moment it began, and from there what has gone by. So its offsets, its length and its limits
/// hold however the wall clock is stepped meanwhile; only a reboot leaves nothing but the wall clock.
/// </summary>
public static class MeetingClock
{
    public static DateTimeOffset Now(this Meeting meeting, TimeProvider clock) => meeting.At(BootMoment.Now(clock), clock.GetUtcNow());

    /// <param name="wall">The wall clock's time at that moment.</param>
    public static DateTimeOffset At(this Meeting meeting, BootMoment moment, DateTimeOffset wall) =>
        meeting.Began is { } began && began.BootId == moment.BootId ? meeting.StartedAt + (moment.Since - began.Since) : wall;
}
