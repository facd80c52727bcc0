using System.Text.Json;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Tests.Mixing;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Jitter;

/// <summary>People who spoke into real browsers' microphones, recorded over a real SFU that sends no sender reports: who said what when, against each other.</summary>
public class CaptureSyncTests(ITestOutputHelper output)
{
    private const int Rate = 16000;
    private static readonly TimeSpan BetweenTwo = Ms(40);

    [Theory]
    [InlineData("orchard-opus", "orchard")]
    [InlineData("orchard-opus-vp8", "orchard")]
    [InlineData("orchard-opus-h264", "orchard")]
    [InlineData("release-review-opus-vp8", "release-review")]
    public async Task Everybody_is_as_late_as_everybody_else(string capture, string talk)
    {
        using var account = JsonDocument.Parse(await File.ReadAllTextAsync(Fixtures.Capture(capture + ".json")));
        using var said = JsonDocument.Parse(await File.ReadAllTextAsync(Fixtures.Capture(talk + "/talk.json")));
        var datagrams = Capture.Read(capture + ".pcap").ToList();
        var late = new List<(string Who, TimeSpan Late)>();
        foreach (var stream in account.RootElement.GetProperty("streams").EnumerateArray().Where(s => s.GetProperty("kind").GetString() == "audio"))
        {
            string who = stream.GetProperty("participant").GetString()!;
            var packets = Of(stream.GetProperty("ssrc").GetUInt32(), datagrams);
            double began = stream.GetProperty("first_packet").GetDouble() - packets[0].At.TotalSeconds;   // of the capture, Unix time
            double opened = account.RootElement.GetProperty("participants").GetProperty(who).GetProperty("mic_opened_at").GetDouble() - began;
            float[] heard = Record(packets), reference = Thirds(await Sound.DecodeAsync(Fixtures.Capture($"{talk}/{who}.flac")));
            foreach (var segment in said.RootElement.GetProperty("people").GetProperty(who).GetProperty("segments").EnumerateArray())
            {
                double start = segment.GetProperty("start").GetDouble(), length = Math.Min(1.5, segment.GetProperty("end").GetDouble() - start);
                if ((start + length) * Rate > reference.Length || opened + start + 3 > packets[^1].At.TotalSeconds) continue;
                var snippet = reference.AsSpan((int)(start * Rate), (int)(length * Rate));
                int expected = (int)((opened + start) * Rate);
                var match = Correlation.FindWithin(heard, snippet, expected - Rate / 2, expected + 2 * Rate);
                // A microphone that stalled hears everything later from then on; a stall within the words leaves them no one place.
                var (before, after) = (Behind(packets, match.Offset / (double)Rate), Behind(packets, match.Offset / (double)Rate + length));
                if (match.Peak < 0.5 || (after - before).Duration() > Ms(20)) continue;
                var lateness = TimeSpan.FromSeconds((match.Offset - expected) / (double)Rate) - before;
                output.WriteLine($"{who,-8} {start,6:0.00} s: {lateness.TotalMilliseconds,5:0} ms late, and {before.TotalMilliseconds,4:0} by stalls (likeness {match.Peak:0.00})");
                late.Add((who, lateness));
            }
        }
        Assert.Equal(3, late.Select(l => l.Who).Distinct().Count());
        Assert.True(late.Max(l => l.Late) - late.Min(l => l.Late) <= BetweenTwo, string.Join(", ", late.Select(l => $"{l.Who} {l.Late.TotalMilliseconds:0}")));
    }

    private static List<(TimeSpan At, byte[] Bytes, uint Timestamp)> Of(uint ssrc, List<(TimeSpan At, int Port, byte[] Datagram)> datagrams)
    {
        var packets = new List<(TimeSpan, byte[], uint)>();
        foreach (var (at, _, datagram) in datagrams)
            if (RtpPacket.TryParse(datagram, out var packet) && packet.Ssrc == ssrc) packets.Add((at, datagram, packet.Timestamp));
        return packets;
    }

    /// <summary>As the meeting's mix has it, where this one alone is in it.</summary>
    private static float[] Record(List<(TimeSpan At, byte[] Bytes, uint Timestamp)> packets)
    {
        var mix = new CollectingMix();
        using var pipeline = new MediaPipeline(journal: null, mix, speech: null);
        pipeline.AddTrack(Track() with { AudioLevelExtension = 1 });
        var now = TimeSpan.Zero;
        foreach (var (at, bytes, _) in packets)
        {
            for (; now < at; now += Ms(20)) pipeline.Advance(now);
            pipeline.Receive(bytes, Loopback, at);
        }
        pipeline.Finish(now + Ms(500));
        Assert.True(pipeline.MixIsWhole);
        return Thirds([.. mix.Samples]);
    }

    /// <summary>How far RTP time has fallen behind since the stream began, by the quickest packets around.</summary>
    private static TimeSpan Behind(List<(TimeSpan At, byte[] Bytes, uint Timestamp)> packets, double seconds)
    {
        TimeSpan Transit((TimeSpan At, byte[], uint Timestamp) p) => p.At - TimeSpan.FromSeconds((int)(p.Timestamp - packets[0].Timestamp) / 48000.0);
        return packets.Where(p => Math.Abs(p.At.TotalSeconds - seconds) < 0.3).Min(Transit) - packets.Take(50).Min(Transit);
    }

    private static float[] Thirds(float[] pcm) => [.. Enumerable.Range(0, pcm.Length / 3).Select(i => pcm[3 * i])];
}
