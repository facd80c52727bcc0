using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.Ingest.Codecs;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>Somebody claps, again and again: what is seen and what is heard of it is at the same time, and at the right one, in every file there is.</summary>
public class SyncTests(ITestOutputHelper output)
{
    /// <summary>What viewers do not notice (ITU-R BT.1359: 45 ms early, 125 ms late).</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan[] Claps = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(11)];
    private const int Rate = 48_000;

    [Fact]
    public async Task Beeps_and_flashes_are_together_and_where_they_were_in_every_output()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        using var folder = new TemporaryFolder();

        var recorded = await RecordedMeeting.RecordAsync(server, await ClapsAsync());
        string id = recorded.Meeting.Id;
        var truth = new Dictionary<string, TimeSpan[]> { ["beep"] = PlacesOf(recorded, stream: 0), ["flash"] = PlacesOf(recorded, stream: 1) };

        var found = new List<(string File, string What, IReadOnlyList<TimeSpan> At)>();
        foreach (var recording in await server.Client.GetRecordingsAsync(id, default))
        {
            if (recording.Kind is not ("mix" or "track")) continue;
            await server.Client.DownloadAsync(recording, folder[recording.Id], default);
            if (recording.ContentType!.StartsWith("video/", StringComparison.Ordinal)) found.Add((recording.ContentType, "flash", await FlashingVideo.FlashesAsync(folder[recording.Id])));
            else found.Add(($"{recording.Kind} {recording.ContentType}", "beep", Beeps.Find(await FfmpegDecode.ToFloatAsync(folder[recording.Id], Rate), Rate)));
        }
        Assert.Equal(3, found.Count);
        foreach (string format in new[] { "mp4", "webm" })
        {
            string composite = await RenderAsync(server, id, format, folder);
            found.Add(($"composite {format}", "flash", await FlashingVideo.FlashesAsync(composite)));
            found.Add(($"composite {format}", "beep", Beeps.Find(await FfmpegDecode.ToFloatAsync(composite, Rate), Rate)));
        }
        await File.WriteAllBytesAsync(folder["live.mp4"], await server.Http.GetByteArrayAsync($"/v1/meetings/{id}/live/1-1.mp4"));
        found.Add(("live fragments", "beep", Beeps.Find(await FfmpegDecode.ToFloatAsync(folder["live.mp4"], Rate), Rate)));

        foreach (var (file, what, at) in found)
        {
            output.WriteLine($"{file,-22} {what,-5} {string.Join(' ', at.Zip(truth[what], (seen, was) => $"{(seen - was).TotalMilliseconds,6:0.0}"))} ms");
            Assert.True(at.Count == Claps.Length, $"{file}: {at.Count} of {Claps.Length} {what}es were found");
            for (int n = 0; n < Claps.Length; n++) Assert.InRange((at[n] - truth[what][n]).Duration(), TimeSpan.Zero, Tolerance);
        }
        foreach (var (file, what, at) in found)
            foreach (var (other, otherWhat, otherAt) in found)
                for (int n = 0; n < Claps.Length; n++)
                {
                    var apart = (at[n] - truth[what][n]) - (otherAt[n] - truth[otherWhat][n]);
                    Assert.True(apart.Duration() <= Tolerance, $"{what} {n} of {file} and {otherWhat} of {other} are {apart.TotalMilliseconds:0.0} ms apart");
                }
    }

    private static async Task<ReplaySource> ClapsAsync()
    {
        var alice = new ReplayParticipant("alice", "Alice");
        var voice = new ReplayStream { Participant = alice, Kind = "audio", Codec = "opus", PayloadType = 111, ClockRate = Rate, Ssrc = 1 };
        var camera = new ReplayStream { Participant = alice, Kind = "video", Codec = "vp8", PayloadType = 96, ClockRate = FlashingVideo.ClockRate, Ssrc = 2 };
        string lit = string.Join('+', Claps.Select(c => $"between(t,{c.TotalSeconds},{c.TotalSeconds + 0.3})"));
        var pictures = await FlashingVideo.PacketsAsync($"color=black:size=320x180:rate=25,drawbox=c=white:t=fill:enable='{lit}'", Length, 2, 96);
        var packets = Voice().Select(p => new ReplayPacket(0, p.Time, p.Datagram)).Concat(pictures.Select(p => new ReplayPacket(1, p.Time, p.Datagram)));
        return new ReplaySource("Claps", [voice, camera], [.. packets.OrderBy(p => p.Time).ThenBy(p => p.Stream)], Length);
    }

    private static List<(TimeSpan Time, byte[] Datagram)> Voice()
    {
        using var encoder = new OpusEncoder();
        float[] pcm = Beeps.Make(Rate, Length, Claps);
        var packets = new List<(TimeSpan, byte[])>();
        var payload = new byte[1275];
        for (int n = 0; (n + 1) * OpusEncoder.FrameSize <= pcm.Length; n++)
        {
            int length = encoder.Encode(pcm.AsSpan(n * OpusEncoder.FrameSize, OpusEncoder.FrameSize), payload);
            uint timestamp = (uint)(n * OpusEncoder.FrameSize);
            byte[] head = [0x80, 111, (byte)(n >> 8), (byte)n, (byte)(timestamp >> 24), (byte)(timestamp >> 16), (byte)(timestamp >> 8), (byte)timestamp, 0, 0, 0, 1];
            packets.Add((TimeSpan.FromSeconds(n * (double)OpusEncoder.FrameSize / Rate), [.. head, .. payload.AsSpan(0, length)]));
        }
        return packets;
    }

    /// <summary>Where the claps lie in the meeting: their media time, and what the quickest packet says of when that was.</summary>
    private static TimeSpan[] PlacesOf(RecordedMeeting recorded, int stream)
    {
        var origin = recorded.Log.Packets.Where(p => p.Stream == stream).Min(p => p.Sent!.Value - p.Media) - recorded.StartedUnix;
        return [.. Claps.Select(clap => clap + origin)];
    }

    private static async Task<string> RenderAsync(PipelineServer server, string id, string format, TemporaryFolder folder)
    {
        using var asked = await server.Http.PostAsJsonAsync($"/v1/meetings/{id}/renders", new { layout = "grid", format, width = 320, height = 180 });
        Assert.Equal(System.Net.HttpStatusCode.Accepted, asked.StatusCode);
        string job = asked.Headers.Location!.ToString();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (await timer.WaitForNextTickAsync())
        {
            var state = await server.Http.GetFromJsonAsync<JsonElement>(job);
            string status = state.GetProperty("status").GetString()!;
            Assert.True(status is "queued" or "running" or "completed", state.ToString());
            if (status != "completed") continue;
            string path = folder[$"composite.{format}"];
            await File.WriteAllBytesAsync(path, await server.Http.GetByteArrayAsync(state.GetProperty("result").GetProperty("url").GetString()));
            return path;
        }
        throw new InvalidOperationException();
    }
}
