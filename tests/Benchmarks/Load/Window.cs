using System.Diagnostics;

namespace Pipeline.Benchmarks.Load;

/// <summary>The span that counts, between two looks at the kernel's clocks.</summary>
internal static class Window
{
    /// <summary>Not counted: until the mix, two seconds behind, has all its packets.</summary>
    public static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    /// <summary>Not counted when a server has just started: the runtime compiles what runs often a second time.</summary>
    public static readonly TimeSpan Compiling = TimeSpan.FromSeconds(20);

    /// <param name="cpu">CPU seconds so far.</param>
    /// <returns>Cores used.</returns>
    public static async Task<double[]> MeasureAsync(TimeSpan length, Func<double[]> cpu)
    {
        long began = Stopwatch.GetTimestamp();
        double[] before = cpu();
        await Task.Delay(length);
        double[] after = cpu();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return [.. after.Zip(before, (a, b) => (a - b) / seconds)];
    }
}
