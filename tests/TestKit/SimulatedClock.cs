namespace Pipeline.TestKit;

/// <summary>Time that moves only when told. Timers fire inside <see cref="Advance"/>, in the order they are due, each at its own moment.</summary>
public sealed class SimulatedClock : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<SimulatedTimer> timers = [];
    private readonly DateTimeOffset start;
    private DateTimeOffset now;
    private TimeSpan stepped;

    public SimulatedClock(DateTimeOffset start) => this.start = now = start;
    public SimulatedClock() : this(new DateTimeOffset(2025, 3, 3, 9, 0, 0, TimeSpan.Zero)) { }

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate) return now + stepped;
    }

    public override long GetTimestamp()
    {
        lock (gate) return (now - start).Ticks;
    }

    /// <summary>Sets the wall clock, as an administrator does: no time goes by.</summary>
    public void StepWall(TimeSpan by)
    {
        lock (gate) stepped += by;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimulatedTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves time on; what is due on the way is called here, on this thread. What it wakes runs when it runs.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        DateTimeOffset until;
        lock (gate) until = now + by;
        while (NextDue(until) is { } due) due();
        lock (gate) now = until > now ? until : now;
    }

    private Action? NextDue(DateTimeOffset until)
    {
        lock (gate)
        {
            var next = timers.Where(t => t.Due <= until).MinBy(t => t.Due);
            if (next is null) return null;
            if (next.Due > now) now = next.Due;
            if (next.Period > TimeSpan.Zero) next.Due += next.Period;
            else timers.Remove(next);
            return next.Callback;
        }
    }

    private sealed class SimulatedTimer(SimulatedClock clock, Action callback) : ITimer
    {
        public Action Callback => callback;
        public DateTimeOffset Due { get; set; }
        public TimeSpan Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
                if (dueTime == Timeout.InfiniteTimeSpan) return true;
                Period = period;
                Due = clock.now + dueTime;
                clock.timers.Add(this);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock.gate) clock.timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
