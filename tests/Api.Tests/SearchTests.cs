using System.Net;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Api.Tests;

public sealed class SearchTests : IAsyncLifetime
{
    private ApiServer server = null!;

    public async Task InitializeAsync() => server = await ApiServer.StartAsync();
    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_hit_has_every_member_of_the_contract_and_a_snippet_that_is_safe_HTML()
    {
        string meeting = await server.CreateAsync("""{"title":"Weekly","tracks":[{"participant":{"id":"alice","name":"Alice"},"payload_type":111}]}""");
        var segment = server.Meetings.Say(meeting, "x", 12.3456, 13);
        var started = server.Meetings.View(meeting).StartedAt;
        server.Search.Result = new SearchResult.Found(
            [new SearchHit(segment, "Weekly", started, [new("We <ship> & \"", false), new("<b>", true)], 1.23456)], new SearchPlace(true, 42));
        var page = await (await server.Client.GetAsync("/v1/search?q=ship")).JsonAsync();
        Assert.Equal(["data", "next_cursor"], page.Names());
        var hit = page.GetProperty("data")[0];
        Assert.Equal(["meeting_id", "title", "started_at", "segment_id", "participant", "start_ms", "snippet", "score"], hit.Names());
        Assert.Equal((meeting, "Weekly", segment.Id.ToString(), 12346), (hit.Text("meeting_id"), hit.Text("title"), hit.Text("segment_id"), hit.GetProperty("start_ms").GetInt64()));
        Assert.Equal("""{"id":"alice","name":"Alice"}""", hit.GetProperty("participant").GetRawText());
        Assert.Equal("We &lt;ship&gt; &amp; &quot;<mark>&lt;b&gt;</mark>", hit.Text("snippet"));
        Assert.Equal(1.2346, hit.GetProperty("score").GetDouble());

        await server.Client.GetAsync($"/v1/search?q=ship&cursor={page.Text("next_cursor")}");
        Assert.Equal(new SearchPlace(true, 42), server.Search.Last!.Value.Query.After);
    }

    [Fact]
    public async Task Every_parameter_reaches_the_search()
    {
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v1/search?q=a+b&participant=alice&from=2026-01-02&to=2026-01-03T00:00:00Z&limit=7")).StatusCode);
        var (tenant, query) = server.Search.Last!.Value;
        Assert.Equal(new TenantId("default"), tenant);
        Assert.Equal(("alice", 7, null), (query.Participant, query.Limit, query.After));
        Assert.Equal((new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 1, 3, 0, 0, 0, TimeSpan.Zero)), (query.From, query.To));
        Assert.Equal(2, Assert.IsType<SearchExpression.All>(query.Words).Parts.Count);
        await server.Client.GetAsync("/v1/search?q=a");
        Assert.Equal(50, server.Search.Last!.Value.Query.Limit);
    }

    [Theory]
    [InlineData("", "?q")]
    [InlineData("?q=", "?q")]
    [InlineData("?q=NOT%20x", "?q")]
    [InlineData("?q=%22", "?q")]
    [InlineData("?q=a%00b", "?q")]
    [InlineData("?q=a&q=b", "?q")]
    [InlineData("?q=a&limit=0", "?limit")]
    [InlineData("?q=a&limit=201", "?limit")]
    [InlineData("?q=a&cursor=x", "?cursor")]
    [InlineData("?q=a&cursor=dA", "?cursor")]
    [InlineData("?q=a&cursor=eDQy", "?cursor")]
    [InlineData("?q=a&from=soon", "?from")]
    [InlineData("?q=a&to=soon", "?to")]
    [InlineData("?q=a&speaker=b", "?speaker")]
    [InlineData("?q=(&limit=x&from=y", "?q", "?from", "?limit")]
    public async Task What_is_no_search_is_refused_with_all_that_is_wrong(string query, params string[] pointers)
    {
        Assert.Equal(pointers.Order(), (await (await server.Client.GetAsync("/v1/search" + query)).IsProblemAsync(422, "validation_failed")).Distinct().Order());
        Assert.Null(server.Search.Last);
    }

    [Fact]
    public async Task An_index_that_is_being_made_is_worth_asking_again()
    {
        server.Search.Result = new SearchResult.NotReady();
        var answer = await server.Client.GetAsync("/v1/search?q=a");
        await answer.IsProblemAsync(503, "unavailable");
        Assert.NotNull(answer.Headers.RetryAfter);
        server.Search.Result = new SearchResult.TooBroad();
        Assert.Equal(["?q"], await (await server.Client.GetAsync("/v1/search?q=a")).IsProblemAsync(422, "validation_failed"));
    }
}
