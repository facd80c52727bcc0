using System.CommandLine;
using System.Data.Common;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline serve`, also what `pipeline` alone does.</summary>
internal static class ServeCommand
{
    private static readonly (Setting Setting, Option<string?> Option)[] Options =
        [.. PipelineOptions.Settings.Select(setting => (setting, OptionOf(setting)))];

    /// <summary>Makes <paramref name="command"/> run the server.</summary>
    public static Command Into(Command command, Action<IServiceCollection, PipelineOptions> addMeetings)
    {
        foreach (var (_, option) in Options) command.Add(option);
        command.SetAction((parsed, ct) => RunAsync(Arguments(parsed), addMeetings, ct));
        return command;
    }

    private static async Task<int> RunAsync(string[] args, Action<IServiceCollection, PipelineOptions> addMeetings, CancellationToken ct)
    {
        bool started = false;
        try
        {
            await using var app = PipelineHost.Build(args, addMeetings);
            if (await TryStartAsync(app, ct))
            {
                started = true;
                await app.WaitForShutdownAsync(ct);
            }
            return 0;
        }
        catch (OptionsValidationException refused)
        {
            foreach (string sentence in refused.Failures) await Console.Error.WriteLineAsync(sentence);
        }
        catch (IOException unable) when (unable.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{unable.Message} Is a server running already? PIPELINE_LISTEN chooses another address.");
        }
        catch (Exception unable) when (!started && (unable is IOException or UnauthorizedAccessException or SocketException or DbException))
        {
            await Console.Error.WriteLineAsync($"The server cannot start: {unable.Message}");   // the log says where
        }
        return 1;
    }

    /// <summary>False when it was told to stop before it was up: then what had begun is closed in order.</summary>
    private static async Task<bool> TryStartAsync(WebApplication app, CancellationToken ct)
    {
        try
        {
            await app.StartAsync(ct);
            return true;
        }
        catch (OperationCanceledException) when (app.Lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await app.StopAsync(CancellationToken.None);
            return false;
        }
    }

    /// <summary>Written as .NET's own configuration reads it, so that a typing error is found here and a value there.</summary>
    private static string[] Arguments(ParseResult parsed) =>
        [.. Options.Where(o => parsed.GetValue(o.Option) is not null).Select(o => $"--{o.Setting.Key}={parsed.GetValue(o.Option)}")];

    /// <summary>`--rtp-ports`, and as .NET would take it from the environment's name.</summary>
    private static Option<string?> OptionOf(Setting setting)
    {
        var option = new Option<string?>(setting.Switch) { Description = setting.Help, HelpName = "value" };
        foreach (string alias in new[] { "--" + setting.Key, "--" + setting.Key.ToLowerInvariant() }.Distinct())
            if (alias != setting.Switch) option.Aliases.Add(alias);
        return option;
    }
}
