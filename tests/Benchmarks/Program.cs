using System.Globalization;
using Pipeline.Benchmarks;
using Pipeline.Benchmarks.Load;

// Usage: [search] [rows=1,2,3,5,6,7] [seconds=N] [folder], where files are written and deleted again; the system's folder for temporary files if absent.
switch (args)
{
    case ["send", ..]:
        Sender.Run(SendPlan.Parse(args.AsSpan(1)));
        return 0;
    case ["journal", var journals]:
        await JournalNode.RunAsync(journals);
        return 0;
}
const int Rounds = 9, RealTimeRounds = 3;
string folder = args.FirstOrDefault(arg => arg != "search" && !arg.Contains('=')) ?? Path.GetTempPath();
Console.WriteLine(Machine.Describe(folder));
Console.WriteLine();
if (args is ["search", ..])
{
    await SearchTimes.RunAsync(folder);
    return 0;
}

// Rows 3 and 4, 500 participants and their memory, are of one run.
int[] rows = [.. (Value("rows=") ?? "1,2,3,5,6,7").Split(',').Select(row => int.Parse(row, CultureInfo.InvariantCulture)).Select(row => row == 4 ? 3 : row).Distinct()];
double? shorter = Value("seconds=") is { } given ? double.Parse(given, CultureInfo.InvariantCulture) : null;
foreach (int row in rows)
{
    switch (row)
    {
        case 1: await ReceiveAsync(); break;
        case 2: await MixingCost.RunAsync(Length(20)); break;
        case 3: await ManyMeetings.RunAsync(Length(60)); break;
        case 5: await JournalCost.RunAsync(Length(20)); break;
        case 6: await LongMeetings.RunAsync(folder, TimeSpan.FromHours(1) * ((shorter ?? 60) / 60)); break;
        case 7: await CompositeCost.RunAsync(folder, Length(60)); break;
        default: Console.Error.WriteLine($"there is no row {row}"); return 1;
    }
    Console.WriteLine();
}
return 0;

string? Value(string name) => args.FirstOrDefault(arg => arg.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
TimeSpan Length(double seconds) => TimeSpan.FromSeconds(shorter ?? seconds);

async Task ReceiveAsync()
{
    Console.WriteLine($"{Talkers.Count} SSRCs in {Talkers.Meetings} meetings, payloads of {Talkers.PayloadLength} bytes, journals under AES-256-GCM in {folder}");
    Console.WriteLine();
    await ReceivePath.RunAsync(folder);                                              // the compiler's round
    var received = new List<Round>();
    for (int n = 0; n < Rounds; n++) received.Add(await ReceivePath.RunAsync(folder));
    var realTime = new List<Round>();
    for (int n = 0; n < RealTimeRounds; n++) realTime.Add(await RealTime.RunAsync(folder));

    var table = new Table("what", "goal", "median", "best", "median ÷ goal");
    table.Rate("receive path, packets a CPU second of all threads", 500_000, received.Select(r => r.ReceivedPerCpuSecond));
    table.Cost("  bytes allocated a packet, on the loop's thread", "0", received.Select(r => (double)r.LoopAllocated / r.Packets));
    table.Cost("  bytes allocated a packet, the disk's threads too", "–", received.Select(r => (double)r.ProcessAllocated / r.Packets));
    table.Rate("with the recording tap, not decoding, a CPU second", null, received.Select(r => r.PlacedPerCpuSecond));
    table.Rate("with the recording tap, not decoding, a second", null, received.Select(r => r.PlacedPerSecond));
    table.Cost("  ns a packet: received and handed to the journal", "–", received.Select(r => (double)(r.LoopNs - r.PlaceNs) / r.Packets));
    table.Cost("  ns a packet: placed for the recording", "–", received.Select(r => (double)r.PlaceNs / r.Packets));
    table.Cost("  ns a packet: sealed, chained, written, synced", "–", received.Select(r => (double)(r.ProcessNs - r.LoopNs) / r.Packets));
    table.Rate("real sockets in real time, packets a CPU second", null, realTime.Select(r => r.PlacedPerCpuSecond));
    table.Cost("  cores for 25,000 packets a second", "–", realTime.Select(r => r.Cores));
    table.Print();

    var all = received.Concat(realTime).ToList();
    Console.WriteLine();
    Console.WriteLine($"{received.Count} rounds, and {realTime.Count} in real time: {all.Sum(r => r.Sent):N0} packets sent, {all.Sum(r => r.Read):N0} read back from the journals' files.");
}
