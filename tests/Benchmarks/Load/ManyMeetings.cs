namespace Pipeline.Benchmarks.Load;

/// <summary>50 meetings of 10, two talking in each, as one server has them: CPU, packets, and memory, by meeting, by track and over time.</summary>
internal static class ManyMeetings
{
    private const int Talking = 2;
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5), Sample = TimeSpan.FromSeconds(2);

    public static async Task RunAsync(TimeSpan length)
    {
        await using var server = await RecordingServer.StartAsync();
        await Task.Delay(Settling);
        double empty = ProcessUse.Memory(server.ProcessId);
        await server.CreateAsync(Talkers.Meetings, withTracks: false, "mix");
        await Task.Delay(Settling);
        double meetings = ProcessUse.Memory(server.ProcessId);
        await server.AddTracksAsync();

        var plan = new SendPlan(Talkers.Meetings, Talking, Silence.Said, (int)(Window.Compiling + length).TotalSeconds + 1, [server.Ports], []);
        using var sender = await SenderProcess.StartAsync(plan);
        sender.Begin();
        await Task.Delay(Window.Compiling);
        var encoders = server.Encoders;
        using var over = new CancellationTokenSource();
        var sampling = SampleAsync(server.ProcessId, over.Token);
        double[] cores = await Window.MeasureAsync(length, () => [ProcessUse.Cpu(server.ProcessId), encoders.Sum(ProcessUse.Cpu)]);
        await over.CancelAsync();
        var memory = await sampling;
        double encoder = encoders.Average(ProcessUse.Memory);
        var sent = await sender.FinishAsync();
        long missing = await server.MissingAsync(sent);

        int third = memory.Count / 3;
        double full = Median(memory), growth = (Median(memory[^third..]) - Median(memory[..third])) / (length * 2 / 3).TotalMinutes;
        var table = new Table($"{Talkers.Meetings} meetings of {Talkers.TracksEach}, {Talking} talking in each, {length.TotalSeconds:0} s, no captions", "goal", "measured");
        table.Add("packets sent", "–", $"{sent.Values.Sum():N0}");
        table.Add("packets missing", "0", $"{missing:N0}");
        table.Add("cores, all but the sender", "≤ 1.1", $"{cores[0] + cores[1]:F2}");
        table.Add("  the server", "–", $"{cores[0]:F2}");
        table.Add($"  its {encoders.Count} ffmpeg", "–", $"{cores[1]:F2}");
        table.Add("memory of the server without a meeting, MiB", "–", $"{empty:F1}");
        table.Add("  of each meeting, its tracks not counted, MiB", "≤ 8", $"{(meetings - empty) / Talkers.Meetings:F2}");
        table.Add("  of each track, MiB", "≤ 1", $"{(full - meetings) / Talkers.Count:F2}");
        table.Add("  growth of all that, MiB a minute", "0", $"{growth:F1}");
        table.Add("  beside it each ffmpeg, MiB", "–", $"{encoder:F1}");
        table.Print();
        await server.FinishAsync();
    }

    private static async Task<List<double>> SampleAsync(int process, CancellationToken ct)
    {
        var samples = new List<double>();
        using var tick = new PeriodicTimer(Sample);
        try
        {
            while (await tick.WaitForNextTickAsync(ct)) samples.Add(ProcessUse.Memory(process));
        }
        catch (OperationCanceledException) { /* the window is over */ }
        return samples;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
