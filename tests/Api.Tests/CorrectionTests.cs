using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

public sealed class CorrectionTests : IAsyncLifetime
{
    private ApiServer server = null!;
    private string meeting = null!;
    private Segment segment = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync("""{"tracks":[{"participant":{"id":"alice","name":"Alice"},"payload_type":111}]}""");
        segment = server.Meetings.Say(meeting, "bored", 1, 2);
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_correction_is_shown_everywhere_with_who_when_and_what_was_heard()
    {
        var answer = await CorrectAsync("""{"text":"board"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var corrected = await answer.JsonAsync();
        Assert.Equal(["id", "participant", "track_id", "start_ms", "end_ms", "text", "words", "corrected_by", "corrected_at", "original_text"], corrected.Names());
        Assert.Equal(("board", ApiKeys.First.ToString(), "bored"), (corrected.Text("text"), corrected.Text("corrected_by"), corrected.Text("original_text")));
        Assert.Equal(("board", 1000, 1.0), (corrected.GetProperty("words")[0].Text("text"), corrected.GetProperty("words")[0].GetProperty("start_ms").GetInt64(), corrected.GetProperty("words")[0].GetProperty("confidence").GetDouble()));

        Assert.Equal(corrected.GetRawText(), (await (await server.Client.GetAsync(Path)).JsonAsync()).GetRawText());
        var transcript = await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript")).JsonAsync();
        Assert.Equal(corrected.GetRawText(), transcript.GetProperty("segments")[0].GetRawText());
        foreach (string format in new[] { "vtt", "srt", "txt" })
        {
            string text = await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format={format}");
            Assert.Contains("board", text);
            Assert.DoesNotContain("bored", text);
        }
        server.Meetings.Complete(meeting);
        string captions = await server.Client.GetStringAsync($"/v1/meetings/{meeting}/captions");
        Assert.Contains("\"board\"", captions);
        Assert.DoesNotContain("bored", captions);
        Assert.Equal(HttpStatusCode.OK, (await CorrectAsync("""{"text":"the board"}""")).StatusCode);   // also when it is over
    }

    [Fact]
    public async Task Words_have_times_only_while_there_are_as_many() =>
        Assert.Equal("[]", (await (await CorrectAsync("""{"text":"the board"}""")).JsonAsync()).GetProperty("words").GetRawText());

    [Theory]
    [InlineData("""{}""", "/text")]
    [InlineData("""{"text":""}""", "/text")]
    [InlineData("""{"text":" \u00a0"}""", "/text")]
    [InlineData("""{"text":null}""", "/text")]
    [InlineData("""{"text":7}""", "/text")]
    [InlineData("""{"text":"a\u0007b"}""", "/text")]
    [InlineData("""{"text":"a\nb"}""", "/text")]
    [InlineData("""{"text":"\ud800"}""", "/text")]
    [InlineData("""{"text":"a","by":"me","rev":2}""", "/by", "/rev")]
    [InlineData("""[]""", "")]
    public async Task What_is_no_correction_is_refused_and_changes_nothing(string json, params string[] pointers)
    {
        Assert.Equal(pointers, await (await CorrectAsync(json)).IsProblemAsync(422, "validation_failed"));
        Assert.Equal("bored", (await (await server.Client.GetAsync(Path)).JsonAsync()).Text("text"));
    }

    [Theory]
    [InlineData(10_000, 200)]
    [InlineData(10_001, 422)]
    public async Task A_text_has_at_most_ten_thousand_characters(int length, int status)
    {
        string text = string.Concat(Enumerable.Repeat("\U0001F600", length));
        Assert.Equal(status, (int)(await CorrectAsync(JsonSerializer.Serialize(new Dictionary<string, string> { ["text"] = text }))).StatusCode);
    }

    [Fact]
    public async Task If_Match_keeps_two_people_from_overwriting_each_other()
    {
        string tag = (await server.Client.GetAsync(Path)).Headers.ETag!.Tag;
        var first = await CorrectAsync("""{"text":"board"}""", tag);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.NotEqual(tag, first.Headers.ETag!.Tag);
        await (await CorrectAsync("""{"text":"bird"}""", tag)).IsProblemAsync(412, "precondition_failed");
        Assert.Equal(HttpStatusCode.OK, (await CorrectAsync("""{"text":"bard"}""", $"\"other\", {first.Headers.ETag.Tag}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await CorrectAsync("""{"text":"bird"}""", "*")).StatusCode);
        await (await CorrectAsync("""{"text":"no"}""", "garbage")).IsProblemAsync(400, "bad_request");
    }

    [Fact]
    public async Task What_is_not_there_is_not_corrected()
    {
        const string none = "00000000000000000000000000";
        await (await CorrectAsync("""{"text":"a"}""", path: $"/v1/meetings/{meeting}/transcript/segments/seg_{none}")).IsProblemAsync(404, "not_found");
        await (await CorrectAsync("""{"text":"a"}""", path: $"/v1/meetings/{meeting}/transcript/segments/x")).IsProblemAsync(404, "not_found");
        await (await CorrectAsync("""{"text":"a"}""", path: $"/v1/meetings/mtg_{none}/transcript/segments/{segment.Id}")).IsProblemAsync(404, "not_found");
    }

    private string Path => $"/v1/meetings/{meeting}/transcript/segments/{segment.Id}";

    private Task<HttpResponseMessage> CorrectAsync(string json, string? ifMatch = null, string? path = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, path ?? Path) { Content = ApiServer.Json(json) };
        if (ifMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        return server.Client.SendAsync(request);
    }
}
