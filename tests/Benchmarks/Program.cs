using Pipeline.Benchmarks;

for (int n = 0; n < 6; n++)
{
    var r = await ReceivePath.RunAsync(Path.GetTempPath());
    double k = r.Packets;
    Console.WriteLine($"{r.Packets} wall {r.WallNs / k:F0} cpu {r.Process / k:F0} loop {r.Loop / k:F0} place {r.Place / k:F0} rest {(r.Process - r.Loop) / k:F0} ns/p; alloc {r.LoopAllocated / k:F2} {r.ProcessAllocated / k:F2}; {r.Sent} {r.Read} {r.FileBytes}");
}
return 0;
