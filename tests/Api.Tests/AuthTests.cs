using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Tests;

public sealed class AuthTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer " + ApiServer.Key + "x")]
    [InlineData("Basic " + ApiServer.Key)]
    [InlineData(ApiServer.Key)]
    [InlineData("Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJkZWZhdWx0In0.")]
    [InlineData("Bearer ключ")]
    public async Task Without_a_known_key_nothing_is_told(string? authorization)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/meetings");
        if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
        var handler = new SocketsHttpHandler { RequestHeaderEncodingSelector = (_, _) => System.Text.Encoding.UTF8 };
        using var client = new HttpClient(handler) { BaseAddress = server.Stranger.BaseAddress };
        var answer = await client.SendAsync(request);
        await answer.IsProblemAsync(401, "unauthenticated");
        Assert.Equal("Bearer", Assert.Single(answer.Headers.WwwAuthenticate).Scheme);
    }

    [Theory]
    [InlineData("Bearer " + ApiServer.Key)]
    [InlineData("bearer " + ApiServer.Key)]
    [InlineData("BEARER  " + ApiServer.Key)]
    public async Task The_scheme_is_a_word_in_any_case(string authorization)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/meetings");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        Assert.Equal(HttpStatusCode.OK, (await server.Stranger.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task Keys_in_a_query_or_a_cookie_are_none()
    {
        await (await server.Stranger.GetAsync($"/v1/meetings?access_token={ApiServer.Key}")).IsProblemAsync(401, "unauthenticated");
        var request = new HttpRequestMessage(HttpMethod.Get, "/v1/meetings");
        request.Headers.Add("Cookie", $"session={ApiServer.Key}");
        await (await server.Stranger.SendAsync(request)).IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public void Every_endpoint_below_v1_names_a_scope_but_the_one_that_makes_sessions()
    {
        var open = server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/v1", StringComparison.Ordinal) && endpoint.Metadata.GetMetadata<RequiredScope>() is null)
            .Select(endpoint => endpoint.RoutePattern.RawText);
        Assert.Equal(["/v1/session", "/v1/session"], open);   // begun and ended by anybody
    }

    [Fact]
    public async Task A_key_without_the_scope_is_forbidden_and_another_tenants_meeting_does_not_exist()
    {
        var shared = await ApiServer.StartAsync();
        string id = await shared.CreateAsync();
        var (reader, _) = await shared.AddKeyAsync("other", Scopes.MeetingsRead);
        shared.Stranger.DefaultRequestHeaders.Authorization = new("Bearer", reader);

        await (await shared.Stranger.PostAsync("/v1/meetings", ApiServer.Json("{}"))).IsProblemAsync(403, "forbidden");
        await (await shared.Stranger.GetAsync("/v1/keys")).IsProblemAsync(403, "forbidden");
        await (await shared.Stranger.GetAsync($"/v1/meetings/{id}")).IsProblemAsync(404, "not_found");
        Assert.Equal(0, (await (await shared.Stranger.GetAsync("/v1/meetings")).JsonAsync()).GetProperty("data").GetArrayLength());
        await shared.DisposeAsync();
    }
}
