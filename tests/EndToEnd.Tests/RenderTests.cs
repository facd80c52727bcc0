using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>A meeting is recorded by the real program, with its composite, and rendered in every format; a server that is killed in the middle goes on with it.</summary>
public sealed class RenderTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(8);
    private const int FromMs = 1000, ToMs = 6000;

    [Fact(Timeout = 300_000)]
    public async Task A_meeting_that_is_over_is_rendered_in_every_format_over_a_kill_and_what_is_cancelled_leaves_nothing()
    {
        await using var server = await PipelineServer.StartAsync(20, ("PIPELINE_MODEL", null));
        var meeting = await RecordAsync(server);
        var own = await server.Client.GetRecordingsAsync(meeting.Id, default);
        var video = Assert.Single(own, file => file.Kind == "video");
        var seen = await ProbeAsync(server, video);
        Assert.Equal(["h264", "aac"], seen.Probe.Streams.Where(s => s.Kind is "video" or "audio").OrderByDescending(s => s.Kind).Select(s => s.Codec));
        Assert.InRange(seen.Probe.Duration.TotalMilliseconds - meeting.DurationMs, -80, 80);
        await AssertLoudnessOfMixAsync(server, own.Single(file => file.Kind == "mix"));

        // Asked for together: the first is being made when the server is killed, the others wait.
        (string Format, string? Layout, string Codec)[] asked = [("webm", "speaker", "vp9"), ("m4a", null, "aac"), ("ogg", null, "opus"), ("wav", null, "pcm_s16le"), ("mp4", "screen", "h264")];
        var jobs = new List<string>();
        foreach (var (format, layout, _) in asked) jobs.Add(await AskAsync(server, meeting, format, layout));
        string unwanted = await AskAsync(server, meeting, "ogg", null);
        await UntilAsync(server, jobs[0], job => job.GetProperty("status").GetString() != "queued");
        await server.KillAsync();
        await server.RestartAsync();
        using (var cancelled = await server.Http.PostAsync($"/v1/jobs/{unwanted}/cancel", null))
            Assert.Equal((HttpStatusCode.OK, "cancelled"), (cancelled.StatusCode, (await ReadAsync(cancelled)).GetProperty("status").GetString()));

        for (int n = 0; n < asked.Length; n++)
        {
            var (format, layout, codec) = asked[n];
            var job = await UntilAsync(server, jobs[n], job => job.GetProperty("status").GetString() is "completed" or "failed");
            output.WriteLine($"{format}: {job}");
            Assert.Equal("completed", job.GetProperty("status").GetString());
            var file = (await server.Client.GetRecordingsAsync(meeting.Id, default)).Single(one => one.Id == job.GetProperty("result").GetProperty("id").GetString());
            Assert.Equal((layout is null ? "mix" : "video", ToMs - FromMs, FromMs), (file.Kind, file.DurationMs, file.StartMs));
            var (probe, loudness) = await ProbeAsync(server, file);
            Assert.Contains(probe.Streams, stream => stream.Codec == codec);
            Assert.InRange(probe.Duration.TotalMilliseconds - (ToMs - FromMs), -80, 80);
            output.WriteLine($"{format}: {loudness}");
            Assert.InRange(loudness.Integrated, -17.5, -14.5);
            Assert.True(loudness.TruePeak <= -1.3, $"{format}: {loudness.TruePeak} dBTP");
        }
        Assert.Equal(own.Count + asked.Length, (await server.Client.GetRecordingsAsync(meeting.Id, default)).Count);
        AssertNothingIsLeftOrReadable(server, meeting.Id, own.Count + asked.Length);
        await AssertLinkAsync(server, meeting, video);
    }

    private static async Task<MeetingInfo> RecordAsync(PipelineServer server)
    {
        var source = ReplaySource.Open([Fixtures.Speech("release-review.json")]);
        var meeting = await server.Client.CreateMeetingAsync(RecordedMeeting.Describe(source) with { Outputs = ["mix", "tracks", "video"] }, default);
        using var enough = new CancellationTokenSource();
        var session = new ReplaySession(source, null);
        var sending = session.RunAsync(RecordedMeeting.Endpoint(meeting), ct: enough.Token);
        await meeting.UntilAsync(await session.Began - (meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch) + Long);
        await enough.CancelAsync();
        await sending;
        await server.Client.StopMeetingAsync(meeting.Id, default);
        var over = await server.Client.WaitUntilOverAsync(meeting.Id, default);
        Assert.Equal("completed", over.Status);
        return over;
    }

    private static async Task<string> AskAsync(PipelineServer server, MeetingInfo meeting, string format, string? layout)
    {
        var body = new Dictionary<string, object?> { ["format"] = format, ["from_ms"] = FromMs, ["to_ms"] = ToMs };
        if (layout is not null) (body["layout"], body["width"], body["height"]) = (layout, 320, 180);
        using var answer = await server.Http.PostAsJsonAsync($"/v1/meetings/{meeting.Id}/renders", body);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return (await ReadAsync(answer)).GetProperty("id").GetString()!;
    }

    private static async Task<JsonElement> UntilAsync(PipelineServer server, string job, Func<JsonElement, bool> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (true)
        {
            using var answer = await server.Http.GetAsync($"/v1/jobs/{job}", limit.Token);
            if (await ReadAsync(answer) is var seen && holds(seen)) return seen;
            await Task.Delay(50, limit.Token);
        }
    }

    private static async Task<(MediaFile Probe, MeasuredLoudness Loudness)> ProbeAsync(PipelineServer server, RecordingInfo file)
    {
        string path = Path.GetTempFileName();
        try
        {
            await server.Client.DownloadAsync(file, path, default);
            return (await Ffprobe.ReadAsync(path), await Ebur128.MeasureAsync(path));
        }
        finally { File.Delete(path); }
    }

    /// <summary>The live mix is measured as it is made; the file says the same.</summary>
    private async Task AssertLoudnessOfMixAsync(PipelineServer server, RecordingInfo mix)
    {
        var listed = (await server.Http.GetFromJsonAsync<JsonElement>(new Uri(mix.Url, UriKind.Relative).ToString().Split("/recordings/")[0] + "/recordings")).GetProperty("data");
        double said = listed.EnumerateArray().Single(file => file.GetProperty("id").GetString() == mix.Id).GetProperty("loudness_lufs").GetDouble();
        var (_, loudness) = await ProbeAsync(server, mix);
        output.WriteLine($"mix: {said} LUFS said, {loudness.Integrated} heard");
        Assert.InRange(said - loudness.Integrated, -0.5, 0.5);
    }

    /// <summary>Whole files and no others, none of which another program can read.</summary>
    private static void AssertNothingIsLeftOrReadable(PipelineServer server, string meeting, int files)
    {
        var lying = Directory.GetFiles(Path.Combine(server.DataFolder, "meetings", meeting, "recordings"), "*", SearchOption.AllDirectories);
        Assert.Equal(files, lying.Length);
        foreach (string path in lying)
        {
            using var file = File.OpenRead(path);
            var head = new byte[64];
            string text = System.Text.Encoding.Latin1.GetString(head, 0, file.Read(head));
            Assert.DoesNotContain(["ftyp", "OggS", "RIFF", "fLaC", "webm", "PNG"], word => text.Contains(word, StringComparison.Ordinal));
        }
    }

    private static async Task AssertLinkAsync(PipelineServer server, MeetingInfo meeting, RecordingInfo file)
    {
        using var made = await server.Http.PostAsJsonAsync($"/v1/meetings/{meeting.Id}/content_links", new { recording_id = file.Id, expires_s = 60 });
        using var player = new HttpClient();
        var part = new HttpRequestMessage(HttpMethod.Get, (await ReadAsync(made)).GetProperty("url").GetString()) { Headers = { Range = new RangeHeaderValue(4, 7) } };
        using var answer = await player.SendAsync(part);
        Assert.Equal((HttpStatusCode.PartialContent, "ftyp"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage answer) => JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync());
}
