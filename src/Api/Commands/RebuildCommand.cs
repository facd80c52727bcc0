using System.CommandLine;
using Microsoft.Extensions.Options;
using Pipeline.Actors.Local;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline rebuild`: makes the archive anew from the meetings' journals.</summary>
internal static class RebuildCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "directory of meetings and the archive (PIPELINE_DATA)", HelpName = "value" };
        var keys = new Option<string>("--keys") { Description = "directory of the node's keys (PIPELINE_KEYS)", HelpName = "value" };
        var files = new Option<bool>("--files") { Description = "Make every recording again, also those that lie there whole." };
        var command = new Command(
            "rebuild",
            "Make the archive anew from the meetings' journals, while no server runs on it: meetings, transcripts with their corrections, events, quality. Recordings that lie whole on the disk stay, others are made again. The archive there was is kept under another name; API keys are taken from it, as they are in no journal. Exits with 0 when every meeting is as it was, else with 1.")
        {
            data, keys, files,
        };
        command.SetAction((parsed, ct) => RunAsync(
            [.. Given("DATA", parsed.GetValue(data)), .. Given("KEYS", parsed.GetValue(keys))], parsed.GetValue(files),
            parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, ct));
        return command;
    }

    private static async Task<int> RunAsync(string[] args, bool files, TextWriter output, TextWriter error, CancellationToken ct)
    {
        try
        {
            var options = PipelineOptions.Read(PipelineHost.Settings(args, Directory.GetCurrentDirectory()));
            if (!Directory.Exists(Path.Combine(options.DataDirectory, "meetings")))
            {
                await error.WriteLineAsync($"There are no meetings in {options.DataDirectory}: --data or PIPELINE_DATA says where they are.");
                return 1;
            }
            if (!FileKeyVault.HasKey(options.KeysDirectory))                         // a vault would make one
            {
                await error.WriteLineAsync($"There is no node's key in {options.KeysDirectory}: --keys or PIPELINE_KEYS says where it is.");
                return 1;
            }
            using var held = DataFolderLock.Take(options.DataDirectory);
            var rebuild = new ArchiveRebuild(options.DataDirectory, Path.Combine(options.DataDirectory, "search"), new FileKeyVault(options.KeysDirectory));
            bool whole = true;
            var result = await rebuild.RunAsync(files, meeting =>
            {
                whole &= meeting.IsThere && meeting.Notes.Count == 0;
                output.WriteLine($"{meeting.Id}  {meeting.Summary}");
                foreach (string note in meeting.Notes) output.WriteLine($"          {note}");
            }, ct);
            await output.WriteLineAsync($"{result.Meetings} meetings are in the archive again{(result.Lost > 0 ? $", and {result.Lost} are not" : "")}.");
            await output.WriteLineAsync(result.Keys switch
            {
                { } taken => $"{taken} API keys were taken over from the archive there was.",
                null => "API keys are in no journal, and there was no archive to take them from: they are lost and have to be made again, with the admin key.",
            });
            if (result.Backup is { } backup) await output.WriteLineAsync($"The archive there was is {backup}.");
            return whole ? 0 : 1;
        }
        catch (OptionsValidationException refused)
        {
            foreach (string why in refused.Failures) await error.WriteLineAsync(why);
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync("The archive there was is untouched.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await error.WriteLineAsync($"The archive could not be made, and the one there was is untouched: {e.Message}");
        }
        return 1;
    }

    private static string[] Given(string key, string? value) => value is null ? [] : [$"--{key}={value}"];
}
