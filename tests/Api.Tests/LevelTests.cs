using System.Net;

namespace Pipeline.Api.Tests;

public sealed class LevelTests : IAsyncLifetime
{
    private ApiServer server = null!;
    private string meeting = null!;

    public async Task InitializeAsync()
    {
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync("""{"tracks":[{"participant":{"id":"alice","name":"Alice"},"payload_type":111}]}""");
    }

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_reader_gets_levels_as_they_are_measured_then_the_end()
    {
        await using var reader = await OpenAsync();
        Assert.Equal("text/event-stream", reader.MediaType);
        server.Meetings.Measure(meeting, 12.3454, -32, speaking: true);
        var levels = await reader.NextAsync();
        Assert.Equal(("levels", null), (levels.Name, levels.Id));
        string track = server.Meetings.View(meeting).Tracks[0].Track.Id.ToString();
        Assert.Equal($$"""{"at_ms":12345,"tracks":[{"track_id":"{{track}}","level_db":-32,"speaking":true}]}""", levels.Data.GetRawText());

        server.Meetings.Measure(meeting, 12.6, -127, speaking: false);
        Assert.Equal(-127, (await reader.NextAsync()).Data.GetProperty("tracks")[0].GetProperty("level_db").GetInt32());
        server.Meetings.Complete(meeting);
        var end = await reader.NextAsync();
        Assert.Equal(("end", meeting), (end.Name, end.Data.Text("meeting_id")));
        Assert.True(await reader.IsOverAsync());
    }

    [Fact]
    public async Task Of_a_meeting_that_is_over_there_is_only_the_end()
    {
        server.Meetings.Complete(meeting);
        await using var reader = await OpenAsync();
        Assert.Equal("end", (await reader.NextAsync()).Name);
    }

    [Fact]
    public async Task A_meeting_without_sound_is_filled_with_comments()
    {
        await using var reader = await OpenAsync();
        await server.Clock.TimerMade;
        server.Clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(": keep-alive", await reader.LineAsync());
    }

    [Fact]
    public async Task Levels_of_a_meeting_that_is_not_there_are_not_found() =>
        await (await server.Client.GetAsync("/v1/meetings/mtg_00000000000000000000000000/levels")).IsProblemAsync(404, "not_found");

    [Fact]
    public async Task A_stranger_hears_nothing() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Stranger.GetAsync($"/v1/meetings/{meeting}/levels")).StatusCode);

    private Task<EventReader> OpenAsync() => EventReader.OpenAsync(server.Client, $"/v1/meetings/{meeting}/levels");
}
