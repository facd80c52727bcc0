using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class MeetingTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Whole =
        """
        {"title":"Weekly sync","external_id":"room-42","language":"en",
         "tracks":[{"participant":{"id":"alice","name":"Alice","consent":"granted"},"kind":"audio","source":"microphone","codec":"opus",
                    "payload_type":111,"clock_rate":48000,"channels":2,"ssrc":1234567,"fmtp":"useinbandfec=1","from":"192.0.2.0/24",
                    "header_extensions":{"1":"urn:ietf:params:rtp-hdrext:ssrc-audio-level"},"own_port":false,"layers":[],"rtx":null,"srtp":null,"red_payload_type":null}],
         "source":null,"outputs":["tracks"],"captions":false,"minutes":true,"vocabulary":[],"translate_to":null,"retention_days":null,
         "max_duration_s":60,"idle_timeout_s":0,"redundancy":1,"region":null,"metadata":{"case":"A-17","note":"two\nlines"}}
        """;

    [Fact]
    public async Task A_meeting_is_answered_with_every_member_of_the_contract()
    {
        var answer = await server.PostAsync("/v1/meetings", Whole);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var meeting = await answer.JsonAsync();
        Assert.Equal($"/v1/meetings/{meeting.Text("id")}", answer.Headers.Location!.OriginalString);
        Assert.Equal(
            [
                "id", "status", "reason", "media_health", "paused", "title", "external_id", "language", "created_at", "started_at", "ended_at", "duration_ms",
                "status_history", "captions_status", "ingest", "source", "outputs", "captions", "minutes", "vocabulary", "translate_to", "retention_days", "hold", "metadata", "tracks",
            ], meeting.Names());
        Assert.StartsWith("mtg_", meeting.Text("id"));
        Assert.Equal("recording", meeting.Text("status"));
        Assert.Equal("waiting", meeting.Text("media_health"));
        Assert.Equal("live", meeting.Text("captions_status"));
        Assert.Matches(@"^2026-01-02T03:04:05\.\d{3}Z$", meeting.Text("started_at"));
        Assert.Equal(JsonValueKind.Null, meeting.GetProperty("ended_at").ValueKind);
        Assert.False(meeting.GetProperty("hold").GetBoolean());
        Assert.False(meeting.GetProperty("paused").GetBoolean());
        Assert.Equal("recording", meeting.GetProperty("status_history")[0].Text("status"));
        int port = meeting.GetProperty("ingest").GetProperty("port").GetInt32();
        string ingest = $$$"""{"host":"192.0.2.7","port":{{{port}}},"rtcp":{"mux":true,"port":{{{port + 1}}} }}""";
        Assert.Equal(ingest.Replace(" ", ""), meeting.GetProperty("ingest").GetRawText());
        Assert.Equal("""{"case":"A-17","note":"two\nlines"}""", meeting.GetProperty("metadata").GetRawText());
    }

    [Fact]
    public async Task A_track_is_answered_as_it_was_announced_and_says_where_to_send()
    {
        var track = (await (await server.PostAsync("/v1/meetings", Whole)).JsonAsync()).GetProperty("tracks")[0];
        Assert.Equal(
            [
                "id", "status", "participant", "kind", "source", "codec", "payload_type", "clock_rate", "channels", "ssrc", "fmtp",
                "red_payload_type", "rtx", "layers", "header_extensions", "from", "srtp", "own_port", "ingest", "authenticated",
            ], track.Names());
        Assert.StartsWith("trk_", track.Text("id"));
        Assert.Equal("waiting", track.Text("status"));
        Assert.Equal("none", track.Text("authenticated"));
        Assert.Equal("""{"id":"alice","name":"Alice","consent":"granted"}""", track.GetProperty("participant").GetRawText());
        Assert.Equal(1234567u, track.GetProperty("ssrc").GetUInt32());
        Assert.Equal("192.0.2.7", track.GetProperty("ingest").Text("host"));
        Assert.Equal("192.0.2.0/24", track.Text("from"));
    }

    [Theory]
    [InlineData("opus", 48000, 2)]
    [InlineData("pcmu", 8000, 1)]
    [InlineData("pcma", 8000, 1)]
    [InlineData("g722", 8000, 1)]
    public async Task What_is_not_said_of_the_sound_follows_from_the_codec(string codec, int clockRate, int channels)
    {
        string body = """{"tracks":[{"participant":{"id":"bob"},"payload_type":9,"codec":"CODEC"}]}""".Replace("CODEC", codec);

        var answer = await server.PostAsync("/v1/meetings", body);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var track = (await answer.JsonAsync()).GetProperty("tracks")[0];
        Assert.Equal((codec, clockRate, channels), (track.Text("codec"), track.GetProperty("clock_rate").GetInt32(), track.GetProperty("channels").GetInt32()));
    }

    [Fact]
    public async Task What_is_not_said_has_the_contracts_defaults()
    {
        var alone = await ApiServer.StartAsync();
        await alone.CreateAsync("""{"tracks":[{"participant":{"id":"bob"},"payload_type":0}]}""");
        var (spec, tracks) = alone.Meetings.LastCreated;
        Assert.Equal(new MeetingSpec { Outputs = spec.Outputs, Metadata = spec.Metadata, Vocabulary = spec.Vocabulary }, spec);
        Assert.Empty(spec.Vocabulary);
        Assert.Equal(["mix", "tracks"], spec.Outputs);
        Assert.Empty(spec.Metadata);
        var track = Assert.Single(tracks);
        Assert.Equal(new TrackSpec { Participant = new Participant("bob", "bob", "unknown"), PayloadType = 0, HeaderExtensions = track.HeaderExtensions, Layers = track.Layers }, track);
        Assert.Empty(track.Layers);
        await alone.DisposeAsync();
    }

    [Theory]
    [InlineData("en"), InlineData("pt-BR"), InlineData("zh-Hant-TW"), InlineData("auto")]
    public async Task Takes_language_tags(string language) =>
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/meetings", $$"""{"language":"{{language}}"}""")).StatusCode);

    [Theory]
    [InlineData("""{"metadata":{"emoji":"EMOJI"}}""")]   // 500 characters, 1000 UTF-16 units
    [InlineData("""{"max_duration_s":86400,"idle_timeout_s":0}""")]
    [InlineData("""{"title":"<b>\u202e & ' \" äöü 会議"}""")]
    public async Task Takes_what_lies_just_inside_the_limits(string body) => Assert.Equal(
        HttpStatusCode.Created, (await server.PostAsync("/v1/meetings", body.Replace("EMOJI", string.Concat(Enumerable.Repeat("😀", 500))))).StatusCode);

    [Fact]
    public async Task A_meeting_that_did_not_change_is_not_sent_again()
    {
        string id = await server.CreateAsync();
        var first = await server.Client.GetAsync($"/v1/meetings/{id}");
        string tag = first.Headers.ETag!.Tag;

        Assert.Equal(HttpStatusCode.NotModified, await StatusWith(tag));
        Assert.Equal(HttpStatusCode.NotModified, await StatusWith("W/" + tag));
        Assert.Equal(HttpStatusCode.NotModified, await StatusWith($"\"other\", {tag}"));
        Assert.Equal(HttpStatusCode.NotModified, await StatusWith("*"));
        Assert.Equal(HttpStatusCode.OK, await StatusWith("\"other\""));
        Assert.Equal(HttpStatusCode.OK, await StatusWith("not a tag"));

        server.Meetings.Change(id, view => view with { MediaHealth = MediaHealth.Flowing });   // no decision: the version stays
        Assert.Equal(HttpStatusCode.OK, await StatusWith(tag));

        async Task<HttpStatusCode> StatusWith(string known)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{id}");
            request.Headers.TryAddWithoutValidation("If-None-Match", known);
            return (await server.Client.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task A_stop_is_accepted_again_and_again()
    {
        string id = await server.CreateAsync();
        for (int i = 0; i < 2; i++)
        {
            var answer = i == 0 ? await server.Client.PostAsync($"/v1/meetings/{id}/stop", null) : await server.PostAsync($"/v1/meetings/{id}/stop", "{}");
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            var meeting = await answer.JsonAsync();
            Assert.Equal("stopping", meeting.Text("status"));
            Assert.Equal("requested", meeting.Text("reason"));
            Assert.Equal(1500, meeting.GetProperty("duration_ms").GetInt64());
            Assert.Equal(2, meeting.GetProperty("status_history").GetArrayLength());
        }
        Assert.Equal(["/why"], await (await server.PostAsync($"/v1/meetings/{id}/stop", """{"why":1}""")).IsProblemAsync(422, "validation_failed"));
        await (await server.PostAsync($"/v1/meetings/{id}/stop", "{")).IsProblemAsync(400, "malformed_json");
    }

    [Fact]
    public async Task A_meeting_is_paused_and_resumed_again_and_again_until_it_is_stopped()
    {
        string id = await server.CreateAsync();
        foreach (var (what, paused) in new[] { ("resume", false), ("pause", true), ("pause", true), ("resume", false), ("resume", false) })
        {
            var answer = await server.Client.PostAsync($"/v1/meetings/{id}/{what}", null);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(paused, (await answer.JsonAsync()).GetProperty("paused").GetBoolean());
            Assert.Equal(paused, (await (await server.Client.GetAsync($"/v1/meetings/{id}")).JsonAsync()).GetProperty("paused").GetBoolean());
        }
        Assert.Equal(["/why"], await (await server.PostAsync($"/v1/meetings/{id}/pause", """{"why":1}""")).IsProblemAsync(422, "validation_failed"));
        await server.Client.PostAsync($"/v1/meetings/{id}/stop", null);
        foreach (string what in new[] { "pause", "resume" })
        {
            await (await server.Client.PostAsync($"/v1/meetings/{id}/{what}", null)).IsProblemAsync(409, "invalid_state");
            await (await server.Client.PostAsync($"/v1/meetings/mtg_0/{what}", null)).IsProblemAsync(404, "not_found");
        }
    }

    [Theory]
    [InlineData("mtg_00000000000000000000000000")]
    [InlineData("mtg_0")]
    [InlineData("trk_00000000000000000000000000")]
    [InlineData("mtg_ZZZZZZZZZZZZZZZZZZZZZZZZZZ")]   // more than 128 bits
    [InlineData("%01")]
    [InlineData("..%2f..%2fetc%2fpasswd")]
    [InlineData("💣")]
    public async Task An_id_that_is_none_is_not_found(string id)
    {
        foreach (string path in new[] { "", "/quality", "/captions", "/levels", "/transcript", "/transcript/segments/seg_x", "/recordings", "/recordings/rec_x/content" })
            await (await server.Client.GetAsync($"/v1/meetings/{id}{path}")).IsProblemAsync(404, "not_found");
        await (await server.Client.PostAsync($"/v1/meetings/{id}/stop", null)).IsProblemAsync(404, "not_found");
        await (await server.PostAsync($"/v1/meetings/{id}/tracks", """{"participant":{"id":"a"},"payload_type":1}""")).IsProblemAsync(404, "not_found");
        await (await server.Client.DeleteAsync($"/v1/meetings/{id}/tracks/trk_x")).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task Quality_has_every_member_of_the_contract()
    {
        string id = await server.CreateAsync("""{"tracks":[{"participant":{"id":"a","name":"Ann"},"payload_type":111}]}""");
        var quality = await (await server.Client.GetAsync($"/v1/meetings/{id}/quality")).JsonAsync();
        Assert.Equal(["meeting_id", "tracks", "refused"], quality.Names());
        string track = server.Meetings.View(id).Tracks[0].Track.Id.ToString();
        Assert.Equal(
            $$$"""
            {"track_id":"{{{track}}}","participant":{"id":"a","name":"Ann"},"packets_received":100,"packets_lost":4,"packets_recovered":2,
            "packets_late":1,"duplicates":5,"jitter_ms":3,"concealed_ms":40,"dtx_ms":400,"clock_drift_ppm":12.35,
            "gaps":[{"from_ms":20,"to_ms":60,"kind":"loss"}],"gaps_truncated":false}
            """.ReplaceLineEndings(""),
            quality.GetProperty("tracks")[0].GetRawText());
        Assert.Equal("""{"unknown_ssrc":3}""", quality.GetProperty("refused").GetRawText());
    }
}
