using System.Net;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

public sealed class SessionTests : IAsyncLifetime
{
    private ApiServer server = null!;
    private string meeting = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync();
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_key_is_changed_for_a_cookie_that_reads_for_eight_hours()
    {
        var answer = await server.SendAsync("POST", "/v1/session", json: $$"""{"token":"{{ApiServer.Key}}"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var session = await answer.JsonAsync();
        Assert.Equal(["tenant", "scopes", "meeting", "expires_at"], session.Names());
        Assert.Equal("default", session.Text("tenant"));
        Assert.Equal("""["meetings:read","archive:read"]""", session.GetProperty("scopes").GetRawText());
        Assert.Equal("2026-01-02T11:04:05.000Z", session.Text("expires_at"));

        string[] attributes = Assert.Single(answer.Headers.GetValues("Set-Cookie")).Split("; ");
        Assert.StartsWith("pipeline_session=", attributes[0]);
        Assert.Equal(["httponly", "max-age=28800", "path=/", "samesite=strict"], attributes[1..].Order());

        string cookie = attributes[0]["pipeline_session=".Length..];
        Assert.Equal(session.GetRawText(), (await (await server.SendAsync("GET", "/v1/session", cookie: cookie)).JsonAsync()).GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: cookie)).StatusCode);

        server.Clock.Advance(TimeSpan.FromHours(8));
        var late = await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: cookie);
        await late.IsProblemAsync(401, "unauthenticated");
        Assert.Equal("error=\"invalid_token\"", Assert.Single(late.Headers.WwwAuthenticate).Parameter);
    }

    [Fact]
    public async Task Over_https_the_cookie_is_sent_over_https_only()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/session") { Content = ApiServer.Json($$"""{"token":"{{ApiServer.Key}}"}""") };
        request.Headers.Add("X-Forwarded-Proto", "https");
        Assert.Contains("; secure", Assert.Single((await server.Stranger.SendAsync(request)).Headers.GetValues("Set-Cookie")));
    }

    [Fact]
    public async Task A_key_that_reads_less_makes_a_session_that_reads_less()
    {
        var (reader, _) = await server.AddKeyAsync("acme", Scopes.MeetingsRead, Scopes.MeetingsWrite);
        Assert.Equal("""["meetings:read"]""", (await BeginAsync(reader)).Body.GetProperty("scopes").GetRawText());
        var (hooks, _) = await server.AddKeyAsync("acme", Scopes.WebhooksWrite, Scopes.Admin);
        await (await server.SendAsync("POST", "/v1/session", json: $$"""{"token":"{{hooks}}"}""")).IsProblemAsync(403, "forbidden");
    }

    [Theory]
    [InlineData("""{"token":"wrong"}""", 401, "unauthenticated", null)]
    [InlineData("""{"token":"pk_"}""", 401, "unauthenticated", null)]
    [InlineData("""{"token":""}""", 422, "validation_failed", "/token")]
    [InlineData("""{}""", 422, "validation_failed", "/token")]
    [InlineData("""{"token":1,"more":2}""", 422, "validation_failed", "/token /more")]
    [InlineData("[]", 422, "validation_failed", "")]
    [InlineData("{", 400, "malformed_json", null)]
    public async Task What_is_no_token_begins_nothing(string body, int status, string code, string? pointers)
    {
        var answer = await server.SendAsync("POST", "/v1/session", json: body);
        Assert.Equal(pointers?.Split(' ') ?? [], await answer.IsProblemAsync(status, code));
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        Assert.Equal(status == 401, answer.Headers.WwwAuthenticate.Count > 0);
    }

    [Fact]
    public async Task A_form_of_another_site_begins_nothing()
    {
        var form = new StringContent($$"""{"token":"{{ApiServer.Key}}"}""", null, "text/plain");
        await (await server.Stranger.PostAsync("/v1/session", form)).IsProblemAsync(415, "unsupported_media_type");
    }

    [Fact]
    public async Task Who_one_is_asks_for_somebody()
    {
        await (await server.SendAsync("GET", "/v1/session")).IsProblemAsync(401, "unauthenticated");
        var admin = await (await server.SendAsync("GET", "/v1/session", bearer: ApiServer.Key)).JsonAsync();
        Assert.Equal(Scopes.All, admin.GetProperty("scopes").EnumerateArray().Select(scope => scope.GetString()));
        Assert.Equal("null", admin.GetProperty("expires_at").GetRawText());
    }

    [Fact]
    public async Task Signing_out_takes_the_cookie_back()
    {
        var answer = await server.SendAsync("DELETE", "/v1/session");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        string cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.StartsWith("pipeline_session=; expires=Thu, 01 Jan 1970", cookie);
        Assert.Contains("path=/", cookie);
    }

    [Fact]
    public async Task A_header_wins_over_a_cookie_even_where_it_is_wrong()
    {
        string cookie = (await BeginAsync(ApiServer.Key)).Cookie;
        await (await server.SendAsync("GET", "/v1/meetings", bearer: "wrong", cookie: cookie)).IsProblemAsync(401, "unauthenticated");
        var (other, _) = await server.AddKeyAsync("acme", Scopes.MeetingsRead);
        Assert.Equal("acme", (await (await server.SendAsync("GET", "/v1/session", bearer: other, cookie: cookie)).JsonAsync()).Text("tenant"));
    }

    [Fact]
    public async Task A_session_is_no_bearer_and_a_bearer_no_cookie()
    {
        string cookie = (await BeginAsync(ApiServer.Key)).Cookie;
        string viewer = await server.ViewerTokenAsync(meeting);
        await (await server.SendAsync("GET", "/v1/meetings", bearer: cookie)).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("POST", "/v1/session", json: $$"""{"token":"{{cookie}}"}""")).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: viewer)).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: ApiServer.Key)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task Sessions_and_links_outlive_a_restart()
    {
        string cookie = (await BeginAsync(ApiServer.Key)).Cookie;
        string viewer = await server.ViewerTokenAsync(meeting);
        await server.RestartAsync();
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: cookie)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", $"/v1/meetings/{meeting}", bearer: viewer)).StatusCode);
    }

    [Fact]
    public async Task Sessions_and_links_die_with_their_key()
    {
        var (key, id) = await server.AddKeyAsync("default", Scopes.MeetingsRead);
        string cookie = (await BeginAsync(key)).Cookie;
        string viewer = await server.ViewerTokenAsync(meeting, bearer: key);
        string ofViewer = (await BeginAsync(viewer)).Cookie;
        await server.Keys.DeleteAsync(new TenantId("default"), id);
        await (await server.SendAsync("GET", "/v1/meetings", cookie: cookie)).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", bearer: viewer)).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: ofViewer)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task Every_single_flipped_bit_of_a_token_is_refused()
    {
        string cookie = (await BeginAsync(ApiServer.Key)).Cookie;
        string viewer = await server.ViewerTokenAsync(meeting);
        var callers = (Callers)server.Services.GetService(typeof(Callers))!;
        foreach (var (text, kind) in new[] { (cookie, CredentialKind.Cookie), (viewer, CredentialKind.Bearer) })
        {
            Assert.NotNull(await callers.IdentifyAsync(new Credential(text, kind), default));
            for (int bit = 0; bit < text.Length * 8; bit++)
            {
                char[] flipped = text.ToCharArray();
                flipped[bit / 8] ^= (char)(1 << (bit % 8));
                Assert.True(await callers.IdentifyAsync(new Credential(new string(flipped), kind), default) is null, $"bit {bit}");
            }
            for (int length = 0; length < text.Length; length++)
                Assert.True(await callers.IdentifyAsync(new Credential(text[..length], kind), default) is null, $"length {length}");
            foreach (string more in new[] { text + "A", text + "=", text + ".", text + text, " " + text, text + "\0", new string('x', 100_000), "vt_.", "ps_.", "vt_e30.", "ps_bnVsbA.x" })
                Assert.True(await callers.IdentifyAsync(new Credential(more, kind), default) is null, more);
        }
    }

    [Fact]
    public async Task A_link_names_the_meeting_and_hides_its_token_in_the_fragment()
    {
        var answer = await server.SendAsync("POST", $"/v1/meetings/{meeting}/viewer_tokens", bearer: ApiServer.Key);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());
        var made = await answer.JsonAsync();
        Assert.Equal(["token", "url", "expires_at"], made.Names());
        Assert.Equal("2026-01-02T04:04:05.000Z", made.Text("expires_at"));
        string authority = server.Stranger.BaseAddress!.GetLeftPart(UriPartial.Authority);
        Assert.Equal($"{authority}/#/meetings/{meeting}?token={made.Text("token")}", made.Text("url"));
        Assert.Equal(made.Text("url"), new Uri(made.Text("url")).AbsoluteUri);   // nothing in it needs to be escaped
    }

    [Theory]
    [InlineData("""{"expires_s":59}""", "/expires_s")]
    [InlineData("""{"expires_s":2592001}""", "/expires_s")]
    [InlineData("""{"expires_s":"60"}""", "/expires_s")]
    [InlineData("""{"expires":60}""", "/expires")]
    public async Task A_link_has_bounds(string body, string at) =>
        Assert.Equal([at], await (await server.PostAsync($"/v1/meetings/{meeting}/viewer_tokens", body)).IsProblemAsync(422, "validation_failed"));

    [Fact]
    public async Task A_link_expires()
    {
        string viewer = await server.ViewerTokenAsync(meeting, "60");
        var begun = await BeginAsync(viewer);
        Assert.Equal("2026-01-02T03:05:05.000Z", begun.Body.Text("expires_at"));   // a session does not outlive it
        Assert.Equal(meeting, begun.Body.Text("meeting"));
        server.Clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync("GET", $"/v1/meetings/{meeting}", bearer: viewer)).StatusCode);
        server.Clock.Advance(TimeSpan.FromSeconds(1));
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", bearer: viewer)).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: begun.Cookie)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task A_link_makes_no_other_link_and_is_told_of_none()
    {
        string mine = await server.ViewerTokenAsync(meeting, "60");
        await server.PostAsync($"/v1/meetings/{meeting}/viewer_tokens", """{"expires_s":2592000}""", idempotencyKey: "1");
        await (await server.SendAsync("POST", $"/v1/meetings/{meeting}/viewer_tokens", bearer: mine, json: "{}")).IsProblemAsync(403, "forbidden");

        var guess = new HttpRequestMessage(HttpMethod.Post, $"/v1/meetings/{meeting}/viewer_tokens") { Content = ApiServer.Json("""{"expires_s":2592000}""") };
        guess.Headers.Add("Idempotency-Key", "1");
        guess.Headers.TryAddWithoutValidation("Authorization", $"Bearer {mine}");
        await (await server.Stranger.SendAsync(guess)).IsProblemAsync(422, "idempotency_mismatch");
    }

    [Fact]
    public async Task Nobody_makes_a_link_to_another_tenants_meeting()
    {
        var (other, _) = await server.AddKeyAsync("acme", Scopes.MeetingsRead);
        await (await server.SendAsync("POST", $"/v1/meetings/{meeting}/viewer_tokens", bearer: other)).IsProblemAsync(404, "not_found");
    }

    private async Task<(string Cookie, System.Text.Json.JsonElement Body)> BeginAsync(string token)
    {
        var answer = await server.SendAsync("POST", "/v1/session", json: $$"""{"token":"{{token}}"}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (answer.SessionCookie(), await answer.JsonAsync());
    }
}
