using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.Ingest.Codecs;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

public sealed class ReleaseReviewCaptureTests(ITestOutputHelper output) : CaptureReplay(output)
{
    [Fact]
    public Task Everybody_is_recorded_where_their_packets_arrived() => ReplayAsync("release-review-opus-vp8", "release-review", fewestUtterances: 15);
}

public sealed class OrchardCaptureTests(ITestOutputHelper output) : CaptureReplay(output)
{
    [Fact]
    public Task Everybody_is_recorded_where_their_packets_arrived() => ReplayAsync("orchard-opus", "orchard", fewestUtterances: 8);
}

public sealed class OrchardVp8CaptureTests(ITestOutputHelper output) : CaptureReplay(output)
{
    [Fact]
    public Task Everybody_is_recorded_where_their_packets_arrived() => ReplayAsync("orchard-opus-vp8", "orchard", fewestUtterances: 3);
}

public sealed class OrchardH264CaptureTests(ITestOutputHelper output) : CaptureReplay(output)
{
    [Fact]
    public Task Everybody_is_recorded_where_their_packets_arrived() => ReplayAsync("orchard-opus-h264", "orchard", fewestUtterances: 3);
}

/// <summary>RTP of real browsers through a real SFU, through the whole program.</summary>
public abstract class CaptureReplay(ITestOutputHelper output)
{
    /// <summary>Captured browsers' packets come 25–45 ms apart for 20 ms of sound: arrival cannot say more.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(40);
    private const int Rate = RecordedMeeting.Rate;

    /// <param name="fewestUtterances">Some have no one place, as the browser's microphone stalled in the middle; so many have.</param>
    protected async Task ReplayAsync(string capture, string talk, int fewestUtterances)
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var source = ReplaySource.Open([Fixtures.Capture(capture + ".pcap")], video: true);

        var recorded = await RecordedMeeting.RecordAsync(server, source);

        Assert.Equal("completed", recorded.Meeting.Status);
        foreach (var (info, probe) in recorded.Files)
        {
            output.WriteLine($"{info.Kind} {probe.Format} {probe.Audio.Codec} {probe.Duration.TotalSeconds:0.000} s, the meeting {recorded.Meeting.DurationMs / 1000.0:0.000} s");
            Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);
        }
        int found = 0;
        foreach (var stream in source.Streams.Where(s => s.Kind == "video")) AssertPictures(recorded, stream);
        Assert.Equal(recorded.Pictures.Keys.Order(), recorded.Stills.Where(s => s.Kind == "thumbnail").Select(s => recorded.Meeting.Tracks.Single(t => t.Id == s.TrackId).Participant.Id).Order());
        Assert.Contains(recorded.Stills, s => s is { Kind: "waveform", ContentType: "image/png" });
        foreach (var stream in source.Streams.Where(s => s.Kind == "audio"))
        {
            Assert.True(recorded.Sound.ContainsKey(stream.Participant.Id), $"{stream.Participant.Id} has no track");
            float[] reference = await FfmpegDecode.ToFloatAsync(Fixtures.Capture($"{talk}/{stream.Participant.Id}.flac"), Rate);
            var arrivals = new StreamArrivals(recorded, stream);
            foreach (var (start, end, text) in Utterances(Fixtures.Capture($"{talk}/talk.json"), stream.Participant))
            {
                int from = (int)(start * Rate), length = (int)(Math.Min(end - start, 1.5) * Rate);
                if (from + length > reference.Length || start + 2 > source.Duration.TotalSeconds) continue;   // the shorter captures end before it
                var snippet = reference.AsSpan(from, length);
                if (arrivals.PlaceOf(snippet, start) is not { } expected) continue;                            // a stall in the middle of the snippet: it has no one place

                found++;
                var (off, peak) = recorded.Locate(stream.Participant.Id, snippet, expected);
                output.WriteLine($"{stream.Participant.Id,-8} {start,6:0.00} off {off.TotalMilliseconds,6:0.0} ms, likeness {peak:0.00}: {text}");
                Assert.True(off.Duration() <= Tolerance && peak > 0.3, $"{stream.Participant.Id}: “{text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
                var (mixOff, mixPeak) = recorded.Locate("mix", snippet, expected);
                Assert.True(mixOff.Duration() <= Tolerance || mixPeak < 0.3, $"mix: “{text}” lies {mixOff.TotalMilliseconds:0.0} ms off (likeness {mixPeak:0.00})");
            }
        }
        output.WriteLine($"{found} utterances found");
        Assert.True(found >= fewestUtterances, $"{found} utterances found");
    }

    /// <summary>All that were sent are there, each when its first packet was sent, but for the first second, of which browsers send a part late and at once.</summary>
    private void AssertPictures(RecordedMeeting recorded, ReplayStream stream)
    {
        int index = recorded.Log.Source.Streams.ToList().IndexOf(stream);
        var wire = recorded.Log.Source.Packets.Where(p => p.Stream == index).ToList();
        var sent = recorded.Log.Packets.Where(p => p.Stream == index).Zip(wire)
            .GroupBy(p => p.First.Timestamp).Where(g => g.Any(p => (p.Second.Bytes.Span[1] & 0x80) != 0)).Select(g => g.Min(p => p.First.Sent!.Value) - recorded.StartedUnix).ToList();
        var shown = recorded.Pictures[stream.Participant.Id];
        var late = shown.Zip(sent, (at, by) => (by - at).TotalMilliseconds).Order().ToList();
        output.WriteLine($"{stream.Participant.Id,-8} {shown.Count} pictures of {sent.Count}, sent {late[0]:0.0} … {late[^1]:0.0} ms after they are shown, half of them less than {late[late.Count / 2]:0.0}");
        Assert.Equal(sent.Count, shown.Count);
        Assert.InRange(late[late.Count / 2], -Tolerance.TotalMilliseconds, Tolerance.TotalMilliseconds);
    }

    private static IEnumerable<(double Start, double End, string Text)> Utterances(string talk, ReplayParticipant participant)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(talk));
        var people = document.RootElement.GetProperty("people");
        foreach (var segment in people.GetProperty(participant.Id).GetProperty("segments").EnumerateArray())
            yield return (segment.GetProperty("start").GetDouble(), segment.GetProperty("end").GetDouble(), segment.GetProperty("text").GetString()!);
    }

    /// <summary>
    /// An account of the stream independent of the recorder: its packets decoded back to back in RTP time tell which packet carries a
    /// sound, and the sender's log when that packet was sent.
    /// </summary>
    private sealed class StreamArrivals
    {
        private readonly List<(long Sample, TimeSpan Sent)> packets = [];            // RTP time at 48 kHz since the first, meeting time
        private readonly float[] sound;                                              // at Rate, contiguous in RTP time

        public StreamArrivals(RecordedMeeting recorded, ReplayStream stream)
        {
            int index = recorded.Log.Source.Streams.ToList().IndexOf(stream);
            var sent = recorded.Log.Packets.Where(p => p.Stream == index).ToList();
            var bytes = recorded.Log.Source.Packets.Where(p => p.Stream == index).ToList();
            uint first = sent[0].Timestamp;
            sound = new float[(sent[^1].Timestamp - first + 5760) / 3 + Rate];
            using var decoder = new OpusDecoder(Rate);
            var pcm = new float[Rate];
            foreach (var (packet, wire) in sent.Zip(bytes))
            {
                long sample = packet.Timestamp - first;
                packets.Add((sample, packet.Sent!.Value - recorded.StartedUnix));
                Assert.True(Ingest.Rtp.RtpPacket.TryParse(wire.Bytes.Span, out var rtp));
                int decoded = decoder.Decode(rtp.Payload, pcm);
                pcm.AsSpan(0, decoded).CopyTo(sound.AsSpan((int)(sample / 3)));
            }
        }

        /// <summary>Meeting time at which the snippet's first sample belongs; null where its packets do not agree.</summary>
        public TimeSpan? PlaceOf(ReadOnlySpan<float> snippet, double start)
        {
            int around = (int)(start * Rate);
            var match = Correlation.FindWithin(sound, snippet, around - 2 * Rate, around + Rate);
            const int CodecDelay = 312;                                              // Opus sound lies 6.5 ms behind its timestamps
            long sample = match.Offset * 3L - CodecDelay;
            long end = sample + snippet.Length * 3L;
            var carrying = packets.Where(p => p.Sample + 960 > sample && p.Sample < end).ToList();
            var offsets = carrying.Select(p => p.Sent - TimeSpan.FromSeconds(p.Sample / 48000.0)).ToList();
            int half = offsets.Count / 2;
            TimeSpan before = offsets.Take(half).Min(), after = offsets.Skip(half).Min();
            if ((before - after).Duration() > TimeSpan.FromMilliseconds(30)) return null;
            return TimeSpan.FromSeconds(sample / 48000.0) + offsets.Min();
        }
    }
}
