using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Sources;

/// <summary>A simulated clock that tells when somebody begins to wait, so that time moves only then.</summary>
internal sealed class WatchedClock(SimulatedClock inner) : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<TimeSpan> waits = [];
    private readonly ChangeSignal begun = new();

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();
    public override long GetTimestamp() => inner.GetTimestamp();
    public override long TimestampFrequency => inner.TimestampFrequency;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = inner.CreateTimer(callback, state, dueTime, period);
        lock (gate) waits.Add(dueTime);
        begun.Pulse();
        return timer;
    }

    /// <summary>Returns once somebody waits for so long.</summary>
    public async Task UntilWaitedForAsync(TimeSpan wait)
    {
        while (true)
        {
            var next = begun.Next;
            lock (gate)
                if (waits.Contains(wait)) return;
            await next.WaitAsync(TimeSpan.FromSeconds(60));                          // only so that a broken test ends
        }
    }

    /// <summary>The same, and lets that time pass. Each wait is passed once.</summary>
    public async Task PassAsync(TimeSpan wait)
    {
        await UntilWaitedForAsync(wait);
        lock (gate) waits.Remove(wait);
        inner.Advance(wait);
    }

    /// <summary>Waits begun so far are not to be passed any more.</summary>
    public void Forget() { lock (gate) waits.Clear(); }
}
