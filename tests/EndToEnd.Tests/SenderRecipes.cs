using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The command lines of `docs/senders.md`, read from there and run as they stand.</summary>
internal static partial class SenderRecipes
{
    /// <summary>The shell's blocks, by their headings.</summary>
    public static IReadOnlyDictionary<string, string> Read() =>
        Recipe().Matches(File.ReadAllText(Fixtures.Document("senders.md"))).ToDictionary(match => match.Groups["heading"].Value, match => match.Groups["script"].Value);

    /// <param name="folder">Has the files that are sent.</param>
    public static async Task RunAsync(string script, string folder, PipelineServer server, string meeting, ITestOutputHelper output)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", script])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,                                            // ffmpeg reads its keys there
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PIPELINE"] = server.Address.ToString().TrimEnd('/');
        start.Environment["KEY"] = PipelineServer.ApiKey;
        start.Environment["MEETING"] = meeting;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEndAsync();
        string printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        output.WriteLine($"{script}\n{printed}{await said}");
        Assert.True(process.ExitCode == 0, $"it ended with status {process.ExitCode}:\n{script}\n{await said}");
    }

    [GeneratedRegex(@"^## (?<heading>.+)$(?<text>(?:\n(?!## |```).*)*)\n```sh\n(?<script>(?:.*\n)*?)```$", RegexOptions.Multiline)]
    private static partial Regex Recipe();
}
