using Pipeline.Benchmarks.Peers;

namespace Pipeline.Benchmarks.Load;

/// <summary>CPU of keeping every packet of 500 talkers, and nothing else, beside Janus' own recordings of the same packets at the same time.</summary>
internal static class JournalCost
{
    public static async Task RunAsync(TimeSpan length)
    {
        var folder = Directory.CreateTempSubdirectory("pipeline-bench-");
        try
        {
            using var journal = await JournalProcess.StartAsync(folder.FullName);
            int[] ports = [.. Enumerable.Range(0, Talkers.Meetings).Select(_ => PortRange.Take(2 * Talkers.TracksEach))];
            await using var janus = Janus.IsInstalled ? await Janus.StartAsync(folder.FullName, ports) : null;
            var plan = new SendPlan(Talkers.Meetings, Talkers.TracksEach, Silence.Said, (int)(2 * Window.WarmUp + length).TotalSeconds + 1, [journal.Ports], janus is null ? [] : [ports]);
            using var sender = await SenderProcess.StartAsync(plan);
            sender.Begin();
            await Task.Delay(2 * Window.WarmUp);
            double[] cores = await Window.MeasureAsync(length, () => [journal.Cpu, janus?.Cpu ?? 0]);
            var sent = await sender.FinishAsync();
            await Task.Delay(TimeSpan.FromSeconds(1));                               // the last packets are still in the sockets
            long kept = await journal.FinishAsync();
            long? recorded = janus is null ? null : await janus.FinishAsync();

            var table = new Table($"keeping the packets of {Talkers.Count} talkers, {Talkers.Count * 50:N0} a second", "cores", "µs a packet", "packets missing");
            double perSecond = sent.Values.Sum() / (double)plan.Seconds;
            table.Add("journal: encrypted, chained, synced each 500 ms", $"{cores[0]:F3}", $"{cores[0] / perSecond * 1e6:F1}", $"{sent.Values.Sum() - kept:N0}");
            if (recorded is { } packets) table.Add("Janus: .mjr files, plain", $"{cores[1]:F3}", $"{cores[1] / perSecond * 1e6:F1}", $"{sent.Values.Sum() - packets:N0}");
            else table.Add("Janus: .mjr files, plain", Table.NotMeasured, Table.NotMeasured, Table.NotMeasured);
            table.Add("the journal is cheaper", janus is null ? Table.NotMeasured : $"{cores[1] / cores[0]:F1} ×", "–", "–");
            table.Print();
        }
        finally { folder.Delete(recursive: true); }
    }
}
