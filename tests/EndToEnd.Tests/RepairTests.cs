using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>GStreamer sends over a network that loses packets: one sender answers requests for them, others carry them twice.</summary>
public sealed partial class RepairTests(ITestOutputHelper output)
{
    private const byte Opus = 96, Rtx = 97, Red = 63;
    private const int Packets = 500;                                                 // ten seconds

    [Fact(Timeout = 120_000)]
    public async Task What_the_network_loses_is_asked_for_or_found_and_is_in_the_files_as_it_was_sent()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var created = await server.Http.PostAsync("/v1/meetings", JsonContent.Create(JsonElement.Parse("""
            {"captions":false,"outputs":["tracks"],"tracks":[
              {"participant":{"id":"alice"},"payload_type":96,"ssrc":1,"from":"127.0.0.1/32","rtx":{"payload_type":97}},
              {"participant":{"id":"bob"},"payload_type":96,"ssrc":2,"red_payload_type":63},
              {"participant":{"id":"carol"},"codec":"red","payload_type":63,"fmtp":"96/96","ssrc":3}]}
            """)));
        var meeting = await JsonAsync(created);
        string id = meeting.GetProperty("id").GetString()!;
        var to = new IPEndPoint(IPAddress.Loopback, meeting.GetProperty("ingest").GetProperty("port").GetInt32());

        using var alice = new LossyRelay(to, seed: 1, loss: 0.06);
        using var bob = new LossyRelay(to, seed: 2, loss: 0.06);
        using var carol = new LossyRelay(to, seed: 3, loss: 0.06);
        using var repairing = GStreamer(
            $"rtpsession name=s rtp-profile=avpf {Sender(1)} ! rtprtxsend payload-type-map=application/x-rtp-pt-map,{Opus}=(uint){Rtx} ! s.send_rtp_sink " +
            $"s.send_rtp_src ! udpsink host=127.0.0.1 port={alice.MediaPort} udpsrc port={alice.FeedbackPort} ! s.recv_rtcp_sink " +
            $"s.send_rtcp_src ! udpsink host=127.0.0.1 port={alice.ReportPort} sync=false async=false");
        using var nearest = GStreamer($"{Sender(2)} ! rtpredenc pt={Red} distance=1 allow-no-red-blocks=true ! udpsink host=127.0.0.1 port={bob.MediaPort}");
        using var farther = GStreamer($"{Sender(3)} ! rtpredenc pt={Red} distance=2 allow-no-red-blocks=true ! udpsink host=127.0.0.1 port={carol.MediaPort}");
        var printed = new[] { repairing, nearest, farther }.Select(sender => sender.StandardOutput.ReadToEndAsync()).ToList();
        await Task.WhenAll(new[] { alice, bob, carol }.Select(link => link.WhenOverAsync(Packets)));
        foreach (var sender in new[] { repairing, nearest, farther }) sender.Kill();  // some wait at their end for ever
        var metrics = await server.Http.GetStringAsync("/metrics");
        await server.Client.StopMeetingAsync(id, default);
        await server.Client.WaitUntilOverAsync(id, default);

        var quality = (await JsonAsync(await server.Http.GetAsync($"/v1/meetings/{id}/quality"))).GetProperty("tracks");
        await AssertAsync(server, id, quality[0], alice, n => true);
        await AssertAsync(server, id, quality[1], bob, n => bob.Arrived(n + 1));
        await AssertAsync(server, id, quality[2], carol, n => carol.Arrived(n + 2));
        AssertReports(await printed[0], alice);
        Assert.Matches(@"pipeline_rtcp_sent_packets_total\{kind=""report""\} [1-9]", metrics);
        Assert.Matches(@"pipeline_rtp_recovered_packets_total\{how=""rtx""\} [1-9]", metrics);
        Assert.Matches(@"pipeline_rtp_recovered_packets_total\{how=""red""\} [1-9]", metrics);
        long received = quality.EnumerateArray().Sum(track => track.GetProperty("packets_received").GetInt64());
        Assert.Contains($"\npipeline_rtp_received_packets_total {received}\n", await server.Http.GetStringAsync("/metrics"));
    }

    /// <param name="isRecoverable">By index in the order of sending: this packet, if lost, could come all the same.</param>
    private async Task AssertAsync(PipelineServer server, string id, JsonElement track, LossyRelay link, Func<int, bool> isRecoverable)
    {
        string who = track.GetProperty("participant").GetProperty("id").GetString()!;
        var sent = link.Media;
        int first = sent.FindIndex(p => !p.Lost), last = sent.FindLastIndex(p => !p.Lost);
        var within = Enumerable.Range(first, last - first + 1).ToList();
        var lost = within.Where(n => sent[n].Lost).ToList();
        var back = lost.Where(isRecoverable).ToList();
        output.WriteLine($"{who}: {sent.Count} sent, {lost.Count} lost, {back.Count} recoverable; {track.GetRawText()}");
        Assert.True(lost.Count >= 10, $"{who}: the link lost {lost.Count}");
        Assert.Equal((within.Count - lost.Count, lost.Count), (track.GetProperty("packets_received").GetInt32(), track.GetProperty("packets_lost").GetInt32()));
        Assert.Equal(back.Count, track.GetProperty("packets_recovered").GetInt32());
        Assert.Equal(lost.Count == back.Count ? 0 : 20 * (lost.Count - back.Count), track.GetProperty("concealed_ms").GetInt32());

        var recording = (await server.Client.GetRecordingsAsync(id, default)).Single(r => r.TrackId == track.GetProperty("track_id").GetString());
        string path = Path.Combine(Path.GetTempPath(), recording.Id);
        try
        {
            await server.Client.DownloadAsync(recording, path, default);
            var ours = sent.Select(p => Hash(p.Payload)).ToHashSet();
            var kept = (await HashesAsync(path)).Where(ours.Contains).ToList();      // without the silence before, between and after
            Assert.Equal(within.Where(n => !sent[n].Lost || isRecoverable(n)).Select(n => Hash(sent[n].Payload)), kept);
        }
        finally { File.Delete(path); }
    }

    /// <summary>What GStreamer's session understood of what it was told.</summary>
    private void AssertReports(string printed, LossyRelay link)
    {
        string stats = printed.Split('\n').Last(line => line.Contains("rb-round-trip", StringComparison.Ordinal));
        int Value(string name) => int.Parse(Regex.Match(stats, $@"(?<!sent-){name}\\*=\\*\((?:u?int)\\*\)(-?\d+)").Groups[1].Value);
        output.WriteLine($"told: lost {Value("rb-packetslost")}, highest {Value("rb-exthighestseq")}, jitter {Value("rb-jitter")}, round trip {Value("rb-round-trip") / 65.536:0} ms, requests {Value("recv-nack-count")}");
        Assert.True(Value("recv-nack-count") > 0);
        Assert.True(Value("rb-exthighestseq") > 0);
        Assert.InRange(Value("rb-round-trip"), 0, 65536 / 2);                        // by when its own report came, and how long ago that was
        Assert.InRange(Value("rb-packetslost"), 0, link.Media.Count(p => p.Lost) + link.Repairs);
    }

    private static string Sender(uint ssrc) =>
        $"audiotestsrc is-live=true wave=pink-noise volume=0.2 samplesperbuffer=960 num-buffers={Packets} ! audio/x-raw,rate=48000,channels=1 ! opusenc ! rtpopuspay pt={Opus} ssrc={ssrc}";

    private static Process GStreamer(string pipeline)
    {
        var process = Process.Start(new ProcessStartInfo("gst-launch-1.0", ["-v", .. pipeline.Split(' ')]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task<List<string>> HashesAsync(string path)
    {
        using var process = Process.Start(new ProcessStartInfo("ffprobe", ["-v", "error", "-show_packets", "-show_data_hash", "SHA256", "-show_entries", "packet=data_hash", "-of", "csv=p=0", path]) { RedirectStandardOutput = true })!;
        string printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return [.. Sha().Matches(printed).Select(m => m.Groups[1].Value)];
    }

    [GeneratedRegex("SHA256:([0-9a-f]{64})")]
    private static partial Regex Sha();

    private static string Hash(byte[] payload) => Convert.ToHexStringLower(SHA256.HashData(payload));

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }
}
