using System.Text;
using Microsoft.AspNetCore.Http;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Streams;

namespace Pipeline.Api.Tests;

public sealed class EventTests : IAsyncLifetime
{
    private ApiServer server = null!;
    private string meeting = null!, other = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        (meeting, other) = (await server.CreateAsync(), await server.CreateAsync());
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task The_ledger_is_read_page_by_page_from_the_oldest_and_then_from_where_one_was()
    {
        for (int i = 0; i < 7; i++) server.Meetings.Happen(i % 2 == 0 ? meeting : other, "caption.final");
        List<long> seen = [];
        string? after = "0";
        while (after is not null)
        {
            var page = await (await server.Client.GetAsync($"/v1/events?after={after}&limit=3")).JsonAsync();
            Assert.Equal(["data", "next_cursor"], page.Names());
            seen.AddRange(page.GetProperty("data").EnumerateArray().Select(happened => happened.GetProperty("seq").GetInt64()));
            after = page.GetProperty("next_cursor").GetString();
        }
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], seen);

        server.Meetings.Happen(meeting, "meeting.stopped");
        var more = await (await server.Client.GetAsync("/v1/events?after=7")).JsonAsync();
        Assert.Equal("meeting.stopped", Assert.Single(more.GetProperty("data").EnumerateArray()).Text("type"));
    }

    [Fact]
    public async Task An_event_has_every_member_of_the_contract()
    {
        var happened = server.Meetings.Happen(meeting, "meeting.stopped");
        var shown = (await (await server.Client.GetAsync("/v1/events")).JsonAsync()).GetProperty("data")[0];
        Assert.Equal(["id", "seq", "type", "timestamp", "data"], shown.Names());
        Assert.Equal(happened.Id, shown.Text("id"));
        Assert.Equal(1, shown.GetProperty("seq").GetInt64());
        Assert.Matches(@"^2026-01-02T03:04:05\.\d{3}Z$", shown.Text("timestamp"));
        Assert.Equal(happened.Data, shown.GetProperty("data").GetRawText());
    }

    [Fact]
    public async Task Another_tenant_has_a_ledger_of_its_own()
    {
        server.Meetings.Happen(meeting, "meeting.started");
        var (key, _) = await server.AddKeyAsync("acme", Scopes.MeetingsRead);
        Assert.Equal(0, (await (await server.SendAsync("GET", "/v1/events", key)).JsonAsync()).GetProperty("data").GetArrayLength());
        await (await server.SendAsync("GET", $"/v1/meetings/{meeting}/events", key)).IsProblemAsync(404, "not_found");
    }

    [Theory]
    [InlineData("after=-1", "?after")]
    [InlineData("after=x&limit=0", "?after ?limit")]
    [InlineData("limit=201", "?limit")]
    [InlineData("after=1&after=2", "?after")]
    [InlineData("cursor=1", "?cursor")]
    public async Task Parameters_that_cannot_be_are_refused(string query, string at) =>
        Assert.Equal(at.Split(' '), await (await server.Client.GetAsync("/v1/events?" + query)).IsProblemAsync(422, "validation_failed"));

    [Fact]
    public async Task A_reader_of_one_meeting_gets_what_happened_then_what_happens_then_the_end()
    {
        server.Meetings.Happen(meeting, "meeting.started");
        server.Meetings.Happen(other, "meeting.started");
        await using var reader = await FollowAsync();
        Assert.Equal("text/event-stream", reader.MediaType);
        var first = await reader.NextAsync();
        Assert.Equal(("event", "1", "meeting.started"), (first.Name, first.Id, first.Data.Text("type")));
        server.Meetings.Happen(meeting, "track.started");
        Assert.Equal("3", (await reader.NextAsync()).Id);   // the tenant's number: another meeting's event was between
        server.Meetings.Happen(meeting, "meeting.completed");
        server.Meetings.Complete(meeting);
        Assert.Equal("meeting.completed", (await reader.NextAsync()).Data.Text("type"));
        var end = await reader.NextAsync();
        Assert.Equal(("end", meeting), (end.Name, end.Data.Text("meeting_id")));
        Assert.True(await reader.IsOverAsync());
    }

    [Fact]
    public async Task A_reader_that_comes_back_goes_on_where_it_was_also_when_the_meeting_is_over()
    {
        for (int i = 0; i < 5; i++) server.Meetings.Happen(meeting, "caption.final");
        server.Meetings.Complete(meeting);
        for (int last = 0; last <= 6; last++)
        {
            await using var reader = await FollowAsync(last.ToString());
            for (int i = last + 1; i <= 5; i++) Assert.Equal(i.ToString(), (await reader.NextAsync()).Id);
            Assert.Equal("end", (await reader.NextAsync()).Name);
        }
    }

    [Fact]
    public async Task An_open_stream_ends_without_an_end_once_its_session_has_expired()
    {
        await using var reader = await FollowAsync(cookie: await server.SessionAsync(await server.ViewerTokenAsync(meeting, "60")));
        await server.Clock.TimerMade;
        for (int i = 1; i < 4; i++)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(15));
            Assert.Equal((": keep-alive", ""), (await reader.LineAsync(), await reader.LineAsync()));
        }
        server.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.True(await reader.IsOverAsync());
    }

    [Fact]
    public async Task An_open_stream_ends_without_an_end_once_its_key_is_deleted()
    {
        var (key, id) = await server.AddKeyAsync("default", Scopes.MeetingsRead);
        await using var reader = await FollowAsync(cookie: await server.SessionAsync(key));
        await server.Clock.TimerMade;
        await server.Keys.DeleteAsync(new TenantId("default"), id);
        server.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.True(await reader.IsOverAsync());
    }

    [Fact]
    public async Task A_reader_who_is_behind_is_looked_at_all_the_same()
    {
        var (key, id) = await server.AddKeyAsync("default", Scopes.MeetingsRead);
        int asked = 0;
        var stream = new EventStream<int, StreamEndDto>("news", default, _ => Behind(), _ => (null, new StreamEndDto(meeting)), ApiJson.Default.StreamEndDto);
        var body = new MemoryStream();
        var context = new DefaultHttpContext { RequestServices = server.Services };
        context.Request.Headers.Authorization = $"Bearer {key}";
        context.Response.Body = body;
        await stream.ExecuteAsync(context);
        Assert.Equal(3, asked);
        Assert.DoesNotContain("event: end", Encoding.UTF8.GetString(body.ToArray()));

        // There is always a next one already.
        async IAsyncEnumerable<int> Behind()
        {
            while (asked < 1000)
            {
                if (++asked == 3)
                {
                    await server.Keys.DeleteAsync(new TenantId("default"), id);
                    server.Clock.Advance(EventStream<int, StreamEndDto>.KeepAlive);
                }
                yield return asked;
            }
        }
    }

    private Task<EventReader> FollowAsync(string? lastEventId = null, string? cookie = null) =>
        EventReader.OpenAsync(cookie is null ? server.Client : server.Stranger, $"/v1/meetings/{meeting}/events", lastEventId, cookie);
}
