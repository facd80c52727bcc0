using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Ingest.Recording;

namespace Pipeline.Api.Tests;

/// <summary>Files asked for of a meeting that is over, and the jobs they are.</summary>
public sealed class RenderTests : IAsyncLifetime
{
    private static readonly TimeSpan Duration = TimeSpan.FromMilliseconds(10_000.4);
    private ApiServer server = null!;
    private string meeting = null!;
    private string renders = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync("""{"tracks":[{"participant":{"id":"alice"},"payload_type":111},{"participant":{"id":"bob"},"payload_type":112}]}""");
        server.Meetings.Complete(meeting);
        server.Meetings.Change(meeting, view => view with { Duration = Duration });
        renders = $"/v1/meetings/{meeting}/renders";
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_render_is_a_job()
    {
        var answer = await server.PostAsync(renders, """{"format":"ogg","participants":["bob"],"from_ms":1500,"to_ms":9000}""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var job = await answer.JsonAsync();
        Assert.Equal(["id", "kind", "meeting_id", "status", "progress", "result", "error", "created_at", "ended_at"], job.Names());
        Assert.Equal(("render", meeting, "queued", 0), (job.Text("kind"), job.Text("meeting_id"), job.Text("status"), job.GetProperty("progress").GetInt32()));
        Assert.Equal($"/v1/jobs/{job.Text("id")}", answer.Headers.Location!.OriginalString);
        Assert.Equivalent(new RenderRequest(null, ["bob"], TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(9), 0, 0, RenderFormat.Ogg), server.Renders.LastAsked, strict: true);
    }

    [Theory]
    [InlineData("""{"format":"m4a"}""", null, 0, 0, RenderFormat.M4a)]
    [InlineData("""{"format":"wav","layout":null,"participants":null,"to_ms":null}""", null, 0, 0, RenderFormat.Wav)]
    [InlineData("""{"format":"mp4","layout":"grid"}""", RenderLayout.Grid, 1280, 720, RenderFormat.Mp4)]
    [InlineData("""{"format":"webm","layout":"screen","width":640,"height":360}""", RenderLayout.Screen, 640, 360, RenderFormat.WebM)]
    public async Task What_is_not_said_is_the_whole_meeting(string body, RenderLayout? layout, int width, int height, RenderFormat format)
    {
        Assert.Equal(HttpStatusCode.Accepted, (await server.PostAsync(renders, body)).StatusCode);
        Assert.Equal(new RenderRequest(layout, null, TimeSpan.Zero, Duration, width, height, format), server.Renders.LastAsked);
    }

    [Theory]
    [InlineData("""{}""", "/format")]
    [InlineData("""{"format":"mp3"}""", "/format")]
    [InlineData("""{"format":7}""", "/format")]
    [InlineData("""{"format":"mp4"}""", "/layout")]
    [InlineData("""{"format":"webm","layout":null}""", "/layout")]
    [InlineData("""{"format":"ogg","layout":"grid"}""", "/layout")]
    [InlineData("""{"format":"mp4","layout":"mosaic"}""", "/layout")]
    [InlineData("""{"format":"ogg","width":640,"height":360}""", "/width", "/height")]
    [InlineData("""{"format":"mp4","layout":"grid","width":641,"height":126}""", "/width", "/height")]
    [InlineData("""{"format":"mp4","layout":"grid","width":3840,"height":-2}""", "/width", "/height")]
    [InlineData("""{"format":"ogg","from_ms":-1}""", "/from_ms")]
    [InlineData("""{"format":"ogg","from_ms":10000}""", "/from_ms")]
    [InlineData("""{"format":"ogg","to_ms":10001}""", "/to_ms")]
    [InlineData("""{"format":"ogg","from_ms":5000,"to_ms":5000}""", "/to_ms")]
    [InlineData("""{"format":"ogg","from_ms":5000.5}""", "/from_ms")]
    [InlineData("""{"format":"ogg","participants":[]}""", "/participants")]
    [InlineData("""{"format":"ogg","participants":"alice"}""", "/participants")]
    [InlineData("""{"format":"ogg","participants":["alice","carol","alice",7]}""", "/participants/1", "/participants/2", "/participants/3")]
    [InlineData("""{"format":"ogg","fps":30}""", "/fps")]
    [InlineData("""{"layout":"cube","participants":["carol"],"from_ms":-1,"width":3,"height":3,"format":"avi","x":1}""", "/format", "/layout", "/from_ms", "/width", "/height", "/participants/0", "/x")]
    public async Task All_that_is_wrong_is_said_at_once(string body, params string[] pointers)
    {
        string[] said = await (await server.PostAsync(renders, body)).IsProblemAsync(422, "validation_failed");
        Assert.Equal(pointers.Order(), said.Distinct().Order());
        Assert.Equal(0, server.Renders.Count);
    }

    [Fact]
    public async Task To_the_last_millisecond_is_to_the_end()
    {
        await server.PostAsync(renders, """{"format":"ogg","to_ms":10000}""");
        Assert.Equal(Duration, server.Renders.LastAsked!.To);
    }

    [Fact]
    public async Task A_meeting_that_is_not_over_or_never_began_cannot_be_rendered()
    {
        string running = await server.CreateAsync();
        foreach (var status in new[] { MeetingStatus.Recording, MeetingStatus.Stopping, MeetingStatus.Processing })
        {
            server.Meetings.Change(running, view => view with { Status = status });
            await (await server.PostAsync($"/v1/meetings/{running}/renders", """{"format":"x"}""")).IsProblemAsync(409, "invalid_state");
        }
        server.Meetings.Change(running, view => view with { Status = MeetingStatus.Failed, Port = 0 });
        await (await server.PostAsync($"/v1/meetings/{running}/renders", """{"format":"ogg"}""")).IsProblemAsync(409, "invalid_state");
        await (await server.PostAsync("/v1/meetings/mtg_x/renders", """{"format":"ogg"}""")).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task Too_many_are_sent_away_and_told_when_to_come_back()
    {
        server.Renders.Refusal = new AskRenderResult.QuotaExceeded(64);
        var answer = await server.PostAsync(renders, """{"format":"ogg"}""");
        await answer.IsProblemAsync(429, "quota_exceeded");
        Assert.True(answer.Headers.RetryAfter!.Delta > TimeSpan.Zero);

        server.Renders.Refusal = new AskRenderResult.NoCapacity();
        answer = await server.PostAsync(renders, """{"format":"ogg"}""");
        await answer.IsProblemAsync(503, "no_capacity");
        Assert.True(answer.Headers.RetryAfter!.Delta > TimeSpan.Zero);
    }

    [Fact]
    public async Task Asked_again_with_its_key_it_is_one_job()
    {
        var first = await server.PostAsync(renders, """{"format":"ogg"}""", "key-1");
        var again = await server.PostAsync(renders, """{"format":"ogg"}""", "key-1");
        Assert.Equal((await first.JsonAsync()).Text("id"), (await again.JsonAsync()).Text("id"));
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        Assert.Equal(1, server.Renders.Count);
    }

    [Fact]
    public async Task A_job_says_how_far_it_is_and_then_what_came_of_it()
    {
        string id = await AskAsync();
        server.Renders.Become(id, view => view with { Job = view.Job.Begin(), Progress = 0.42049 });
        var job = await FindAsync(id);
        Assert.Equal(("running", 0.42), (job.Text("status"), job.GetProperty("progress").GetDouble()));

        string path = Path.GetTempFileName();
        var mix = server.Meetings.Record(meeting, "mix", path, "00");
        var file = server.Meetings.Render(meeting, mix, new RenderRequest(RenderLayout.Speaker, ["bob"], TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), 640, 360, RenderFormat.WebM), -16.04);
        server.Renders.Become(id, view => new JobView(view.Job.Complete(view.Job.CreatedAt.AddSeconds(3)), 1, file));
        job = await FindAsync(id);
        Assert.Equal(("completed", 1, "2026-01-02T03:04:08.678Z"), (job.Text("status"), job.GetProperty("progress").GetInt32(), job.Text("ended_at")));
        var result = job.GetProperty("result");
        Assert.Equal((file.Id.ToString(), 1000, 2000, -16), (result.Text("id"), result.GetProperty("start_ms").GetInt32(), result.GetProperty("duration_ms").GetInt32(), result.GetProperty("loudness_lufs").GetDouble()));
        Assert.Equal(
            """{"layout":"speaker","participants":["bob"],"from_ms":1000,"to_ms":3000,"width":640,"height":360,"format":"webm"}""",
            result.GetProperty("render").GetRawText());

        var listed = (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings")).JsonAsync()).GetProperty("data");
        Assert.Equal((JsonValueKind.Null, result.GetRawText()), (listed[0].GetProperty("render").ValueKind, listed[1].GetRawText()));
        File.Delete(path);
    }

    [Fact]
    public async Task A_job_that_failed_says_why()
    {
        string id = await AskAsync();
        server.Renders.Become(id, view => view with { Job = view.Job.Begin().Fail(new JobError("encoder_failed", "ffmpeg ended with status 1"), false, view.Job.CreatedAt) });
        var job = await FindAsync(id);
        Assert.Equal(("failed", JsonValueKind.Null), (job.Text("status"), job.GetProperty("result").ValueKind));
        Assert.Equal("""{"code":"encoder_failed","detail":"ffmpeg ended with status 1"}""", job.GetProperty("error").GetRawText());
    }

    [Fact]
    public async Task A_job_is_cancelled_once_and_again_and_not_when_it_is_made()
    {
        string id = await AskAsync();
        for (int n = 0; n < 2; n++)
        {
            var answer = await server.PostAsync($"/v1/jobs/{id}/cancel", "{}");
            Assert.Equal((HttpStatusCode.OK, "cancelled"), (answer.StatusCode, (await answer.JsonAsync()).Text("status")));
        }
        string made = await AskAsync();
        server.Renders.Become(made, view => view with { Job = view.Job.Complete(view.Job.CreatedAt) });
        await (await server.PostAsync($"/v1/jobs/{made}/cancel", "{}")).IsProblemAsync(409, "invalid_state");
        await (await server.PostAsync($"/v1/jobs/{made}/cancel", """{"why":1}""")).IsProblemAsync(422, "validation_failed");
    }

    [Fact]
    public async Task Another_tenants_job_does_not_exist()
    {
        string id = await AskAsync();
        var (other, _) = await server.AddKeyAsync("acme", "meetings:read", "meetings:write");
        foreach (var (method, path) in new[] { ("GET", $"/v1/jobs/{id}"), ("POST", $"/v1/jobs/{id}/cancel"), ("GET", "/v1/jobs/x"), ("GET", "/v1/jobs/job_00000000000000000000000000") })
            await (await server.SendAsync(method, path, other)).IsProblemAsync(404, "not_found");
        await (await server.SendAsync("POST", renders, other, json: """{"format":"ogg"}""")).IsProblemAsync(404, "not_found");
        Assert.Equal("queued", (await FindAsync(id)).Text("status"));
    }

    private async Task<string> AskAsync() => (await (await server.PostAsync(renders, """{"format":"ogg"}""")).JsonAsync()).Text("id");

    private async Task<JsonElement> FindAsync(string id) => await (await server.Client.GetAsync($"/v1/jobs/{id}")).JsonAsync();
}
