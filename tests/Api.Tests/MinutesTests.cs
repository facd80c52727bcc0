using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class MinutesTests : IAsyncLifetime
{
    private const string Two = """
        {"title":"Weekly <sync>","language":"en","metadata":{"time_zone":"Europe/Berlin"},
         "tracks":[{"participant":{"id":"alice","name":"A <b> & *co*"},"payload_type":111},{"participant":{"id":"bob","name":"Bob"},"payload_type":112},
                   {"participant":{"id":"alice","name":"A <b> & *co*"},"source":"screen_audio","payload_type":113}]}
        """;

    private ApiServer server = null!;
    private string meeting = null!;
    private Segment said = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        server.Meetings.Talked = TimeSpan.FromMilliseconds(700.4);
        meeting = await server.CreateAsync(Two);
        said = server.Meetings.Say(meeting, "The first item on <the> agenda is the release plan & the budget.", 1.0004, 2);
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task JSON_has_every_member_of_the_contract()
    {
        var minutes = await (await GetAsync(over: true)).JsonAsync();
        Assert.Equal(
            ["meeting_id", "transcript_version", "method", "summary", "topics", "decisions", "action_items", "open_questions", "participants", "note"], minutes.Names());
        Assert.Equal((meeting, "live", "rules"), (minutes.Text("meeting_id"), minutes.Text("transcript_version"), minutes.Text("method")));
        var claim = Assert.Single(minutes.GetProperty("summary").EnumerateArray());
        Assert.Equal(["text", "evidence"], claim.Names());
        Assert.Equal($$"""[{"segment_id":"{{said.Id}}","start_ms":1000,"end_ms":2000}]""", claim.GetProperty("evidence").GetRawText());
        Assert.Equal(["title", "start_ms", "end_ms"], minutes.GetProperty("topics")[0].Names());
        Assert.Equal(
            """[{"id":"alice","name":"A <b> & *co*","talk_ms":1401,"words":12,"turns":1},{"id":"bob","name":"Bob","talk_ms":700,"words":0,"turns":0}]""",
            minutes.GetProperty("participants").GetRawText());
        Assert.Equal(JsonValueKind.Null, minutes.GetProperty("note").ValueKind);
    }

    [Fact]
    public async Task Every_claim_names_a_segment_that_answers()
    {
        var minutes = await (await GetAsync(over: true)).JsonAsync();
        string[] evidence = [.. minutes.GetProperty("summary").EnumerateArray().SelectMany(claim => claim.GetProperty("evidence").EnumerateArray()).Select(e => e.Text("segment_id"))];
        Assert.NotEmpty(evidence);
        foreach (string segment in evidence)
            Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync($"/v1/meetings/{meeting}/transcript/segments/{segment}")).StatusCode);
    }

    [Fact]
    public async Task Nobody_talked_for_longer_than_the_meeting_was()
    {
        server.Meetings.Talked = TimeSpan.FromHours(1);
        var minutes = await (await GetAsync(over: true)).JsonAsync();
        Assert.All(minutes.GetProperty("participants").EnumerateArray(), participant => Assert.Equal(1500, participant.GetProperty("talk_ms").GetInt64()));
    }

    [Theory]
    [InlineData(MeetingStatus.Recording, CaptionsStatus.Live, "60")]
    [InlineData(MeetingStatus.Stopping, CaptionsStatus.Live, "2")]
    [InlineData(MeetingStatus.Processing, CaptionsStatus.Live, "2")]
    [InlineData(MeetingStatus.Completed, CaptionsStatus.Deferred, "300")]
    [InlineData(MeetingStatus.Completed, CaptionsStatus.Unavailable, "300")]
    [InlineData(MeetingStatus.Failed, CaptionsStatus.Deferred, "300")]
    public async Task They_are_not_ready_before_the_meeting_is_over_and_its_transcript_whole(MeetingStatus status, CaptionsStatus captions, string retryAfter)
    {
        server.Meetings.Change(meeting, view => view with { Status = status, CaptionsStatus = captions });
        var answer = await GetAsync();
        await answer.IsProblemAsync(409, "not_ready");
        Assert.Equal([retryAfter], answer.Headers.GetValues("Retry-After"));
    }

    [Fact]
    public async Task A_meeting_that_asked_for_none_has_none_before_and_after_its_end()
    {
        meeting = await server.CreateAsync("""{"minutes":false}""");
        await (await GetAsync()).IsProblemAsync(404, "not_found");
        await (await GetAsync(over: true)).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task Of_a_meeting_that_does_not_exist_there_are_none()
    {
        meeting = "mtg_00000000000000000000000000";
        await (await GetAsync()).IsProblemAsync(404, "not_found");
        meeting = "nonsense";
        await (await GetAsync()).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task Without_captions_they_tell_who_talked_and_say_why_no_more()
    {
        meeting = await server.CreateAsync("""{"captions":false,"tracks":[{"participant":{"id":"alice","name":"Alice"},"payload_type":111}]}""");
        server.Meetings.Change(meeting, view => view with { CaptionsStatus = CaptionsStatus.Off });
        var minutes = await (await GetAsync(over: true)).JsonAsync();
        Assert.Equal(700, minutes.GetProperty("participants")[0].GetProperty("talk_ms").GetInt64());
        Assert.Empty(minutes.GetProperty("summary").EnumerateArray());
        Assert.Contains("Captions were off", minutes.Text("note"));
    }

    [Fact]
    public async Task Of_a_meeting_that_failed_they_are_what_there_is()
    {
        server.Meetings.Change(meeting, view => view with { Status = MeetingStatus.Failed, Duration = TimeSpan.FromSeconds(5) });
        var minutes = await (await GetAsync()).JsonAsync();
        Assert.Single(minutes.GetProperty("summary").EnumerateArray());
        Assert.Contains("failed", minutes.Text("note"));
    }

    [Fact]
    public async Task A_segment_that_is_corrected_changes_them_at_once()
    {
        Assert.DoesNotContain("marketing", await (await GetAsync(over: true)).Content.ReadAsStringAsync());
        server.Meetings.Correct(meeting, said, "The first item on the agenda is the marketing plan.");
        Assert.Contains("marketing", await (await GetAsync()).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Asked_twice_they_are_the_same_to_the_byte()
    {
        server.Meetings.Complete(meeting);
        foreach (string format in new[] { "json", "md", "html" })
            Assert.Equal(await GetTextAsync(format), await GetTextAsync(format));
    }

    [Theory]
    [InlineData(null, null, "application/json")]
    [InlineData(null, "*/*", "application/json")]
    [InlineData(null, "application/json", "application/json")]
    [InlineData(null, "text/markdown", "text/markdown")]
    [InlineData(null, "text/html,application/xhtml+xml,*/*;q=0.8", "text/html")]
    [InlineData(null, "text/html;q=0.2, text/markdown;q=0.9", "text/markdown")]
    [InlineData("md", "text/html", "text/markdown")]
    [InlineData("html", "image/png", "text/html")]
    [InlineData("json", "text/html", "application/json")]
    public async Task The_query_or_Accept_chooses_the_form(string? format, string? accept, string mediaType)
    {
        var answer = await GetAsync(over: true, format, accept);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal((mediaType, "utf-8"), (answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentType.CharSet));
        Assert.Contains("Accept", answer.Headers.Vary);
    }

    [Fact]
    public async Task There_is_no_other_form()
    {
        Assert.Equal(["?format"], await (await GetAsync(over: true, "pdf")).IsProblemAsync(422, "validation_failed"));
        await (await GetAsync(accept: "image/png")).IsProblemAsync(406, "not_acceptable");
    }

    [Fact]
    public async Task HTML_may_use_its_own_style_and_nothing_else()
    {
        var answer = await GetAsync(over: true, "html");
        string html = await answer.Content.ReadAsStringAsync();
        string style = Regex.Match(html, "<style>(.*)</style>", RegexOptions.Singleline).Groups[1].Value;
        string hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        Assert.Equal([$"default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'"], answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
        Assert.Contains("<h1 dir=\"auto\">Weekly &lt;sync&gt;</h1>", html);
        Assert.Contains("A &lt;b&gt; &amp; *co*", html);
        Assert.DoesNotContain("<the>", html);
        answer = await GetAsync();
        Assert.Equal(["default-src 'none'; frame-ancestors 'none'"], answer.Headers.GetValues("Content-Security-Policy"));
    }

    [Fact]
    public async Task Markdown_shows_who_said_what_when_and_escapes_it()
    {
        string markdown = await GetTextAsync("md", over: true);
        Assert.StartsWith("# Weekly \\<sync\\>\n\n2026-01-02 04:04", markdown);   // Berlin's
        Assert.Contains("The first item on \\<the\\> agenda is the release plan \\& the budget. — A \\<b\\> \\& \\*co\\* [00:01]\n", markdown);
        Assert.Contains("| A \\<b\\> \\& \\*co\\* | 00:01 | 12 | 1 |\n| Bob | 00:00 | 0 | 0 |\n", markdown);
    }

    /// <summary>The system finds a time zone by opening a file of its name: it must not be sent to another, least of all to one without an end.</summary>
    [Theory]
    [InlineData("America/Argentina/Buenos_Aires", "2026-01-02 00:04")]
    [InlineData("Etc/GMT+5", "2026-01-01 22:04")]
    [InlineData("UTC", "2026-01-02 03:04")]
    [InlineData("Europe/Atlantis", "2026-01-02 03:04")]
    [InlineData("/dev/zero", "2026-01-02 03:04")]
    [InlineData("../../../dev/zero", "2026-01-02 03:04")]
    [InlineData("Europe/../../../../dev/zero", "2026-01-02 03:04")]
    [InlineData("leapseconds", "2026-01-02 03:04")]
    [InlineData("Europe", "2026-01-02 03:04")]
    [InlineData("", "2026-01-02 03:04")]
    public async Task The_meeting_may_say_where_its_people_are(string zone, string start)
    {
        meeting = await server.CreateAsync("""{"title":"T","metadata":{"time_zone":"ZONE"}}""".Replace("ZONE", zone, StringComparison.Ordinal));
        Assert.StartsWith($"# T\n\n{start}", await GetTextAsync("md", over: true));
    }

    private async Task<string> GetTextAsync(string format, bool over = false) => await (await GetAsync(over, format)).Content.ReadAsStringAsync();

    private Task<HttpResponseMessage> GetAsync(bool over = false, string? format = null, string? accept = null)
    {
        if (over) server.Meetings.Change(meeting, view => view with { Status = MeetingStatus.Completed, Duration = TimeSpan.FromMilliseconds(1500) });
        var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting}/minutes{(format is null ? "" : $"?format={format}")}");
        if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);
        return server.Client.SendAsync(request);
    }
}
