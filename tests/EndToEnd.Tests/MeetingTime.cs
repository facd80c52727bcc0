using Pipeline.Api.Replay;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The time in a running meeting, by the wall clock the server shares.</summary>
internal static class MeetingTime
{
    public static TimeSpan Now(this MeetingInfo meeting) => DateTimeOffset.UtcNow - meeting.StartedAt!.Value;

    public static async Task UntilAsync(this MeetingInfo meeting, TimeSpan time)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (meeting.Now() < time) await timer.WaitForNextTickAsync();
    }
}
