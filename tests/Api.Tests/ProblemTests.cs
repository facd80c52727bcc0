using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Pipeline.Api.Tests;

public sealed class ProblemTests(ApiServer server) : IClassFixture<ApiServer>
{
    [Theory]
    [InlineData("/nothing")]
    [InlineData("/v1")]
    [InlineData("/v1/nothing")]
    [InlineData("/v2/meetings")]
    [InlineData("/openapi/v2.json")]
    [InlineData("/v1/meetings/x/nothing")]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/v1/meetings/%ff%fe")]
    public async Task A_path_that_is_none_is_not_found(string path)
    {
        var answer = await server.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData("DELETE", "/v1/meetings", "GET, POST")]
    [InlineData("PUT", "/v1/meetings/mtg_x", "DELETE, GET, PATCH")]
    [InlineData("GET", "/v1/meetings/mtg_x/stop", "POST")]
    [InlineData("POST", "/v1/meetings/mtg_x/recordings/rec_x/content", "GET, HEAD")]
    [InlineData("POST", "/v1/search", "GET")]
    [InlineData("POST", "/healthz", "GET")]
    [InlineData("BREW", "/v1/webhooks", "GET, POST")]
    public async Task A_method_that_a_path_has_not_is_told_those_it_has(string method, string path, string allowed)
    {
        var answer = await server.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        await answer.IsProblemAsync(405, "method_not_allowed");
        Assert.Equal(allowed, string.Join(", ", answer.Content.Headers.Allow.Order()));
    }

    [Fact]
    public async Task What_a_stopping_node_gives_up_may_be_sent_again()
    {
        var alone = await ApiServer.StartAsync();
        var lifetime = alone.Services.GetRequiredService<IHostApplicationLifetime>();
        alone.Meetings.BeforeCreate = () =>
        {
            lifetime.StopApplication();
            throw new OperationCanceledException("The server is stopping.");
        };
        var answer = await alone.PostAsync("/v1/meetings", "{}", idempotencyKey: "again");
        await answer.IsProblemAsync(503, "no_capacity");
        Assert.NotNull(answer.Headers.RetryAfter);
        await alone.DisposeAsync();
    }

    [Fact]
    public async Task What_a_disk_does_not_answer_may_be_asked_again()
    {
        var alone = await ApiServer.StartAsync();
        alone.Meetings.BeforeCreate = () => throw new TimeoutException("the disk does not answer");
        var answer = await alone.PostAsync("/v1/meetings", "{}", idempotencyKey: "again");
        await answer.IsProblemAsync(503, "unavailable");
        Assert.NotNull(answer.Headers.RetryAfter);
        await alone.DisposeAsync();
    }

    [Fact]
    public async Task Our_own_fault_tells_nothing_of_itself()
    {
        var alone = await ApiServer.StartAsync();
        alone.Meetings.BeforeCreate = () => throw new InvalidOperationException("the password is swordfish");
        var answer = await alone.PostAsync("/v1/meetings", "{}");
        await answer.IsProblemAsync(500, "internal_error");
        string text = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotContain("swordfish", text);
        Assert.DoesNotContain("Exception", text);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.True(answer.Headers.Contains("X-Request-Id"));
        await alone.DisposeAsync();
    }

    [Fact]
    public async Task A_problem_carries_the_requests_id()
    {
        var answer = await server.Client.GetAsync("/nothing");
        Assert.Equal(Assert.Single(answer.Headers.GetValues("X-Request-Id")), (await answer.JsonAsync()).Text("request_id"));
    }

    [Theory]
    [InlineData("abc-DEF_1.2", true)]
    [InlineData("x y", false)]
    [InlineData("<script>", false)]
    [InlineData("", false)]
    public async Task A_sane_request_id_is_taken_over(string id, bool taken)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        request.Headers.TryAddWithoutValidation("X-Request-Id", id);
        string answered = Assert.Single((await server.Client.SendAsync(request)).Headers.GetValues("X-Request-Id"));
        if (taken) Assert.Equal(id, answered);
        else Assert.Matches("^req_[0-9A-Z]{26}$", answered);
    }

    [Fact]
    public async Task A_long_request_id_is_not()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/healthz") { Headers = { { "X-Request-Id", new string('x', 129) } } };
        Assert.StartsWith("req_", Assert.Single((await server.Client.SendAsync(request)).Headers.GetValues("X-Request-Id")));
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/v1/meetings")]
    [InlineData("/nothing")]
    [InlineData("/openapi/v1.json")]
    public async Task Every_answer_keeps_browsers_careful_and_says_little_of_the_server(string path)
    {
        var answer = await server.Client.GetAsync(path);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", Assert.Single(answer.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Empty(answer.Headers.Server);
        Assert.False(answer.Headers.Contains("X-Powered-By"));
    }
}
