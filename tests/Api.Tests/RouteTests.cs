using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Pipeline.Api.Tests;

/// <summary>Every route of the contract, written out: built ones answer, the others say that they are not built.</summary>
public sealed class RouteTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string M = "/v1/meetings/mtg_00000000000000000000000000";

    public static TheoryData<string, string> Built => new()
    {
        { "POST", "/v1/meetings" },
        { "GET", "/v1/meetings" },
        { "GET", M },
        { "POST", M + "/tracks" },
        { "DELETE", M + "/tracks/trk_x" },
        { "POST", M + "/sdp" },
        { "POST", M + "/pause" },
        { "POST", M + "/resume" },
        { "POST", M + "/stop" },
        { "GET", M + "/quality" },
        { "GET", M + "/captions" },
        { "GET", M + "/levels" },
        { "GET", M + "/transcript" },
        { "GET", M + "/transcript/segments/seg_x" },
        { "PATCH", M + "/transcript/segments/seg_x" },
        { "GET", M + "/minutes" },
        { "GET", M + "/recordings" },
        { "GET", M + "/live/index.m3u8" },
        { "GET", M + "/live/part_x" },
        { "GET", M + "/recordings/rec_x/content" },
        { "HEAD", M + "/recordings/rec_x/content" },
        { "POST", M + "/renders" },
        { "POST", M + "/content_links" },
        { "GET", "/v1/jobs/job_x" },
        { "POST", "/v1/jobs/job_x/cancel" },
        { "GET", M + "/events" },
        { "GET", "/v1/events" },
        { "POST", M + "/viewer_tokens" },
        { "GET", "/v1/keys" },
        { "POST", "/v1/keys" },
        { "DELETE", "/v1/keys/key_x" },
        { "POST", "/v1/session" },
        { "GET", "/v1/session" },
        { "DELETE", "/v1/session" },
        { "PATCH", M },
        { "PATCH", M + "/tracks/trk_x" },
        { "GET", "/v1/search?q=x" },
        { "GET", "/healthz" },
        { "GET", "/readyz" },
        { "GET", "/metrics" },
        { "GET", "/openapi/v1.json" },
        { "GET", "/" },
        { "HEAD", "/" },
        { "GET", "/docs" },
        { "HEAD", "/docs" },
        { "GET", "/page/file_x" },
        { "HEAD", "/page/file_x" },
    };

    /// <summary>For people, or the description itself.</summary>
    private static bool IsDescribed(string path) => path.StartsWith("/v1/", StringComparison.Ordinal) || path is "/healthz" or "/readyz" or "/metrics";

    public static TheoryData<string, string> NotBuilt => new()
    {
        { "DELETE", M },
        { "DELETE", M + "?force=true" },
        { "POST", M + "/holds" },
        { "DELETE", M + "/holds/hld_x" },
        { "GET", M + "/erasure" },
        { "POST", M + "/masks" },
        { "GET", M + "/export" },
        { "GET", "/v1/holds" },
        { "POST", "/v1/erasures" },
        { "GET", "/v1/audit" },
        { "GET", "/v1/audit/verify" },
        { "POST", "/v1/webhooks" },
        { "GET", "/v1/webhooks" },
        { "GET", "/v1/webhooks/whk_x" },
        { "PATCH", "/v1/webhooks/whk_x" },
        { "DELETE", "/v1/webhooks/whk_x" },
        { "GET", "/v1/webhooks/whk_x/deliveries" },
        { "POST", "/v1/webhooks/whk_x/deliveries/1/redeliver" },
        { "POST", "/v1/webhooks/whk_x/test" },
    };

    [Theory]
    [MemberData(nameof(Built))]
    public async Task Built_routes_answer(string method, string path)
    {
        var answer = await server.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.NotEqual(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.NotEqual(HttpStatusCode.NotImplemented, answer.StatusCode);
        if (!path.Contains("_x") && !path.Contains(M)) Assert.NotEqual(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [MemberData(nameof(NotBuilt))]
    public async Task Routes_that_are_not_built_say_so(string method, string path) =>
        await (await server.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path))).IsProblemAsync(501, "not_implemented");

    [Theory]
    [MemberData(nameof(NotBuilt))]
    public async Task Routes_that_are_not_built_are_told_to_known_callers_only(string method, string path)
    {
        var answer = await server.Stranger.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        await answer.IsProblemAsync(401, "unauthenticated");
    }

    [Fact]
    public void Nothing_is_mapped_that_is_not_written_out_here()
    {
        var written = Built.Concat(NotBuilt).Select(row => $"{row[0]} {Shape((string)row[1])}").Distinct().Order();
        Assert.Equal(written, Mapped(described: null).Order());
    }

    [Fact]
    public async Task The_description_names_what_is_built_and_nothing_else()
    {
        var paths = (await (await server.Stranger.GetAsync("/openapi/v1.json")).JsonAsync()).GetProperty("paths");
        var described = paths.EnumerateObject().SelectMany(path => path.Value.Names().Select(method => $"{method.ToUpperInvariant()} {Shape(path.Name)}"));
        Assert.Equal(Mapped(described: true).Order(), described.Order());
        Assert.Equal(Built.Where(row => IsDescribed((string)row[1])).Select(row => $"{row[0]} {Shape((string)row[1])}").Order(), described.Order());
    }

    private IEnumerable<string> Mapped(bool? described) =>
        from endpoint in server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let hidden = endpoint.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is { ExcludeFromDescription: true }
        where described is null || described == !hidden
        from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
        select $"{method} {Shape(endpoint.RoutePattern.RawText!)}";

    /// <summary>A path without its query, every part that varies as `{}`.</summary>
    private static string Shape(string path) => string.Join('/', path.Split('?')[0].Split('/').Select((part, i) =>
        part.StartsWith('{') && part.EndsWith('}') || part.Contains("_x") || part.StartsWith("mtg_", StringComparison.Ordinal) || part == "1" ? "{}"
        : part));
}
