using System.Globalization;
using System.Runtime.InteropServices;

namespace Pipeline.Benchmarks;

/// <summary>Where the numbers come from, in one line.</summary>
internal static class Machine
{
    public static string Describe(string folder)
    {
        string cpu = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown CPU";
        string kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        string disk = new DriveInfo(folder).DriveFormat;
        return string.Create(CultureInfo.InvariantCulture,
            $"{cpu}, {Environment.ProcessorCount} cores, load {load}; Linux {kernel}; {RuntimeInformation.FrameworkDescription}; files on {disk}");
    }
}
