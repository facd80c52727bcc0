using System.CommandLine;
using Pipeline.Actors.Media;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Commands;

/// <summary>`pipeline journal`: looks into a meeting's journal, beside a server that may be writing it. Changes nothing there.</summary>
internal static class JournalCommand
{
    public static Command Create() => new("journal", "Look into a meeting's journal: what is in it, whether it is whole, its packets as a capture.")
    {
        Dump(), Verify(), Pcap(),
    };

    private static Command Dump()
    {
        var place = new Place();
        var control = new Option<bool>("--control") { Description = "Only what was decided: tracks, bindings, clocks, gaps." };
        var command = place.Into(new Command(
            "dump",
            "Print a line for each record: meeting time in seconds, segment, block and run, then what it is. Packets by their header fields, never what was said in them; decisions as their JSON, which names participants."));
        command.Add(control);
        command.SetAction(parsed => Run(parsed, place, withKeys: true, (journal, output, error) =>
            JournalDump.Run(journal.Folder, journal.Keys!, parsed.GetValue(control), output, error)));
        return command;
    }

    private static Command Verify()
    {
        var place = new Place();
        var chainOnly = new Option<bool>("--chain-only") { Description = "Check the chain and the headers only, which needs no keys." };
        var command = place.Into(new Command(
            "verify",
            "Check every block's seal, the chain of the segments, their numbers and their keys, and the file of decisions. Exits with 0 when all is as it was written, else with 1 and a line for each damage. A journal that is being written, or whose writer was killed, may end in the middle of a block: that is said, and is no damage."));
        command.Add(chainOnly);
        command.SetAction(parsed => Run(parsed, place, !parsed.GetValue(chainOnly), (journal, output, _) =>
            JournalCheck.Run(
                new JournalVerifier(journal.Folder, journal.Meeting, journal.Keys),
                journal.Keys is { } keys ? new DecisionReader(Path.Combine(journal.Folder, MeetingFolder.DecisionsName), keys) : null, output)));
        return command;
    }

    private static Command Pcap()
    {
        var place = new Place();
        var file = new Option<string>("--output", "-o") { Description = "The file to write, replaced if it is there. It holds the meeting's sound, and no key protects it.", HelpName = "FILE", Required = true };
        var command = place.Into(new Command(
            "pcap",
            "Write the packets as a capture (pcap). Network addresses are not in a journal: all is sent from 127.0.0.1 to 127.0.0.1, and the ports are invented, 20000 + 2 × the number of the track for RTP and the next for RTCP. Times are the arrivals, by the meeting's clock and the wall time it was anchored to. Packets of which only the header was kept are left out and counted."));
        command.Add(file);
        command.SetAction(parsed => Run(parsed, place, withKeys: true, (journal, output, error) =>
            JournalCapture.Run(journal.Folder, journal.Keys!, parsed.GetRequiredValue(file), output, error)));
        return command;
    }

    private static int Run(ParseResult parsed, Place place, bool withKeys, Func<JournalPlace, TextWriter, TextWriter, int> run)
    {
        var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
        try
        {
            var settings = PipelineHost.Settings([], Directory.GetCurrentDirectory());
            string data = Full(parsed.GetValue(place.Data) ?? settings["DATA"], "data"), keys = Full(parsed.GetValue(place.Keys) ?? settings["KEYS"], "keys");
            if (JournalPlace.TryFind(parsed.GetRequiredValue(place.Meeting), data, withKeys ? keys : null, out var journal, out string refused))
                return run(journal, output, error);
            error.WriteLine(refused);
        }
        catch (Exception unable) when (unable is IOException or UnauthorizedAccessException)
        {
            error.WriteLine($"The journal cannot be read, or what is made of it not written: {unable.Message}");
        }
        return 1;
    }

    private static string Full(string? path, string byDefault) => Path.GetFullPath(string.IsNullOrEmpty(path) ? byDefault : path);

    /// <summary>What each of the commands is told: which meeting, and where.</summary>
    private sealed class Place
    {
        public Argument<string> Meeting { get; } = new("MEETING") { Description = "The id of a meeting in the data directory, or the path of a meeting's folder." };
        public Option<string?> Data { get; } = new("--data") { Description = "Directory of meetings; by default the environment's PIPELINE_DATA, else ./data.", HelpName = "DIR" };
        public Option<string?> Keys { get; } = new("--keys") { Description = "Directory of the node's keys; by default the environment's PIPELINE_KEYS, else ./keys.", HelpName = "DIR" };

        public Command Into(Command command)
        {
            command.Add(Meeting);
            command.Add(Data);
            command.Add(Keys);
            return command;
        }
    }
}
