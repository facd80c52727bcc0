using Pipeline.Benchmarks.Peers;

namespace Pipeline.Benchmarks.Load;

/// <summary>CPU of the whole way, RTP → mix → AAC in MP4, beside GStreamer, which gets the same packets at the same time.</summary>
internal static class MixingCost
{
    private const int Meetings = 4;

    /// <summary>Cores. <paramref name="Peer"/> is null where it was not measured.</summary>
    private sealed record Result(double Server, double Encoders, double? Peer, long Missing);

    public static async Task RunAsync(TimeSpan length)
    {
        await using var server = await RecordingServer.StartAsync();
        var table = new Table($"RTP → mix → AAC in MP4, {Meetings} meetings of {Talkers.TracksEach}; cores a talker", "server", "its ffmpeg", "both", "GStreamer", "cheaper", "goal", "packets missing");
        await MeasureAsync(server, Talkers.TracksEach, Silence.Said, Window.Compiling, default);
        await AddAsync("10 of 10 talk", "≥ 2", Talkers.TracksEach, Silence.Said);
        await AddAsync("2 of 10 talk, 8 send packets that say they are silent", "≥ 5", 2, Silence.Said);
        await AddAsync("2 of 10 talk, 8 send next to nothing (DTX)", "–", 2, Silence.Unsent);
        table.Print();

        async Task AddAsync(string what, string goal, int talking, Silence silence)
        {
            var r = await MeasureAsync(server, talking, silence, Window.WarmUp, length);
            int talkers = Meetings * talking;
            double both = r.Server + r.Encoders;
            table.Add(what, $"{r.Server / talkers:F4}", $"{r.Encoders / talkers:F4}", $"{both / talkers:F4}",
                r.Peer is { } p ? $"{p / talkers:F4}" : Table.NotMeasured, r.Peer is { } q ? $"{q / both:F1} ×" : Table.NotMeasured, goal, $"{r.Missing}");
        }
    }

    private static async Task<Result> MeasureAsync(RecordingServer server, int talking, Silence silence, TimeSpan before, TimeSpan length)
    {
        var folder = Directory.CreateTempSubdirectory("pipeline-bench-");
        try
        {
            await server.CreateAsync(Meetings, withTracks: true, "mix");
            int[] ports = [.. Enumerable.Range(0, Meetings).Select(_ => PortRange.Take(2 * Talkers.TracksEach))];
            await using var peer = GStreamer.IsInstalled && length > TimeSpan.Zero ? GStreamer.Start(folder.FullName, ports) : null;
            var plan = new SendPlan(Meetings, talking, silence, (int)(before + length).TotalSeconds + 1, [server.Ports], peer is null ? [] : [ports]);
            using var sender = await SenderProcess.StartAsync(plan);
            sender.Begin();
            await Task.Delay(before);
            var encoders = server.Encoders;
            double[] cores = await Window.MeasureAsync(length, () => [ProcessUse.Cpu(server.ProcessId), encoders.Sum(ProcessUse.Cpu), peer?.Cpu ?? 0]);

            var sent = await sender.FinishAsync();
            long missing = await server.MissingAsync(sent);
            if (peer is not null) await peer.FinishAsync(TimeSpan.FromSeconds(plan.Seconds));
            await server.FinishAsync();
            return new Result(cores[0], cores[1], peer is null ? null : cores[2], missing);
        }
        finally { folder.Delete(recursive: true); }
    }
}
