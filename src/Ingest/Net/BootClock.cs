using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Net;

/// <summary>Time since this boot, which neither a step of the wall clock nor a suspend disturbs (CLOCK_BOOTTIME).</summary>
public static partial class BootClock
{
    private const int Realtime = 0, BootTime = 7;

    public static TimeSpan Now => Read(BootTime);

    /// <summary>Time since 1970 by the wall clock, as the kernel stamps packets.</summary>
    internal static TimeSpan Wall => Read(Realtime);

    /// <summary>Tells this boot from others.</summary>
    public static string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private static TimeSpan Read(int clock)
    {
        _ = ClockGetTime(clock, out var time);
        return time.ToTimeSpan();
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Timespec
    {
        public long Seconds, Nanoseconds;
        public readonly TimeSpan ToTimeSpan() => new(Seconds * TimeSpan.TicksPerSecond + Nanoseconds / 100);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);
}
