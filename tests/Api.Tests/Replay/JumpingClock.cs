namespace Pipeline.Api.Tests.Replay;

/// <summary>A clock on which every wait is over at once: it jumps to the moment that was waited for. No periodic timers.</summary>
internal sealed class JumpingClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long ticks;

    public TimeSpan Elapsed => new(Interlocked.Read(ref ticks));

    public override DateTimeOffset GetUtcNow() => Start + Elapsed;
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => Elapsed.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime >= TimeSpan.Zero)
        {
            Interlocked.Add(ref ticks, dueTime.Ticks);
            callback(state);
        }
        return new Spent();
    }

    private sealed class Spent : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => false;
        public void Dispose() { }
        public ValueTask DisposeAsync() => default;
    }
}
