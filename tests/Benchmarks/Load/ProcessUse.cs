using System.Globalization;

namespace Pipeline.Benchmarks.Load;

/// <summary>What the kernel says a process uses (proc(5)).</summary>
internal static class ProcessUse
{
    private const double TicksPerSecond = 100;                                       // USER_HZ on Linux, whatever the kernel's own

    /// <summary>User and kernel time of all its threads so far, in seconds; 0 for one that ended.</summary>
    public static double Cpu(int process)
    {
        string[] fields = Stat(process);
        return fields.Length == 0 ? 0 : (Number(fields[11]) + Number(fields[12])) / TicksPerSecond;
    }

    /// <summary>Memory in MiB: its own, and of what it shares its part.</summary>
    public static double Memory(int process) => Smaps(process, "Pss:");

    /// <summary>Those it started that still run, by the name of their program.</summary>
    public static IReadOnlyList<int> Children(int process, string program) =>
        [.. Directory.EnumerateDirectories("/proc").Select(p => int.TryParse(Path.GetFileName(p), out int id) ? id : 0)
            .Where(id => id > 0 && Stat(id) is [_, var parent, ..] && Number(parent) == process && Name(id) == program)];

    private static double Smaps(int process, string field)
    {
        string line = File.ReadLines($"/proc/{process}/smaps_rollup").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return Number(line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim()) / 1024;
    }

    /// <summary>From the third field on: what is before may hold blanks.</summary>
    private static string[] Stat(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException) { return []; }                                           // it has ended
    }

    private static string Name(int process)
    {
        try { return File.ReadAllText($"/proc/{process}/comm").Trim(); }
        catch (IOException) { return ""; }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
