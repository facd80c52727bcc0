using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class MeetingListTests : IAsyncLifetime
{
    private ApiServer server = null!;

    public async Task InitializeAsync() => server = await ApiServer.StartAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Pages_go_from_the_newest_to_the_oldest_and_end()
    {
        var made = new List<string>();
        for (int i = 0; i < 7; i++) made.Add(await server.CreateAsync());

        var seen = new List<string>();
        string cursor = "";
        int pages = 0;
        do
        {
            var page = await (await server.Client.GetAsync($"/v1/meetings?limit=3{cursor}")).JsonAsync();
            Assert.Equal(["data", "next_cursor"], page.Names());
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(meeting => meeting.Text("id")));
            cursor = page.GetProperty("next_cursor").GetString() is { } next ? $"&cursor={Uri.EscapeDataString(next)}" : "";
            pages++;
        }
        while (cursor.Length > 0);
        Assert.Equal(3, pages);
        Assert.Equal(Enumerable.Reverse(made), seen);
    }

    [Fact]
    public async Task Summaries_leave_the_tracks_out()
    {
        await server.CreateAsync("""{"tracks":[{"participant":{"id":"a"},"payload_type":1}]}""");
        var page = await (await server.Client.GetAsync("/v1/meetings")).JsonAsync();
        var names = page.GetProperty("data")[0].Names();
        Assert.DoesNotContain("tracks", names);
        Assert.Contains("ingest", names);
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next_cursor").ValueKind);
    }

    [Fact]
    public async Task Filters_reach_the_archive_as_they_were_meant()
    {
        var answer = await server.Client.GetAsync(
            "/v1/meetings?status=stopping&external_id=room-42&participant=alice&from=2026-01-02T03:04:05.678Z&to=2026-02-01"
            + "&metadata[case]=A-17&metadata%5Bteam%5D=blue&q=weekly%20sync&limit=200");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var query = server.Meetings.LastQuery!;
        Assert.Equal(MeetingStatus.Stopping, query.Status);
        Assert.Equal("room-42", query.ExternalId);
        Assert.Equal("alice", query.Participant);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero), query.From);
        Assert.Equal(new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), query.To);
        Assert.Equal(new Dictionary<string, string> { ["case"] = "A-17", ["team"] = "blue" }, query.Metadata);
        Assert.Equal("weekly sync", query.Text);
        Assert.Equal(200, query.Limit);
    }

    [Theory]
    [InlineData("limit=0", "?limit")]
    [InlineData("limit=201", "?limit")]
    [InlineData("limit=-1", "?limit")]
    [InlineData("limit=1e2", "?limit")]
    [InlineData("limit=99999999999999999999", "?limit")]
    [InlineData("limit=", "?limit")]
    [InlineData("status=gone", "?status")]
    [InlineData("status=Recording", "?status")]
    [InlineData("status=0", "?status")]
    [InlineData("from=yesterday", "?from")]
    [InlineData("to=2026-13-01T00:00:00Z", "?to")]
    [InlineData("cursor=mtg_1", "?cursor")]
    [InlineData("cursor='; drop table meetings", "?cursor")]
    [InlineData("colour=blue", "?colour")]
    [InlineData("status=failed&status=completed", "?status")]
    [InlineData("limit=0&status=x&from=y", "?status ?from ?limit")]
    public async Task Parameters_that_cannot_be_are_refused_all_at_once(string query, string pointers)
    {
        var named = await (await server.Client.GetAsync("/v1/meetings?" + query)).IsProblemAsync(422, "validation_failed");
        Assert.Superset(pointers.Split(' ').ToHashSet(), named.ToHashSet());
    }
}
