using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Api.Tests;

/// <summary>A room as a meeting's source: how it is asked for, and what is shown of it.</summary>
public sealed class SourceTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Whole =
        """{"source":{"type":"janus","url":"ws://127.0.0.1:8188","room":1234,"secret":"s3cret","pin":"p1n","api_secret":"4pi","admin_key":"4dmin"}}""";

    [Fact]
    public async Task A_room_is_watched_with_what_it_wants_to_be_told_and_nobody_else_is_told_that()
    {
        await using var alone = await ApiServer.StartAsync();
        var answer = await (await alone.PostAsync("/v1/meetings", Whole)).JsonAsync();
        var source = alone.Meetings.LastCreated.Spec.Source!;
        Assert.Equal(("ws://127.0.0.1:8188", JanusId.Of(1234)), (source.Url, source.Room));
        Assert.Equal(new SourceSecrets("s3cret", "p1n", "4pi", "4dmin"), source.Offered);
        Assert.Equal("SourceSecrets { set }", source.Offered!.ToString());
        Assert.Equal("""{"type":"janus","url":"ws://127.0.0.1:8188","room":1234,"status":"connecting","detail":null}""", answer.GetProperty("source").GetRawText());

        string id = answer.Text("id");
        alone.Meetings.Change(id, view => view with { Source = new SourceState(SourceStatus.Lost, "Janus does not answer") });
        var found = await (await alone.Client.GetAsync($"/v1/meetings/{id}")).JsonAsync();
        Assert.Equal(("lost", "Janus does not answer"), (found.GetProperty("source").Text("status"), found.GetProperty("source").Text("detail")));
        var listed = await (await alone.Client.GetAsync("/v1/meetings")).JsonAsync();
        Assert.Equal("lost", listed.GetProperty("data")[0].GetProperty("source").Text("status"));
        Assert.DoesNotContain("s3cret", listed.GetRawText() + found.GetRawText());
    }

    [Fact]
    public async Task A_room_may_be_named_by_a_text_and_need_no_secrets()
    {
        await using var alone = await ApiServer.StartAsync();
        var answer = await (await alone.PostAsync("/v1/meetings", """{"source":{"type":"janus","url":"wss://janus.example/ws","room":"lobby","secret":null}}""")).JsonAsync();
        Assert.True(alone.Meetings.LastCreated.Spec.Source!.Offered!.IsEmpty);
        Assert.Equal("lobby", answer.GetProperty("source").Text("room"));
    }

    [Fact]
    public async Task A_meeting_that_is_sent_its_media_has_none()
    {
        var answer = await (await server.PostAsync("/v1/meetings", "{}")).JsonAsync();
        Assert.Equal(JsonValueKind.Null, answer.GetProperty("source").ValueKind);
    }

    [Theory]
    [InlineData("{}", "/source/type /source/url /source/room")]
    [InlineData("""{"type":"jitsi","url":"ws://h","room":1}""", "/source/type")]
    [InlineData("""{"type":"janus","url":"http://h","room":1}""", "/source/url")]
    [InlineData("""{"type":"janus","url":"/ws","room":1}""", "/source/url")]
    [InlineData("""{"type":"janus","url":"ws://user:word@h/","room":1}""", "/source/url")]
    [InlineData("""{"type":"janus","url":"ws://h/?token=x","room":1}""", "/source/url")]
    [InlineData("""{"type":"janus","url":"ws://h/#x","room":1}""", "/source/url")]
    [InlineData("""{"type":"janus","url":7,"room":1.5}""", "/source/url /source/room")]
    [InlineData("""{"type":"janus","url":"ws://h","room":0}""", "/source/room")]
    [InlineData("""{"type":"janus","url":"ws://h","room":9007199254740993}""", "/source/room")]
    [InlineData("""{"type":"janus","url":"ws://h","room":""}""", "/source/room")]
    [InlineData("""{"type":"janus","url":"ws://h","room":1,"secret":"","pin":7,"api_secret":[],"admin_key":{}}""", "/source/secret /source/pin /source/api_secret /source/admin_key")]
    [InlineData("""{"type":"janus","url":"ws://h","room":1,"token":"x"}""", "/source/token")]
    public async Task What_is_wrong_with_a_source_is_named_all_at_once(string source, string pointers)
    {
        var named = await (await server.PostAsync("/v1/meetings", $$"""{"source":{{source}}}""")).IsProblemAsync(422, "validation_failed");
        Assert.Equal(pointers.Split(' ').Order(), named.Order());
    }

    [Fact]
    public async Task No_finding_repeats_what_was_sent()
    {
        var refused = await server.PostAsync("/v1/meetings", """{"source":{"type":"janus","url":"ws://me:pass-word@h","room":1,"secret":"s3cr\u0001et"}}""");
        string told = await refused.Content.ReadAsStringAsync();
        Assert.DoesNotContain("pass-word", told);
        Assert.DoesNotContain("s3cr", told);
    }
}
