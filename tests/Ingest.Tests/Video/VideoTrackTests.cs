using System.Text.Json;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>From the wire through the journal to a file.</summary>
public class VideoTrackTests(ITestOutputHelper output)
{
    [Theory(Timeout = 180_000)]
    [InlineData("orchard-opus-vp8", 3)]
    [InlineData("orchard-opus-h264", 3)]
    [InlineData("release-review-opus-vp8", 1)]
    public async Task What_a_browser_sent_through_an_SFU_is_what_GStreamer_makes_of_it(string capture, int most)
    {
        using var journal = new JournalFolder();
        using var folder = new TemporaryFolder();
        var tracks = Streams(capture).Take(most).ToList();
        var all = Capture.Read(capture + ".pcap").ToList();
        var duration = all[^1].At + Ms(500);

        await RecordAsync(journal, tracks.Select(t => t.Track), all.Select(p => (p.Datagram, p.At)), duration);
        var made = (await new MeetingRenderer(journal.Reader(), folder.Path, duration).RenderAsync(mix: false, tracks: true, live: null, CancellationToken.None)).InPlain(journal.Keys);

        foreach (var (track, port) in tracks)
        {
            var file = Assert.Single(made.Files, f => f.Track == track.Number);
            Assert.Equal(track.Codec, file.Codec);
            var probe = await EncodedVideo.ProbeAsync(file.Path);
            var shown = await EncodedVideo.PicturesAsync(file.Path);
            var others = await GStreamerAsync(capture, port, track, int.Parse(probe["width"]), int.Parse(probe["height"]), folder);
            Assert.Equal(others, shown.Select(p => p.Hash));

            var times = all.Where(p => p.Port == port && !RtpPacket.IsRtcp(p.Datagram)).GroupBy(p => EncodedVideo.Timestamp(p.Datagram))
                .Where(g => g.Any(p => p.Datagram[1] >= 0x80)).Select(g => g.Min(p => p.At).TotalSeconds).ToList();   // the last may have been cut
            var late = Enumerable.Range(0, shown.Count).Select(n => times[^(shown.Count - n)] - shown[n].Seconds).Order().ToList();
            output.WriteLine($"track {track.Number}: {shown.Count} pictures, which came {late[0]:0.000} … {late[^1]:0.000} s after their place, half of them less than {late[late.Count / 2]:0.000}");
            Assert.InRange(late[0], -0.01, 0.01);                                    // browsers begin late, and catch up: their first second comes at once
            Assert.InRange(late[late.Count / 2], 0, 0.01);
            Assert.InRange(double.Parse(probe["duration"]), duration.TotalSeconds - 0.05, duration.TotalSeconds + 0.05);
            Assert.Equal(0, made.Quality[track.Number].PacketsLost);
            Assert.Empty(made.Quality[track.Number].Gaps);
        }
    }

    private static async Task RecordAsync(JournalFolder journal, IEnumerable<TrackDescription> tracks, IEnumerable<(byte[] Datagram, TimeSpan At)> packets, TimeSpan duration)
    {
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, mix: null, speech: null);
        await writer.AppendAsync(new MeetingOpened("mtg_1", 1, DateTimeOffset.UnixEpoch), Ms(0));
        foreach (var track in tracks)
        {
            await writer.AppendAsync(JournalFolder.Added(track), Ms(0));
            pipeline.AddTrack(track);
        }
        foreach (var (datagram, at) in packets)
        {
            pipeline.Receive(datagram, Loopback, at);
            pipeline.Commit();
            pipeline.Advance(at);
        }
        pipeline.Finish(duration);
        await writer.AppendAsync(new MeetingClosed((long)duration.TotalMicroseconds), duration);
    }

    private static IEnumerable<(TrackDescription Track, int Port)> Streams(string capture)
    {
        using var about = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Capture(capture + ".json")));
        int number = 0;
        foreach (var stream in about.RootElement.GetProperty("streams").EnumerateArray())
        {
            if (stream.GetProperty("kind").GetString() != "video") continue;
            yield return (
                new TrackDescription(
                    ++number, stream.GetProperty("participant").GetString()!, "A name", stream.GetProperty("codec").GetString()!, stream.GetProperty("pt").GetByte(), 90000, 1,
                    stream.GetProperty("ssrc").GetUInt32(), AudioLevelExtension: null, From: null)
                { Kind = MediaKind.Video, Source = "camera", OrientationExtension = 13 },
                stream.GetProperty("port").GetInt32());
        }
    }

    private static async Task<IEnumerable<string>> GStreamerAsync(string capture, int port, TrackDescription track, int width, int height, TemporaryFolder folder)
    {
        string packets = folder[$"{port}.rtp"], stream = folder[$"{port}.h264"];
        EncodedVideo.WriteFramed(packets, Capture.Read(capture + ".pcap").Where(p => p.Port == port).Select(p => p.Datagram));
        string caps = $"application/x-rtp-stream,media=(string)video,clock-rate=(int)90000,encoding-name=(string){track.Codec.ToUpperInvariant()},payload=(int){track.PayloadType}";
        string source = $"-q filesrc location={packets} ! {caps} ! rtpstreamdepay !";
        if (track.Codec != "h264") return await EncodedVideo.HashesAsync("gst-launch-1.0", $"{source} rtpvp8depay wait-for-keyframe=true ! vp8dec ! video/x-raw,format=I420 ! fdsink", frame: width * height * 3 / 2);
        await EncodedVideo.RunAsync("gst-launch-1.0", $"{source} rtph264depay wait-for-keyframe=true ! video/x-h264,stream-format=byte-stream ! filesink location={stream}");
        return (await EncodedVideo.PicturesAsync(stream)).Select(p => p.Hash);
    }
}
