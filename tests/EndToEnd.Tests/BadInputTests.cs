using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What people and networks get wrong: each with its clear answer, the server going on, and what was recorded kept.</summary>
public sealed class BadInputTests
{
    private static ReplaySource Short() => ReplaySource.Open([Fixtures.Speech("utterance-01.wav")]);

    [Theory]
    [InlineData("this is no JSON", 400, "malformed_json")]
    [InlineData("""{"tracks":[{"participant":{"id":"a","name":"A"},"kind":"audio","codec":"mp3","payload_type":111}]}""", 422, "validation_failed")]
    [InlineData("""{"title":"x","colour":"blue"}""", 422, "validation_failed")]
    public async Task A_bad_body_gets_a_problem_and_the_next_meeting_is_recorded(string body, int status, string code)
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));

        using var answer = await server.Http.PostAsync("/v1/meetings", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(code, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        await AssertRecordsAsync(server);
    }

    [Fact]
    public async Task When_every_port_is_in_use_a_meeting_is_refused_and_can_be_made_once_one_is_free()
    {
        await using var server = await PipelineServer.StartAsync(ports: 2, ("PIPELINE_MODEL", null));
        var first = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "takes the only port" }, default);

        using var refused = await server.Http.PostAsync("/v1/meetings", new StringContent("{}", Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal("no_capacity", (await refused.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());
        await server.Client.StopMeetingAsync(first.Id, default);
        await server.Client.WaitUntilOverAsync(first.Id, default);
        await AssertRecordsAsync(server);
    }

    [Fact]
    public async Task Ten_thousand_random_datagrams_do_not_touch_what_is_recorded()
    {
        const int Seed = 20261120;
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var recorded = await RecordedMeeting.RecordAsync(server, Short(), meanwhile: async (meeting, _) =>
        {
            var random = new Random(Seed);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(2));        // a flood that overruns the kernel's buffer is another test
            for (int n = 0; n < 10_000; n++)
            {
                if (n % 20 == 0) await pace.WaitForNextTickAsync();
                var noise = new byte[random.Next(1500)];
                random.NextBytes(noise);
                if (noise.Length > 1 && n % 2 == 0) (noise[0], noise[1]) = (0x80, (byte)(random.Next(2) << 7 | 111));   // half look like the meeting's own
                socket.SendTo(noise, RecordedMeeting.Endpoint(meeting));
            }
        });

        Assert.Equal("completed", recorded.Meeting.Status);
        AssertSoundIsThere(recorded);
        Assert.Equal(recorded.Log.Packets.Count, recorded.Quality.Tracks.Single().PacketsReceived);
    }

    [Fact]
    public async Task Without_ffmpeg_the_meeting_fails_with_the_reason_and_its_tracks_are_there()
    {
        await using var server = await PipelineServer.StartAsync(20, ("PIPELINE_MODEL", null), ("PATH", "/nonexistent"));

        var recorded = await RecordedMeeting.RecordAsync(server, Short());

        Assert.Equal("failed", recorded.Meeting.Status);
        Assert.Contains("ffmpeg", server.Output, StringComparison.Ordinal);
        AssertSoundIsThere(recorded);
        using var health = await server.Http.GetAsync("/healthz");
        Assert.True(health.IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_model_file_that_is_none_costs_the_captions_and_nothing_else()
    {
        string model = Path.GetTempFileName();
        await File.WriteAllTextAsync(model, "this is no model");
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", model));

        var recorded = await RecordedMeeting.RecordAsync(server, Short());

        Assert.Equal("completed", recorded.Meeting.Status);
        Assert.Equal("deferred", recorded.Meeting.CaptionsStatus);
        Assert.Contains(model, server.Output, StringComparison.Ordinal);
        AssertSoundIsThere(recorded);
        File.Delete(model);
    }

    private static async Task AssertRecordsAsync(PipelineServer server)
    {
        var recorded = await RecordedMeeting.RecordAsync(server, Short());
        Assert.Equal("completed", recorded.Meeting.Status);
        AssertSoundIsThere(recorded);
    }

    private static void AssertSoundIsThere(RecordedMeeting recorded)
    {
        float[] reference = TestKit.WavFile.Read(Fixtures.Speech("utterance-01.wav")).Samples;
        string track = recorded.Sound.Keys.Single(k => k != "mix");
        Assert.True(Correlation.Find(recorded.Sound[track], reference).Peak > 0.5);
    }
}
