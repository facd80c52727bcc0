using System.Text.Json;
using Microsoft.Playwright;

namespace Pipeline.Page.Tests;

/// <summary>What axe-core has against what is shown.</summary>
internal static class Axe
{
    private const string Version = "4.14.1";                                        // as in deploy/setup.sh

    /// <summary>For a context's start: unlike a script element, it needs no leave of the page's Content-Security-Policy.</summary>
    public static string Script { get; } = Find();

    /// <returns>Serious and critical findings, a line each.</returns>
    public static async Task<IReadOnlyList<string>> FindAsync(IPage page)
    {
        var found = await page.EvaluateAsync<JsonElement>(
            "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.filter(v => ['serious', 'critical'].includes(v.impact))");
        return [.. found.EnumerateArray().SelectMany(violation => violation.GetProperty("nodes").EnumerateArray().Select(node =>
            $"{violation.GetProperty("id").GetString()}: {node.GetProperty("html").GetString()} {node.GetProperty("failureSummary").GetString()}"))];
    }

    private static string Find()
    {
        string home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set ? set : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/", ".cache");
        string cache = Environment.GetEnvironmentVariable("PIPELINE_CACHE") is { Length: > 0 } own ? own : Path.Combine(home, "pipeline");
        string script = Path.Combine(cache, $"axe-core-{Version}", "axe.min.js");
        return File.Exists(script) ? script : throw new FileNotFoundException($"{script} is missing: run deploy/setup.sh --tests.");
    }
}
