using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class TranscriptTests : IAsyncLifetime
{
    private ApiServer server = null!;
    private string meeting = null!;
    private Segment first = null!;
    private Segment second = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync("""{"tracks":[{"participant":{"id":"alice","name":"A <b> & co"},"payload_type":111}]}""");
        second = server.Meetings.Say(meeting, "Later --> <i>said</i> first & so on.", 3661.5, 3662.25);
        first = server.Meetings.Say(meeting, "Two\nlines.", 1.001, 2);
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task JSON_has_every_member_of_the_contract_in_order_of_time()
    {
        server.Meetings.Engine = new SpeechEngine("whisper.cpp", "base.en", "abc");
        var transcript = await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript")).JsonAsync();
        Assert.Equal(["meeting_id", "version", "language", "engine", "segments"], transcript.Names());
        Assert.Equal(meeting, transcript.Text("meeting_id"));
        Assert.Equal("live", transcript.Text("version"));
        Assert.Equal("en", transcript.Text("language"));
        Assert.Equal("""{"name":"whisper.cpp","model":"base.en","sha256":"abc"}""", transcript.GetProperty("engine").GetRawText());
        var segments = transcript.GetProperty("segments").EnumerateArray().ToList();
        Assert.Equal([first.Id.ToString(), second.Id.ToString()], segments.Select(segment => segment.Text("id")));
        Assert.Equal(["id", "participant", "track_id", "start_ms", "end_ms", "text", "words"], segments[0].Names());
        Assert.Equal(3661500, segments[1].GetProperty("start_ms").GetInt64());
    }

    [Fact]
    public async Task Without_a_speech_model_there_is_no_engine() => Assert.Equal(
        JsonValueKind.Null, (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript")).JsonAsync()).GetProperty("engine").ValueKind);

    [Fact]
    public async Task VTT_cues_carry_ids_and_voices_and_are_escaped() => Assert.Equal(
        $"""
        WEBVTT

        {first.Id}
        00:00:01.001 --> 00:00:02.000
        <v A &lt;b&gt; &amp; co>Two lines.

        {second.Id}
        01:01:01.500 --> 01:01:02.250
        <v A &lt;b&gt; &amp; co>Later --&gt; &lt;i&gt;said&lt;/i&gt; first &amp; so on.

        """, await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format=vtt"));

    [Fact]
    public async Task Every_form_tells_the_same_milliseconds()
    {
        var segment = server.Meetings.Say(meeting, "Rounded.", 7.1167, 7.9999);
        var json = await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript/segments/{segment.Id}")).JsonAsync();
        Assert.Equal((7117, 8000), (json.GetProperty("start_ms").GetInt64(), json.GetProperty("end_ms").GetInt64()));
        Assert.Contains("00:00:07.117 --> 00:00:08.000", await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format=vtt"));
        Assert.Contains("00:00:07,117 --> 00:00:08,000", await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format=srt"));
    }

    [Fact]
    public async Task SRT_is_numbered() => Assert.StartsWith(
        "1\n00:00:01,001 --> 00:00:02,000\nA <b> & co: Two lines.\n\n2\n", await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format=srt"));

    [Fact]
    public async Task TXT_is_for_people() =>
        Assert.Contains("A <b> & co: Two lines.\n", await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format=txt"));

    [Theory]
    [InlineData(null, "application/json")]
    [InlineData("", "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("application/json", "application/json")]
    [InlineData("application/*", "application/json")]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", "application/json")]
    [InlineData("text/vtt", "text/vtt")]
    [InlineData("TEXT/VTT; charset=utf-8", "text/vtt")]
    [InlineData("text/*", "text/vtt")]
    [InlineData("application/json;q=0.5, text/vtt", "text/vtt")]
    [InlineData("text/vtt;q=0.2, application/x-subrip;q=0.9", "application/x-subrip")]
    [InlineData("text/plain", "text/plain")]
    [InlineData("text/vtt;q=0, */*;q=0.1", "application/json")]
    public async Task Accept_chooses_the_form(string? accept, string mediaType)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting}/transcript");
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        var answer = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(mediaType, answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("utf-8", answer.Content.Headers.ContentType.CharSet);
        Assert.Contains("Accept", answer.Headers.Vary);
    }

    [Fact]
    public async Task The_query_is_stronger_than_Accept_and_an_Accept_of_none_is_not_acceptable()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting}/transcript?format=srt") { Headers = { { "Accept", "image/png" } } };
        Assert.Equal("application/x-subrip", (await server.Client.SendAsync(request)).Content.Headers.ContentType!.MediaType);
        request = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting}/transcript") { Headers = { { "Accept", "image/png" } } };
        await (await server.Client.SendAsync(request)).IsProblemAsync(406, "not_acceptable");
    }

    [Fact]
    public async Task There_is_a_live_version_and_no_refined_one()
    {
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript?version=live")).StatusCode);
        await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript?version=refined")).IsProblemAsync(404, "not_found");
        Assert.Equal(["?format", "?version"],
            await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript?version=best&format=docx")).IsProblemAsync(422, "validation_failed"));
    }

    [Fact]
    public async Task Under_auto_the_language_is_the_one_most_was_said_in()
    {
        foreach (string language in new[] { "de", "de", "de" }) server.Meetings.Say(meeting, "Ja.", 5, 6, language);
        Assert.Equal("de", (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript")).JsonAsync()).Text("language"));
    }

    [Fact]
    public async Task The_refined_version_is_given_unless_the_live_one_is_asked_for_and_every_id_is_answered()
    {
        var better = new Segment(
            SegmentId.New(DateTimeOffset.UnixEpoch), 3, first.Meeting, first.Track, first.Participant, first.Start, first.End, "Three lines.", "en", [], false)
        { Replaces = [first.Id] };
        server.Meetings.Refine(meeting, better, second);
        foreach (string query in new[] { "", "?version=refined" })
        {
            var refined = await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript{query}")).JsonAsync();
            Assert.Equal("refined", refined.Text("version"));
            var segments = refined.GetProperty("segments").EnumerateArray().ToList();
            Assert.Equal(["Three lines.", second.Text], segments.Select(segment => segment.Text("text")));
            Assert.Equal($"[\"{first.Id}\"]", segments[0].GetProperty("replaces").GetRawText());
            Assert.DoesNotContain("replaces", segments[1].Names());
        }
        var live = await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript?version=live")).JsonAsync();
        Assert.Equal(("live", first.Text), (live.Text("version"), live.GetProperty("segments")[0].Text("text")));
        Assert.Contains("Three lines.", await server.Client.GetStringAsync($"/v1/meetings/{meeting}/transcript?format=txt"));
        foreach (var segment in new[] { first, second, better })
            Assert.Equal(segment.Text, (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript/segments/{segment.Id}")).JsonAsync()).Text("text"));
    }

    [Fact]
    public async Task What_the_refined_transcript_has_no_more_is_not_corrected_and_says_what_is_in_its_place()
    {
        var better = second with { Id = SegmentId.New(DateTimeOffset.UnixEpoch), Replaces = [second.Id] };
        server.Meetings.Refine(meeting, first, better);
        var answer = await server.Client.PatchAsync($"/v1/meetings/{meeting}/transcript/segments/{second.Id}", JsonContent.Create(new { text = "Other." }));
        string detail = (await answer.Content.ReadAsStringAsync());
        await answer.IsProblemAsync(409, "invalid_state");
        Assert.Contains(better.Id.ToString(), detail);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.PatchAsync($"/v1/meetings/{meeting}/transcript/segments/{first.Id}", JsonContent.Create(new { text = "Other." }))).StatusCode);
    }

    [Fact]
    public async Task One_segment_is_answered_by_its_id()
    {
        var segment = await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript/segments/{first.Id}")).JsonAsync();
        Assert.Equal(first.Text, segment.Text("text"));
        await (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript/segments/seg_00000000000000000000000000")).IsProblemAsync(404, "not_found");
    }
}
