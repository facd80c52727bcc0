using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>
/// SIGKILL at random moments of running meetings, and a start after each. Two classes, as only those run side by side. A soak has more of
/// them: PIPELINE_SOAK says how many runs of five kills, PIPELINE_SEED the first one's seed.
/// </summary>
public sealed class KillTests(ITestOutputHelper output) : KillRuns(output)
{
    public static TheoryData<int> Runs => Seeds(0);

    [Theory, MemberData(nameof(Runs))]
    public Task Everything_but_the_outages_is_there_however_often_the_server_is_killed(int seed) => RunAsync(seed);
}

public sealed class MoreKillTests(ITestOutputHelper output) : KillRuns(output)
{
    public static TheoryData<int> Runs => Seeds(1);

    [Theory, MemberData(nameof(Runs))]
    public Task And_again_with_other_moments(int seed) => RunAsync(seed);
}

public abstract class KillRuns(ITestOutputHelper output)
{
    private const int KillsARun = 5;

    /// <summary>Every second run's.</summary>
    protected static TheoryData<int> Seeds(int first)
    {
        int runs = int.TryParse(Environment.GetEnvironmentVariable("PIPELINE_SOAK"), out int asked) ? asked : 2;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("PIPELINE_SEED"), out int told) ? told : 1;
        return [.. Enumerable.Range(seed, runs).Where((_, n) => n % 2 == first)];
    }

    protected async Task RunAsync(int seed)
    {
        var figures = await new KilledNode(seed, output).RunAsync(KillsARun);
        string told = $"seed {seed}: {figures.Count} outages, lost at most {figures.Max(f => f.Lost).TotalMilliseconds:0} ms, taken again at most {figures.Max(f => f.Restart).TotalSeconds:0.00} s after the start";
        output.WriteLine(told);
        if (Environment.GetEnvironmentVariable("PIPELINE_SOAK") is not null) Console.WriteLine(told);
    }
}
