using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

/// <summary>Every route that is mapped, with every kind of credential: whatever is added later is in the tables already.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private ApiServer server = null!;
    private string mine = null!, others = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        (mine, others) = (await server.CreateAsync(), await server.CreateAsync());
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Nobody_gets_past_a_scope_without_a_key()
    {
        foreach (var (method, path, _) in Guarded())
            foreach (var (bearer, cookie) in new (string?, string?)[] { (null, null), ("wrong", null), (null, "wrong"), ("vt_e30.AAAA", null), (null, "ps_e30.AAAA") })
                await ExpectAsync(method, Path(path, mine), HttpStatusCode.Unauthorized, bearer, cookie);
    }

    [Fact]
    public async Task A_key_gets_past_its_own_scopes_only()
    {
        foreach (string held in Scopes.All)
        {
            var (key, _) = await server.AddKeyAsync("default", held);
            foreach (var (method, path, scope) in Guarded().Where(route => route.Scope is not null && route.Scope != held))
                await ExpectAsync(method, Path(path, mine), HttpStatusCode.Forbidden, key);
        }
    }

    [Fact]
    public async Task A_cookie_changes_nothing()
    {
        string cookie = await server.SessionAsync(ApiServer.Key);
        foreach (var (method, path, _) in Guarded().Where(route => route.Method is not ("GET" or "HEAD")))
            await ExpectAsync(method, Path(path, mine), HttpStatusCode.Unauthorized, cookie: cookie);
        Assert.Equal("recording", (await (await server.Client.GetAsync($"/v1/meetings/{mine}")).JsonAsync()).Text("status"));
    }

    [Fact]
    public async Task A_cookie_gets_past_the_read_scopes_only()
    {
        string cookie = await server.SessionAsync(ApiServer.Key);
        foreach (var (method, path, scope) in Guarded().Where(route => route.Method is "GET" or "HEAD"))
        {
            using var answer = await server.SendAsync(method, Path(path, mine), cookie: cookie);
            bool reads = scope is null or Scopes.MeetingsRead or Scopes.ArchiveRead;
            Assert.True(reads == (answer.StatusCode != HttpStatusCode.Forbidden), $"{method} {path}: {answer.StatusCode}");
            Assert.NotEqual(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task To_a_viewer_every_other_meeting_does_not_exist()
    {
        foreach (var (bearer, cookie) in await ViewersAsync())
            foreach (var (method, path, _) in Guarded().Where(route => OfMeeting(route.Path)))
                foreach (string id in new[] { others, "mtg_00000000000000000000000000", "x" })
                    await ExpectAsync(method, Path(path, id), method is "GET" or "HEAD" || cookie is null ? HttpStatusCode.NotFound : HttpStatusCode.Unauthorized, bearer, cookie);
    }

    [Fact]
    public async Task To_a_viewer_everything_that_is_not_of_one_meeting_is_forbidden()
    {
        foreach (var (bearer, cookie) in await ViewersAsync())
            foreach (var (method, path, _) in Guarded().Where(route => !OfMeeting(route.Path) && route.Scope is not null))
                await ExpectAsync(method, Path(path, mine), method is "GET" or "HEAD" || cookie is null ? HttpStatusCode.Forbidden : HttpStatusCode.Unauthorized, bearer, cookie);
    }

    [Fact]
    public async Task A_viewer_may_read_its_own_meeting_and_nothing_more()
    {
        foreach (var (bearer, cookie) in await ViewersAsync())
            foreach (var (method, path, scope) in Guarded().Where(route => OfMeeting(route.Path)))
            {
                using var answer = await server.SendAsync(method, Path(path, mine), bearer, cookie);
                bool asks = method is "GET" or "HEAD" || (bearer is not null && !path.EndsWith("/viewer_tokens", StringComparison.Ordinal));
                bool passes = asks && scope is (Scopes.MeetingsRead or Scopes.ArchiveRead);
                bool refused = answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized;
                Assert.True(passes != refused, $"{method} {path}: {answer.StatusCode}");
            }
    }

    [Fact]
    public async Task To_another_tenant_a_meeting_is_as_one_that_was_never_made()
    {
        var (key, _) = await server.AddKeyAsync("acme", [.. Scopes.All]);
        foreach (var (method, path, _) in Guarded().Where(route => OfMeeting(route.Path)))
        {
            string? body = method is "POST" or "PATCH" ? Body(path) : null;
            using var answer = await server.SendAsync(method, Path(path, mine), key, json: body);
            using var none = await server.SendAsync(method, Path(path, "mtg_00000000000000000000000000"), key, json: body);
            Assert.True(answer.StatusCode == none.StatusCode && !answer.IsSuccessStatusCode, $"{method} {path}: {answer.StatusCode}, none: {none.StatusCode}");
            if (method is "GET" or "HEAD") Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.NotImplemented, $"{method} {path}: {answer.StatusCode}");
        }
        Assert.Equal(0, (await (await server.SendAsync("GET", "/v1/meetings", key)).JsonAsync()).GetProperty("data").GetArrayLength());
        Assert.Equal("recording", (await (await server.Client.GetAsync($"/v1/meetings/{mine}")).JsonAsync()).Text("status"));
    }

    private async Task<(string? Bearer, string? Cookie)[]> ViewersAsync()
    {
        string token = await server.ViewerTokenAsync(mine);
        return [(token, null), (null, await server.SessionAsync(token))];
    }

    private async Task ExpectAsync(string method, string path, HttpStatusCode expected, string? bearer = null, string? cookie = null)
    {
        using var answer = await server.SendAsync(method, path, bearer, cookie);
        Assert.True(expected == answer.StatusCode, $"{method} {path} with {bearer ?? cookie}: {answer.StatusCode}");
        Assert.Equal(expected == HttpStatusCode.Unauthorized, answer.Headers.WwwAuthenticate.Count > 0);
    }

    private IEnumerable<(string Method, string Path, string? Scope)> Guarded() =>
        from endpoint in server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetMetadata<RequiredScope>() is not null
        from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
        select (method, endpoint.RoutePattern.RawText!, endpoint.Metadata.GetRequiredMetadata<RequiredScope>().Scope);

    private static bool OfMeeting(string path) => path.StartsWith("/v1/meetings/{id}", StringComparison.Ordinal);

    /// <summary>What is left out of a body must not be what a meeting is refused for.</summary>
    private static string Body(string path) => path.EndsWith("/tracks", StringComparison.Ordinal) ? """{"participant":{"id":"a"},"payload_type":111}""" : "{}";

    private static string Path(string pattern, string meeting) => string.Join('/', pattern.Replace("{id}", meeting).Split('/').Select(part =>
        part.StartsWith('{') ? "x" : part));
}
