using System.Diagnostics;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Recording.Mp4;

namespace Pipeline.Benchmarks;

/// <summary>What an hour costs: its files, made of the journal, and the memory while it runs. Wall time, as whoever waits has it.</summary>
internal static class LongMeetings
{
    /// <param name="length">An hour; less for a look.</param>
    public static async Task RunAsync(string folder, TimeSpan length)
    {
        var table = new Table($"{length.TotalMinutes:0} min of ten people, from the journal", "goal", "measured", "times real time");
        await FilesAsync(folder, length, Talkers.TracksEach, mix: false, "ten tracks of people who all talk all the time, s", "≤ 6", table);
        await FilesAsync(folder, length, 2, mix: true, "the mix, two talking at a time (after a crash), s", "≤ 30", table);
        await LiveAsync(folder, length, table);
        table.Print();
        Console.WriteLine();
        await MemoryAsync(folder, length);
    }

    private static async Task FilesAsync(string folder, TimeSpan length, int talking, bool mix, string what, string goal, Table table)
    {
        using var hour = new Hour(folder);
        await hour.PlayAsync(length, talking, mix: null);
        long began = Stopwatch.GetTimestamp();
        var made = await hour.RenderAsync(length, mix, tracks: !mix);
        var took = Stopwatch.GetElapsedTime(began);
        int files = made.Files.Count(f => f.Bytes > 0);
        if (files != (mix ? 1 : Talkers.TracksEach) + 1) throw new InvalidDataException($"{files} files");
        table.Add(what, goal, $"{took.TotalSeconds:F1}", $"{length / took:F0} ×");
    }

    /// <summary>From the last sample given to the live mix, to the file with its index in front, hashed.</summary>
    private static async Task LiveAsync(string folder, TimeSpan length, Table table)
    {
        using var hour = new Hour(folder);
        using var mix = new LiveMix(() => []);
        await using var recorder = new Recorder(
            new LiveTarget(hour.Folder, hour.Keys, 1, mix), 0, () => FfmpegProcess.TryStart(FfmpegArguments.Mix), why => throw new InvalidDataException(why), TimeProvider.System);
        await hour.PlayAsync(length, 2, new Paced(recorder));
        long began = Stopwatch.GetTimestamp();
        var part = await recorder.FinishAsync(TimeSpan.FromMinutes(1)) ?? throw new InvalidDataException("the live mix is not whole");
        Directory.CreateDirectory(hour.Recordings);
        string path = Path.Combine(hour.Recordings, "mix.mp4");
        await using var fragments = part.OpenRead();
        var made = ProgressiveMp4.Save(fragments, path, hour.Keys, CancellationToken.None);
        var file = await RenderedFile.AtAsync(RenderedKind.Mix, "aac", null, path, hour.Keys, CancellationToken.None);
        var took = Stopwatch.GetElapsedTime(began);
        if ((made - length).Duration() > TimeSpan.FromMilliseconds(50)) throw new InvalidDataException($"the mix has {made}");
        table.Add($"stop → mix ready, of a live mix that is whole ({file.Bytes / 1048576.0:F0} MiB), s", "≤ 2", $"{took.TotalSeconds:F1}", $"{length / took:F0} ×");
    }

    /// <summary>Receiving, journal, placement, decoding and mix of one meeting, played as fast as it goes: what it holds after a collection.</summary>
    private static async Task MemoryAsync(string folder, TimeSpan length)
    {
        using var hour = new Hour(folder);
        int[] looks = [.. new[] { 1, 2, 5, 10, 20, 30, 40, 50, 60 }.Where(m => m <= length.TotalMinutes)];
        var held = new Dictionary<int, double>();
        await hour.PlayAsync(length, 2, new Nowhere(), minute =>
        {
            if (looks.Contains(minute)) held[minute] = GC.GetTotalMemory(forceFullCollection: true) / 1048576.0;
        });
        var table = new Table(["memory a meeting holds, ten tracks, mix and journal", .. looks.Select(m => $"{m} min")]);
        table.Add(["MiB", .. looks.Select(m => $"{held[m]:F2}")]);
        table.Print();
    }

    /// <summary>Keeps a meeting that is played at speed from overtaking its encoder.</summary>
    private sealed class Paced(Recorder recorder) : IMixSink
    {
        public void Write(ReadOnlySpan<float> frame)
        {
            recorder.Write(frame);
            while (recorder.Waiting > 10 * OpusPacket.ClockRate) Thread.Sleep(1);
        }
    }

    private sealed class Nowhere : IMixSink
    {
        public void Write(ReadOnlySpan<float> frame) { }
    }
}
