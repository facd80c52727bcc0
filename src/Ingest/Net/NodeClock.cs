namespace Pipeline.Ingest.Net;

/// <summary>The system's time, whose timestamps go on through suspends and are the same for every process of one boot (<see cref="BootClock"/>).</summary>
public sealed class NodeClock : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;
    public override long GetTimestamp() => BootClock.Now.Ticks;
}
