using Pipeline.Benchmarks;
using Pipeline.Benchmarks.Load;

if (args is ["send", ..])
{
    Sender.Run(SendPlan.Parse(args.AsSpan(1)));
    return 0;
}
if (args is ["mix", var secs])
{
    await MixingCost.RunAsync(TimeSpan.FromSeconds(int.Parse(secs)));
    return 0;
}

// Usage: [search] [folder], where files are written and deleted again; the system's folder for temporary files if absent.
const int Rounds = 9, RealTimeRounds = 3;
bool search = args is ["search", ..];
string folder = args[(search ? 1 : 0)..] is [var given, ..] ? given : Path.GetTempPath();
if (search)
{
    Console.WriteLine(Machine.Describe(folder));
    await SearchTimes.RunAsync(folder);
    return 0;
}

Console.WriteLine($"{Talkers.Count} SSRCs in {Talkers.Meetings} meetings, payloads of {Talkers.PayloadLength} bytes, journals under AES-256-GCM in {folder}");
Console.WriteLine(Machine.Describe(folder));
Console.WriteLine();

await ReceivePath.RunAsync(folder);                                                  // the compiler's round
var rounds = new List<Round>();
for (int n = 0; n < Rounds; n++) rounds.Add(await ReceivePath.RunAsync(folder));
var realTime = new List<Round>();
for (int n = 0; n < RealTimeRounds; n++) realTime.Add(await RealTime.RunAsync(folder));

var table = new Table("what", "goal", "median", "best", "median ÷ goal");
table.Rate("receive path, packets a CPU second of all threads", 500_000, rounds.Select(r => r.ReceivedPerCpuSecond));
table.Cost("  bytes allocated a packet, on the loop's thread", "0", rounds.Select(r => (double)r.LoopAllocated / r.Packets));
table.Cost("  bytes allocated a packet, the disk's threads too", "–", rounds.Select(r => (double)r.ProcessAllocated / r.Packets));
table.Rate("with the recording tap, not decoding, a CPU second", null, rounds.Select(r => r.PlacedPerCpuSecond));
table.Rate("with the recording tap, not decoding, a second", null, rounds.Select(r => r.PlacedPerSecond));
table.Cost("  ns a packet: received and handed to the journal", "–", rounds.Select(r => (double)(r.LoopNs - r.PlaceNs) / r.Packets));
table.Cost("  ns a packet: placed for the recording", "–", rounds.Select(r => (double)r.PlaceNs / r.Packets));
table.Cost("  ns a packet: sealed, chained, written, synced", "–", rounds.Select(r => (double)(r.ProcessNs - r.LoopNs) / r.Packets));
table.Rate("real sockets in real time, packets a CPU second", null, realTime.Select(r => r.PlacedPerCpuSecond));
table.Cost("  cores for 25,000 packets a second", "–", realTime.Select(r => r.Cores));
table.Print();

Console.WriteLine();
Console.WriteLine($"{rounds.Count} rounds, and {realTime.Count} in real time: {rounds.Concat(realTime).Sum(r => r.Sent):N0} packets sent, {rounds.Concat(realTime).Sum(r => r.Read):N0} read back from the journals' files.");
return 0;
