using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Api.Replay;

/// <summary>The command line of <c>pipeline replay</c>.</summary>
public static class ReplayCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("PATH")
        {
            Description = "A capture (pcap, pcapng) with the JSON of the same name beside it; that JSON; the JSON of a spoken meeting; a folder of wav files; or several wav files. "
                + "Wav files are one for each speaker, who is named by what follows the last '-' of the file's name.",
            Arity = ArgumentArity.OneOrMore,
        };
        var url = new Option<Uri>("--url") { Description = "The server.", DefaultValueFactory = _ => new Uri("http://127.0.0.1:8080"), CustomParser = ParseServer };
        // The environment's key is no default value: help would print it.
        var apiKey = new Option<string?>("--api-key") { Description = "What authorizes; by default the environment's PIPELINE_API_KEY." };
        var meeting = new Option<string?>("--meeting") { Description = "The id of a running meeting to add the tracks to; by default a new one is created." };
        var title = new Option<string?>("--title") { Description = "The new meeting's title; by default what the source is called." };
        var participants = new Option<string[]>("--participants") { Description = "Send only these.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        var video = new Option<bool>("--video") { Description = "Send a capture's video streams too; a server that does not build video refuses them." };
        var speed = new Option<double>("--speed")
        {
            Description = "Send so many times faster. RTP timestamps stay as they are, and a server places sound by arrival: anything but 1 is for load only.",
            DefaultValueFactory = _ => 1,
        };
        var loss = Share("--loss", "Part of the packets that is never sent, 0 to 1.");
        var jitter = new Option<double>("--jitter") { Description = "Each packet is late by 0 to this many milliseconds; order is kept.", DefaultValueFactory = _ => 0 };
        var reorder = Share("--reorder", "Part of the packets that is sent after 1 to 3 later ones, 0 to 1.");
        var duplicate = Share("--duplicate", "Part of the packets that is sent twice, 0 to 1.");
        var seed = new Option<int>("--seed") { Description = "Chooses what is lost, late and doubled, and the SSRCs of wav files; the same seed, the same choice.", DefaultValueFactory = _ => 1 };
        var srtp = new Option<SrtpSuite?>("--srtp")
        {
            Description = $"Send protected by this suite, each stream with a random key that the server is told: {string.Join(", ", SrtpSuite.All.Select(s => s.Name))}.",
            CustomParser = ParseSuite,
        };
        var stop = new Option<bool>("--stop") { Description = "Stop the meeting at the end and wait until it is completed." };
        var wait = new Option<double>("--wait") { Description = "With --stop, wait so many seconds at most.", DefaultValueFactory = _ => 600 };
        var captions = new Option<bool>("--captions") { Description = "Print final captions as they come, until the meeting is over." };
        var log = new Option<string?>("--log") { Description = "Write what was sent and when to this file, as JSON lines." };
        Positive(speed);
        Positive(wait);
        NotNegative(jitter);

        var command = new Command("replay", "Be a simulated SFU: play a capture or wav files into a meeting, as RTP over UDP.")
        {
            paths, url, apiKey, meeting, title, participants, video, speed, loss, jitter, reorder, duplicate, seed, srtp, stop, wait, captions, log,
        };
        command.SetAction((parsed, ct) => UntilInterruptedAsync(stopping => ReplayRun.RunAsync(
            new ReplayOptions
            {
                Paths = parsed.GetRequiredValue(paths),
                Server = parsed.GetRequiredValue(url),
                ApiKey = parsed.GetValue(apiKey) ?? Environment.GetEnvironmentVariable("PIPELINE_API_KEY"),
                Meeting = parsed.GetValue(meeting),
                Title = parsed.GetValue(title),
                Participants = parsed.GetRequiredValue(participants),
                Video = parsed.GetValue(video),
                Speed = parsed.GetValue(speed),
                Network = new NetworkConditions
                {
                    Loss = parsed.GetValue(loss),
                    Jitter = TimeSpan.FromMilliseconds(parsed.GetValue(jitter)),
                    Reorder = parsed.GetValue(reorder),
                    Duplicate = parsed.GetValue(duplicate),
                    Seed = parsed.GetValue(seed),
                },
                Srtp = parsed.GetValue(srtp),
                Stop = parsed.GetValue(stop),
                LongestWait = TimeSpan.FromSeconds(parsed.GetValue(wait)),
                Captions = parsed.GetValue(captions),
                Log = parsed.GetValue(log),
            },
            parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error, stopping), ct));
        return command;
    }

    /// <summary>Ctrl-C and SIGTERM end the run in order, with its log written; a second one ends the process.</summary>
    private static async Task<int> UntilInterruptedAsync(Func<CancellationToken, Task<int>> run, CancellationToken ct)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        return await run(stopping.Token);

        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = !stopping.IsCancellationRequested;
            stopping.Cancel();
        }
    }

    private static Uri? ParseServer(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var server) && server.Scheme is "http" or "https") return server;
        result.AddError($"--url is an http or https address; {result.Tokens[0].Value} is not.");
        return null;
    }

    private static SrtpSuite? ParseSuite(ArgumentResult result)
    {
        if (SrtpSuite.Find(result.Tokens[0].Value) is { } suite) return suite;
        result.AddError($"--srtp is one of {string.Join(", ", SrtpSuite.All.Select(s => s.Name))}; {result.Tokens[0].Value} is not.");
        return null;
    }

    private static Option<double> Share(string name, string description)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => 0 };
        Check(option, value => value is >= 0 and <= 1, "lies between 0 and 1");
        return option;
    }

    private static void Positive(Option<double> option) => Check(option, value => value is > 0 and <= 1e6, "is above 0");

    private static void NotNegative(Option<double> option) => Check(option, value => value is >= 0 and <= 1e6, "is not negative");

    private static void Check(Option<double> option, Func<double, bool> allowed, string rule) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && double.TryParse(result.Tokens[0].Value, out double value) && !allowed(value))
            result.AddError($"{option.Name} {rule}; {value} does not.");
    });
}
