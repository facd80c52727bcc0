using System.CommandLine;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Commands;
using Pipeline.Api.Tests.Replay;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Tests.Journal;

/// <summary>A data folder with one meeting, whose journal a real writer writes, and the command line over it.</summary>
internal sealed class WrittenJournal : IDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder folder = new();
    private readonly JournalDisk disk;
    private readonly MeetingKeys keys;
    private readonly MeetingFolder meeting;

    public WrittenJournal()
    {
        Id = MeetingId.New(Noon);
        Data = folder["data"];
        Keys = folder["keys"];
        meeting = new MeetingFolder(Data, Id);
        keys = meeting.OpenOrCreateKeys(new FileKeyVault(Keys));
        disk = new JournalDisk(folder.Path);
    }

    public MeetingId Id { get; }
    public string Data { get; }
    public string Keys { get; }
    public string Path => meeting.Path;
    public string Segment(int number) => System.IO.Path.Combine(meeting.Journal, $"{number:D8}.seg");
    public string Key(int number) => System.IO.Path.Combine(meeting.Journal, $"{number:D8}.key");
    public string File(string name) => folder[name];

    public JournalWriter Open(int run = 1) => new(meeting.Journal, Id.Value, run, keys, disk);

    /// <summary>Three segments: a packet of track 1 each 100 ms for 25 seconds, and the decisions around them.</summary>
    /// <returns>The packets that were sent, and when.</returns>
    public static async Task<List<(TimeSpan Arrival, byte[] Packet)>> WriteMeetingAsync(JournalWriter writer, bool close = true)
    {
        await writer.AppendAsync(new MeetingOpened("mtg_1", writer.Run, Noon), TimeSpan.Zero);
        await writer.AppendAsync(new ClockAnchor("boot", 0, 1_000_000, Noon), TimeSpan.Zero);
        await writer.AppendAsync(new TrackAdded(1, "alice", "Alice", "opus", 111, 48000, 2, 7, null), TimeSpan.Zero);
        var sent = new List<(TimeSpan, byte[])>();
        for (int n = 0; n < 250; n++)
        {
            var arrival = TimeSpan.FromMilliseconds(100 * n) + TimeSpan.FromMicroseconds(n);
            byte[] packet = CaptureBytes.Rtp(ssrc: 7, sequence: (ushort)n, payloadLength: 20 + n);
            writer.AddPacket(RecordKind.Rtp, 1, arrival, packet);
            writer.Commit();
            sent.Add((arrival, packet));
            while (n % 50 == 0 && !writer.IsWritten) await Task.Delay(1);            // blocks that wait long in a row are written as one
        }
        await writer.AppendAsync(close ? new MeetingClosed(25_000_000) : new SpeechLost(1, 0, 25_000_000), TimeSpan.FromSeconds(25));
        return sent;
    }

    public async Task<List<(TimeSpan Arrival, byte[] Packet)>> WriteAsync(bool close = true)
    {
        await using var writer = Open();
        return await WriteMeetingAsync(writer, close);
    }

    /// <summary>Blocks in the file of decisions.</summary>
    /// <returns>Its path.</returns>
    public string Decide(params string[] decided)
    {
        var decisions = DecisionFile.Open(meeting.Decisions, keys);
        foreach (string one in decided) decisions.Append(System.Text.Encoding.UTF8.GetBytes(one));
        return meeting.Decisions;
    }

    /// <summary>Flips one bit of a file.</summary>
    public static void Flip(string path, long offset)
    {
        byte[] bytes = System.IO.File.ReadAllBytes(path);
        bytes[offset] ^= 1;
        System.IO.File.WriteAllBytes(path, bytes);
    }

    /// <summary>`pipeline journal …` on this meeting.</summary>
    public (int Exit, string Output, string Error) Run(string verb, params string[] more) => RunOn(Id.ToString(), verb, more);

    public (int Exit, string Output, string Error) RunOn(string meeting, string verb, params string[] more)
    {
        using StringWriter output = new(), error = new();
        int exit = JournalCommand.Create().Parse([verb, meeting, "--data", Data, "--keys", Keys, .. more])
            .Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }

    public void Dispose()
    {
        disk.Dispose();
        folder.Dispose();
    }
}
