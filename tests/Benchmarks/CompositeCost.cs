using System.Diagnostics;
using Pipeline.Benchmarks.Load;
using Pipeline.Ingest;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using Pipeline.Ingest.Streams;
using Pipeline.TestKit;

namespace Pipeline.Benchmarks;

/// <summary>What it takes to make one film of four cameras: from the journal to the sealed file. Wall time, as whoever waits has it.</summary>
internal static class CompositeCost
{
    private const int People = 4;
    private static readonly PeerAddress Sender = new(0x7F000001, 40000, IsIPv4: true);

    /// <param name="length">Of the meeting.</param>
    public static async Task RunAsync(string parent, TimeSpan length)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"pipeline-bench-{Guid.NewGuid():N}"));
        try
        {
            using var disk = new JournalDisk(folder.FullName);
            var id = Guid.NewGuid();
            var keys = MeetingKeys.OpenOrCreate(folder.FullName, id, new FileKeyVault(Path.Combine(folder.FullName, "keys")));
            string journal = Path.Combine(folder.FullName, "journal");
            await WriteAsync(new JournalWriter(journal, id, 1, keys, disk), length);

            var table = new Table($"composite of four 360p cameras, 25 pictures a second, 1280×720, {length.TotalSeconds:0} s", "goal", "measured, s", "times real time");
            foreach (var (layout, format, goal) in new[]
            {
                (RenderLayout.Grid, RenderFormat.Mp4, "≥ 3 × real time"), (RenderLayout.Speaker, RenderFormat.Mp4, "–"), (RenderLayout.Grid, RenderFormat.WebM, "–"),
            })
            {
                long began = Stopwatch.GetTimestamp();
                var request = new RenderRequest(layout, null, TimeSpan.Zero, length, 1280, 720, format);
                string? failure = await new CompositeRenderer(new JournalReader(journal, keys), length).RenderAsync(request, RenderText.None, Path.Combine(folder.FullName, "composite"), new Progress<double>(), CancellationToken.None);
                if (failure is not null) throw new InvalidDataException(failure);
                var took = Stopwatch.GetElapsedTime(began);
                table.Add($"{layout}, {format}".ToLowerInvariant(), goal, $"{took.TotalSeconds:F1}", $"{length / took:F1} ×");
            }
            table.Print();
        }
        finally { folder.Delete(recursive: true); }
    }

    private static async Task WriteAsync(JournalWriter writer, TimeSpan length)
    {
        var voices = SpokenPackets.Talking();
        var packets = new List<(TimeSpan At, byte[] Datagram)>();
        await using var journal = writer;
        using var pipeline = new MediaPipeline(journal, mix: null, speech: null);
        await journal.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), default);
        for (int person = 0; person < People; person++)
        {
            var voice = new TrackDescription(2 * person + 1, $"p{person}", $"Person {person}", "opus", 111, 48000, 2, (uint)(10 + person), AudioLevelExtension: null, From: null);
            var camera = new TrackDescription(2 * person + 2, $"p{person}", $"Person {person}", "vp8", 96, 90_000, 1, (uint)(20 + person), AudioLevelExtension: null, From: null) { Kind = MediaKind.Video, Source = "camera" };
            foreach (var track in new[] { voice, camera })
            {
                await journal.AppendAsync(
                    new TrackAdded(track.Number, track.Participant, track.Name, track.Codec, track.PayloadType, track.ClockRate, track.Channels, track.Ssrc, null)
                    {
                        Kind = track.Kind == MediaKind.Video ? "video" : "audio",
                        Source = track.Source,
                    }, default);
                pipeline.AddTrack(track);
            }
            packets.AddRange(await FlashingVideo.PacketsAsync($"testsrc2=size=640x360:rate=25,hue=h={90 * person}", length, (uint)(20 + person), 96));
            packets.AddRange(Spoken(voices[person % voices.Length], person, length));
        }
        foreach (var (at, datagram) in packets.OrderBy(p => p.At))
        {
            pipeline.Receive(datagram, Sender, at);
            pipeline.Commit();
            while (journal.WaitingBytes > 1 << 20) Thread.Sleep(1);
        }
        pipeline.Finish(length);
        await journal.AppendAsync(new MeetingClosed((long)length.TotalMicroseconds), length);
    }

    /// <summary>They talk by turns, ten seconds each.</summary>
    private static IEnumerable<(TimeSpan At, byte[] Datagram)> Spoken(SpokenPacket[] voice, int person, TimeSpan length)
    {
        var silence = SpokenPackets.Silence();
        for (int n = 0; n < length / Talkers.Tick; n++)
        {
            bool talks = n / 500 % People == person;
            var payload = (talks ? voice[n % voice.Length] : silence).Payload;
            uint timestamp = (uint)(960 * n);
            byte[] head = [0x80, 111, (byte)(n >> 8), (byte)n, (byte)(timestamp >> 24), (byte)(timestamp >> 16), (byte)(timestamp >> 8), (byte)timestamp, 0, 0, 0, (byte)(10 + person)];
            yield return (Talkers.Tick * n, [.. head, .. payload]);
        }
    }
}
