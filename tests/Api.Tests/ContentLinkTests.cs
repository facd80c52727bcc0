using System.Net;
using System.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

/// <summary>Addresses for players: each opens one file, for a time, for whoever has it.</summary>
public sealed class ContentLinkTests : IAsyncLifetime
{
    private readonly string path = Path.GetTempFileName();
    private ApiServer server = null!;
    private string meeting = null!;
    private Recording mix = null!, other = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(path, "0123456789");
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync();
        (mix, other) = (server.Meetings.Record(meeting, "mix", path, "aa"), server.Meetings.Record(meeting, "mix", path, "bb"));
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        File.Delete(path);
    }

    [Fact]
    public async Task Whoever_has_it_reads_the_file_whole_or_in_part_and_its_headers()
    {
        var (url, expires) = await LinkAsync("60");
        Assert.Equal(server.Clock.GetUtcNow().AddSeconds(60), expires, TimeSpan.FromSeconds(1));
        Assert.StartsWith(server.Stranger.BaseAddress!.ToString(), url, StringComparison.Ordinal);

        Assert.Equal("0123456789", await server.Stranger.GetStringAsync(url));
        var part = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(2, 4) } };
        using var answer = await server.Stranger.SendAsync(part);
        Assert.Equal((HttpStatusCode.PartialContent, "234"), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
        using var head = await server.Stranger.SendAsync(new HttpRequestMessage(HttpMethod.Head, url));
        Assert.Equal((HttpStatusCode.OK, 10L), (head.StatusCode, head.Content.Headers.ContentLength!.Value));
    }

    [Fact]
    public async Task It_opens_nothing_else()
    {
        string link = (await LinkAsync()).Url.Split("?link=")[1];
        await (await server.Stranger.GetAsync($"/v1/meetings/{meeting}/recordings/{other.Id}/content?link={link}")).IsProblemAsync(404, "not_found");
        string second = await server.CreateAsync();
        await (await server.Stranger.GetAsync($"/v1/meetings/{second}/recordings/{mix.Id}/content?link={link}")).IsProblemAsync(404, "not_found");
        foreach (string elsewhere in new[] { $"/v1/meetings/{meeting}/recordings", $"/v1/meetings/{meeting}", "/v1/meetings", $"/v1/meetings/{meeting}/transcript" })
            await (await server.Stranger.GetAsync($"{elsewhere}?link={link}")).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}/recordings/{mix.Id}/content", bearer: link)).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("POST", "/v1/session", json: $$"""{"token":"{{link}}"}""")).IsProblemAsync(401, "unauthenticated");
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}", cookie: link)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task It_ends_with_its_time_and_with_the_key_it_came_from()
    {
        var (url, _) = await LinkAsync("60");
        server.Clock.Advance(TimeSpan.FromSeconds(61));
        await (await server.Stranger.GetAsync(url)).IsProblemAsync(401, "unauthenticated");

        var (key, id) = await server.AddKeyAsync("default", Scopes.ArchiveRead);
        (url, _) = await LinkAsync(bearer: key);
        Assert.Equal("0123456789", await server.Stranger.GetStringAsync(url));
        await server.Keys.DeleteAsync(new TenantId("default"), id);
        await (await server.Stranger.GetAsync(url)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public async Task No_character_of_it_can_be_another()
    {
        string link = (await LinkAsync()).Url.Split("?link=")[1];
        var callers = (Callers)server.Services.GetService(typeof(Callers))!;
        Assert.NotNull(await callers.IdentifyAsync(new Credential(link, CredentialKind.Link), default));
        for (int at = 0; at < link.Length; at++)
        {
            char[] flipped = link.ToCharArray();
            flipped[at] = flipped[at] == 'A' ? 'B' : 'A';
            Assert.True(await callers.IdentifyAsync(new Credential(new string(flipped), CredentialKind.Link), default) is null, $"character {at}");
        }
    }

    [Fact]
    public async Task A_viewer_hands_on_what_it_may_see_and_no_longer()
    {
        string viewer = await server.ViewerTokenAsync(meeting, expiresS: "100");
        var (url, expires) = await LinkAsync("3600", viewer);
        Assert.Equal(server.Clock.GetUtcNow().AddSeconds(100), expires, TimeSpan.FromSeconds(1));
        Assert.Equal("0123456789", await server.Stranger.GetStringAsync(url));
    }

    [Theory]
    [InlineData("""{}""", "/recording_id")]
    [InlineData("""{"recording_id":"rec_00000000000000000000000000"}""", "/recording_id")]
    [InlineData("""{"recording_id":7,"expires_s":0,"x":1}""", "/expires_s", "/recording_id", "/x")]
    [InlineData("""{"recording_id":"x","expires_s":3601}""", "/expires_s", "/recording_id")]
    public async Task What_is_wrong_is_said_at_once(string body, params string[] pointers) =>
        Assert.Equal(pointers, await (await server.PostAsync($"/v1/meetings/{meeting}/content_links", body)).IsProblemAsync(422, "validation_failed"));

    [Fact]
    public async Task Another_tenants_file_has_no_link()
    {
        var (key, _) = await server.AddKeyAsync("acme", Scopes.ArchiveRead);
        await (await server.SendAsync("POST", $"/v1/meetings/{meeting}/content_links", key, json: $$"""{"recording_id":"{{mix.Id}}"}""")).IsProblemAsync(404, "not_found");
    }

    private async Task<(string Url, DateTimeOffset Expires)> LinkAsync(string expiresS = "3600", string bearer = ApiServer.Key)
    {
        var answer = await server.SendAsync("POST", $"/v1/meetings/{meeting}/content_links", bearer, json: $$"""{"recording_id":"{{mix.Id}}","expires_s":{{expiresS}}}""");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var link = await answer.JsonAsync();
        Assert.Equal(["url", "expires_at"], link.Names());
        return (link.Text("url"), link.GetProperty("expires_at").GetDateTimeOffset());
    }
}
