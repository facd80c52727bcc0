using Pipeline.Actors.Meetings;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Api.Tests;

public sealed class CaptionTests : IAsyncLifetime
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
    public async Task A_new_reader_gets_what_was_said_then_what_is_said_then_the_end()
    {
        server.Meetings.Say(meeting, "Hello.", 1, 2);
        await using var reader = await OpenAsync();
        Assert.Equal("text/event-stream", reader.MediaType);
        Assert.Equal("1", (await reader.NextAsync()).Id);
        server.Meetings.Say(meeting, "And then?", 3, 4);
        Assert.Equal("And then?", (await reader.NextAsync()).Data.Text("text"));
        server.Meetings.Complete(meeting);
        var end = await reader.NextAsync();
        Assert.Equal("end", end.Name);
        Assert.Equal(meeting, end.Data.Text("meeting_id"));
        Assert.True(await reader.IsOverAsync());
    }

    [Fact]
    public async Task A_caption_has_every_member_of_the_contract()
    {
        var said = server.Meetings.Say(meeting, "Hé \"you\"\n😀", 1.0004, 2.5);
        await using var reader = await OpenAsync();
        var caption = await reader.NextAsync();
        Assert.Equal("caption", caption.Name);
        Assert.Equal(
            ["id", "rev", "final", "stable_chars", "late", "participant", "track_id", "start_ms", "end_ms", "text", "language", "words"], caption.Data.Names());
        Assert.Equal(said.Id.ToString(), caption.Data.Text("id"));
        Assert.Equal(1, caption.Data.GetProperty("rev").GetInt32());
        Assert.True(caption.Data.GetProperty("final").GetBoolean());
        Assert.Equal(10, caption.Data.GetProperty("stable_chars").GetInt32());   // H é _ " y o u " ↵ 😀
        Assert.Equal("""{"id":"alice","name":"Alice"}""", caption.Data.GetProperty("participant").GetRawText());
        Assert.Equal(said.Track.ToString(), caption.Data.Text("track_id"));
        Assert.Equal((1000, 2500), (caption.Data.GetProperty("start_ms").GetInt32(), caption.Data.GetProperty("end_ms").GetInt32()));
        Assert.Equal(said.Text, caption.Data.Text("text"));
        Assert.Equal(["text", "start_ms", "end_ms", "confidence"], caption.Data.GetProperty("words")[0].Names());
        Assert.Equal(0.877, caption.Data.GetProperty("words")[0].GetProperty("confidence").GetDouble());
    }

    [Fact]
    public async Task What_is_being_said_comes_without_an_id_and_counts_what_is_stable_in_code_points()
    {
        var view = await server.Meetings.FindAsync(new("default"), MeetingId.TryParse(meeting, out var id) ? id : default, default);
        var track = view!.Tracks[0].Track;
        Word[] words = [.. "Hé 😀 you".Split(' ').Select((word, n) => new Word(word, TimeSpan.FromSeconds(n), TimeSpan.FromSeconds(n + 1), 0.9))];
        var said = new Caption(1, TimeSpan.Zero, TimeSpan.FromSeconds(3), "Hé 😀 you", "en", words, Late: false) { Revision = 2, IsFinal = false, StableWords = 2 };
        server.Meetings.Said.AddRange([new SegmentUpdate.Partial(track, said), new SegmentUpdate.Withdrawn(track, said)]);
        server.Meetings.Say(meeting, "Hello.", 1, 2);

        await using var reader = await OpenAsync();
        var partial = await reader.NextAsync();
        Assert.Equal(("caption", ""), (partial.Name, partial.Id ?? ""));
        Assert.Equal(
            ["id", "rev", "final", "stable_chars", "late", "participant", "track_id", "start_ms", "end_ms", "text", "language", "words"], partial.Data.Names());
        Assert.Equal((2, false, 4), (partial.Data.GetProperty("rev").GetInt32(), partial.Data.GetProperty("final").GetBoolean(), partial.Data.GetProperty("stable_chars").GetInt32()));
        Assert.Equal(new SegmentId(said.Segment).ToString(), partial.Data.Text("id"));

        var gone = await reader.NextAsync();
        Assert.Equal(("", partial.Data.Text("id"), ""), (gone.Id ?? "", gone.Data.Text("id"), gone.Data.Text("text")));
        Assert.Equal((3, true, 0), (gone.Data.GetProperty("rev").GetInt32(), gone.Data.GetProperty("final").GetBoolean(), gone.Data.GetProperty("words").GetArrayLength()));
        Assert.Equal("1", (await reader.NextAsync()).Id);
    }

    [Fact]
    public async Task A_reader_that_comes_back_goes_on_where_it_was()
    {
        for (int i = 1; i <= 5; i++) server.Meetings.Say(meeting, $"Sentence {i}.", i, i + 1);
        server.Meetings.Complete(meeting);
        for (int last = 0; last <= 6; last++)
        {
            await using var reader = await OpenAsync(last.ToString());
            for (int i = last + 1; i <= 5; i++) Assert.Equal(i.ToString(), (await reader.NextAsync()).Id);
            Assert.Equal("end", (await reader.NextAsync()).Name);
        }
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999")]
    [InlineData("1,2")]
    public async Task An_id_of_another_stream_is_refused(string lastEventId)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting}/captions");
        request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        await (await server.Client.SendAsync(request)).IsProblemAsync(400, "bad_request");
    }

    [Fact]
    public async Task Silence_is_filled_with_comments()
    {
        await using var reader = await OpenAsync();
        await server.Clock.TimerMade;
        for (int i = 0; i < 3; i++)
        {
            server.Clock.Advance(TimeSpan.FromSeconds(15));
            Assert.Equal(": keep-alive", await reader.LineAsync());
            Assert.Equal("", await reader.LineAsync());
        }
        server.Meetings.Say(meeting, "At last.", 50, 51);
        Assert.Equal("At last.", (await reader.NextAsync()).Data.Text("text"));
    }

    [Fact]
    public async Task A_stopping_node_lets_readers_go_without_an_end_so_that_they_come_back()
    {
        await using var reader = await OpenAsync();
        server.Meetings.Say(meeting, "Hello.", 1, 2);
        await reader.NextAsync();
        await server.StopAsync();
        Assert.True(await reader.IsOverAsync());
    }

    [Fact]
    public async Task Many_readers_hear_the_same()
    {
        var readers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => OpenAsync()));
        for (int i = 1; i <= 10; i++) server.Meetings.Say(meeting, $"Sentence {i}.", i, i + 1);
        server.Meetings.Complete(meeting);
        foreach (var reader in readers)
        {
            for (int i = 1; i <= 10; i++) Assert.Equal(i.ToString(), (await reader.NextAsync()).Id);
            Assert.Equal("end", (await reader.NextAsync()).Name);
            await reader.DisposeAsync();
        }
    }

    private Task<EventReader> OpenAsync(string? lastEventId = null) => EventReader.OpenAsync(server.Client, $"/v1/meetings/{meeting}/captions", lastEventId);
}
