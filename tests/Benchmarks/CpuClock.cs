using System.Runtime.InteropServices;

namespace Pipeline.Benchmarks;

/// <summary>CPU time spent, user and kernel, in nanoseconds: what a noisy neighbour disturbs least.</summary>
internal static partial class CpuClock
{
    private const int ProcessCpuTime = 2, ThreadCpuTime = 3;

    /// <summary>All threads of this process, those that ended too.</summary>
    public static long Process => Read(ProcessCpuTime);
    public static long ThisThread => Read(ThreadCpuTime);

    private static long Read(int clock)
    {
        if (ClockGetTime(clock, out var time) != 0) throw new InvalidOperationException($"clock {clock} cannot be read");
        return time.Seconds * 1_000_000_000 + time.Nanoseconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public long Seconds, Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out Timespec time);
}
