namespace Pipeline.Transcribe.Tests;

/// <summary>Time that moves only when told; timers fire on the thread that moves it.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<ManualTimer> timers = [];
    private long now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => Interlocked.Read(ref now);
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (gate) timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        Interlocked.Add(ref now, by.Ticks);
        ManualTimer[] all;
        lock (gate) all = [.. timers];
        foreach (var timer in all) timer.FireIfDue();
    }

    private sealed class ManualTimer(ManualClock clock, Action fire) : ITimer
    {
        private long due = long.MaxValue, period;

        public bool Change(TimeSpan dueTime, TimeSpan newPeriod)
        {
            due = dueTime < TimeSpan.Zero ? long.MaxValue : clock.GetTimestamp() + dueTime.Ticks;
            period = newPeriod.Ticks;
            return true;
        }

        public void FireIfDue()
        {
            if (clock.GetTimestamp() < due) return;
            due = period > 0 ? clock.GetTimestamp() + period : long.MaxValue;      // late is once, not many times
            fire();
        }

        public void Dispose() { lock (clock.gate) clock.timers.Remove(this); }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
