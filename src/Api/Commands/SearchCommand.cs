using System.CommandLine;
using System.Data.Common;
using Microsoft.Extensions.Options;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline search rebuild`: makes the search indexes anew from the archive.</summary>
internal static class SearchCommand
{
    public static Command Create(Action<IServiceCollection, PipelineOptions> addMeetings)
    {
        var data = new Option<string>("--data") { Description = "directory of meetings and the archive (PIPELINE_DATA)", HelpName = "value" };
        var keys = new Option<string>("--keys") { Description = "directory of the node's keys (PIPELINE_KEYS)", HelpName = "value" };
        var rebuild = new Command(
            "rebuild",
            "Delete every search index and make it anew from the archive, while no server runs on it. A server does this by itself when an index is missing, damaged or of another version.")
        {
            data, keys,
        };
        rebuild.SetAction((parsed, ct) => RunAsync(
            [.. Given("DATA", parsed.GetValue(data)), .. Given("KEYS", parsed.GetValue(keys))], addMeetings,
            parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, ct));
        return new Command("search", "Look after the search index.") { rebuild };
    }

    private static async Task<int> RunAsync(
        string[] args, Action<IServiceCollection, PipelineOptions> addMeetings, TextWriter output, TextWriter error, CancellationToken ct)
    {
        try
        {
            var options = PipelineOptions.Read(PipelineHost.Settings(args, Directory.GetCurrentDirectory()));
            if (!File.Exists(Path.Combine(options.DataDirectory, "archive.db")))
            {
                await error.WriteLineAsync($"There is no archive in {options.DataDirectory}: --data or PIPELINE_DATA says where it is.");
                return 1;
            }
            if (!FileKeyVault.HasKey(options.KeysDirectory))                         // a vault would make one
            {
                await error.WriteLineAsync($"There is no node's key in {options.KeysDirectory}: --keys or PIPELINE_KEYS says where it is.");
                return 1;
            }
            await using var app = PipelineHost.Build(args, addMeetings);             // never started: no port is opened, no meeting taken up
            _ = app.Services.GetRequiredService<DataFolderLock>();
            var follower = app.Services.GetRequiredService<SearchFollower>();
            follower.Forget();
            long taken = await follower.CatchUpAsync(ct);
            await output.WriteLineAsync($"{taken} segments are in the search index again.");
            return 0;
        }
        catch (OptionsValidationException refused)
        {
            foreach (string sentence in refused.Failures) await error.WriteLineAsync(sentence);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("The index is not whole: the next start of the server goes on with it.");
        }
        catch (Exception unable) when (unable is IOException or UnauthorizedAccessException or DbException or System.Security.Cryptography.CryptographicException)
        {
            await error.WriteLineAsync($"The index could not be made: {unable.Message}");
        }
        return 1;
    }

    private static string[] Given(string key, string? value) => value is null ? [] : [$"--{key}={value}"];
}
