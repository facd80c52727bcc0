using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class TrackTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Alice = """{"participant":{"id":"alice"},"payload_type":111}""";
    private const string Bob = """{"participant":{"id":"bob"},"payload_type":112}""";

    [Fact]
    public async Task One_track_is_answered_with_one_track()
    {
        string id = await server.CreateAsync();
        var answer = await server.PostAsync($"/v1/meetings/{id}/tracks", Alice);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var track = await answer.JsonAsync();
        Assert.Equal("alice", track.GetProperty("participant").Text("name"));
        Assert.Equal(server.Meetings.View(id).Port, track.GetProperty("ingest").GetProperty("port").GetInt32());
        Assert.Equal($"/v1/meetings/{id}/tracks/{track.Text("id")}", answer.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task An_array_is_answered_with_an_array_in_its_order()
    {
        string id = await server.CreateAsync();
        var answer = await server.PostAsync($"/v1/meetings/{id}/tracks", $"[{Alice},{Bob}]");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var tracks = await answer.JsonAsync();
        Assert.Equal(JsonValueKind.Array, tracks.ValueKind);
        Assert.Equal(["alice", "bob"], tracks.EnumerateArray().Select(track => track.GetProperty("participant").Text("id")));
    }

    [Theory]
    [InlineData(""","red_payload_type":63}""", 63, null)]
    [InlineData(""","rtx":{"payload_type":97,"ssrc":5}}""", null, """{"payload_type":97,"ssrc":5}""")]
    [InlineData(""","rtx":{"payload_type":97}}""", null, """{"payload_type":97,"ssrc":null}""")]
    [InlineData(""","codec":"red","fmtp":"109/109"}""", null, null)]
    public async Task What_brings_lost_packets_back_is_taken_and_shown(string rest, int? red, string? rtx)
    {
        string id = await server.CreateAsync();
        var answer = await server.PostAsync($"/v1/meetings/{id}/tracks", Alice[..^1] + rest);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var track = await answer.JsonAsync();
        Assert.Equal(red, track.GetProperty("red_payload_type").ValueKind == JsonValueKind.Null ? null : track.GetProperty("red_payload_type").GetInt32());
        Assert.Equal(rtx ?? "null", track.GetProperty("rtx").GetRawText());
        Assert.Equal((byte?)red, server.Meetings.View(id).Tracks[0].Track.Spec.RedPayloadType);
    }

    [Fact]
    public async Task Repairs_that_could_be_another_tracks_are_refused()
    {
        string alice = Alice[..^1] + ""","ssrc":1,"rtx":{"payload_type":97}}""";
        string id = await server.CreateAsync($$"""{"tracks":[{{alice}}]}""");
        string bob = Bob[..^1] + ""","ssrc":2,"rtx":{"payload_type":97}}""";
        Assert.Equal(["/rtx"], await (await server.PostAsync($"/v1/meetings/{id}/tracks", bob)).IsProblemAsync(422, "ambiguous_track"));
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync($"/v1/meetings/{id}/tracks", bob.Replace("97}", "97,\"ssrc\":3}"))).StatusCode);
    }

    [Fact]
    public async Task Tracks_of_one_payload_type_are_told_apart_by_ports_of_their_own()
    {
        string id = await server.CreateAsync($$"""{"tracks":[{{Alice}}]}""");
        string bob = Alice.Replace("alice", "bob");
        await (await server.PostAsync($"/v1/meetings/{id}/tracks", bob)).IsProblemAsync(422, "ambiguous_track");

        var answer = await server.PostAsync($"/v1/meetings/{id}/tracks", bob.Replace("111}", "111,\"own_port\":true}"));

        var track = await answer.JsonAsync();
        Assert.True(track.GetProperty("own_port").GetBoolean());
        Assert.Equal(server.Meetings.View(id).Tracks[1].Track.Port, track.GetProperty("ingest").GetProperty("port").GetInt32());
        Assert.NotEqual(server.Meetings.View(id).Port, track.GetProperty("ingest").GetProperty("port").GetInt32());
    }

    [Theory]
    [InlineData("AES_CM_128_HMAC_SHA1_80", 30, 0)]
    [InlineData("AES_CM_128_HMAC_SHA1_32", 30, 4294967295)]
    [InlineData("AEAD_AES_128_GCM", 28, 1)]
    [InlineData("AEAD_AES_256_GCM", 44, 1)]
    public async Task A_key_is_taken_and_never_told(string suite, int octets, uint rollOver)
    {
        string key = Convert.ToBase64String([.. Enumerable.Range(100, octets).Select(n => (byte)n)]);
        string protectedTrack = $$$"""{"participant":{"id":"alice"},"payload_type":111,"srtp":{"suite":"{{{suite}}}","key":"{{{key}}}","roc":{{{rollOver}}}}}""";

        var answer = await server.PostAsync("/v1/meetings", $$"""{"tracks":[{{protectedTrack}}]}""");

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var taken = server.Meetings.LastCreated.Tracks[0].OfferedSrtp!;
        Assert.Equal((suite, rollOver, key), (taken.Suite.Name, taken.RollOver, Convert.ToBase64String(taken.Master.Span)));
        Assert.DoesNotContain(key, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var track = (await answer.JsonAsync()).GetProperty("tracks")[0];
        Assert.Equal($$"""{"suite":"{{suite}}"}""", track.GetProperty("srtp").GetRawText());

        var refused = await server.PostAsync("/v1/meetings", $$"""{"tracks":[{{protectedTrack.Replace("\"roc\"", "\"rock\"")}}]}""");
        Assert.DoesNotContain(key, await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tracks_that_cannot_be_told_apart_are_ambiguous()
    {
        var answer = await server.PostAsync("/v1/meetings", $$"""{"tracks":[{{Alice}},{{Alice}}]}""");
        Assert.Equal(["/tracks/1/payload_type"], await answer.IsProblemAsync(422, "ambiguous_track"));
        string id = await server.CreateAsync($$"""{"tracks":[{{Alice}}]}""");
        Assert.Equal(["/payload_type"], await (await server.PostAsync($"/v1/meetings/{id}/tracks", Alice)).IsProblemAsync(422, "ambiguous_track"));
        Assert.Equal(["/1/payload_type"], await (await server.PostAsync($"/v1/meetings/{id}/tracks", $"[{Bob},{Alice}]")).IsProblemAsync(422, "ambiguous_track"));
    }

    [Fact]
    public async Task An_SSRC_that_another_track_has_is_the_field_that_is_wrong()
    {
        const string Carol = """{"participant":{"id":"carol"},"payload_type":111,"ssrc":5}""";
        string id = await server.CreateAsync($$"""{"tracks":[{{Carol}}]}""");
        Assert.Equal(["/ssrc"], await (await server.PostAsync($"/v1/meetings/{id}/tracks", Carol)).IsProblemAsync(422, "ambiguous_track"));
        Assert.Equal(["/1/ssrc"], await (await server.PostAsync($"/v1/meetings/{id}/tracks", $"[{Bob},{Carol}]")).IsProblemAsync(422, "ambiguous_track"));
    }

    [Fact]
    public async Task A_track_ends_without_a_word()
    {
        string id = await server.CreateAsync($$"""{"tracks":[{{Alice}}]}""");
        string track = server.Meetings.View(id).Tracks[0].Track.Id.ToString();
        var answer = await server.Client.DeleteAsync($"/v1/meetings/{id}/tracks/{track}");
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        await (await server.Client.DeleteAsync($"/v1/meetings/{id}/tracks/trk_00000000000000000000000000")).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task A_meeting_that_is_over_takes_no_tracks_and_ends_none()
    {
        string id = await server.CreateAsync($$"""{"tracks":[{{Alice}}]}""");
        string track = server.Meetings.View(id).Tracks[0].Track.Id.ToString();
        server.Meetings.Complete(id);
        await (await server.PostAsync($"/v1/meetings/{id}/tracks", Bob)).IsProblemAsync(409, "invalid_state");
        await (await server.Client.DeleteAsync($"/v1/meetings/{id}/tracks/{track}")).IsProblemAsync(409, "invalid_state");
    }

    [Fact]
    public async Task A_full_node_says_when_to_ask_again()
    {
        var alone = await ApiServer.StartAsync();
        alone.Meetings.Refusal = new CreateMeetingResult.NoCapacity("No port is free.");
        var answer = await alone.PostAsync("/v1/meetings", "{}");
        await answer.IsProblemAsync(503, "no_capacity");
        Assert.Equal(TimeSpan.FromSeconds(30), answer.Headers.RetryAfter!.Delta);
        await alone.DisposeAsync();
    }
}
