using System.Net;
using System.Text;

namespace Pipeline.Api.Tests.Sdp;

public sealed class SdpTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=Alice\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        + "m=audio 9 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=fmtp:97 useinbandfec=1; sprop-stereo=1\r\na=sendonly\r\n";

    [Fact]
    public async Task An_offer_is_answered_with_where_to_send_and_its_tracks_are_there()
    {
        string id = await server.CreateAsync();
        var answer = await PostAsync($"/v1/meetings/{id}/sdp?participant=alice", Offer);

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("application/sdp", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal($"/v1/meetings/{id}", answer.Headers.Location!.OriginalString);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        var (view, lines) = (server.Meetings.View(id), await LinesAsync(answer));
        var track = Assert.Single(view.Tracks).Track;
        Assert.Equal(("alice", "Alice", "192.0.2.1/32"), (track.Spec.Participant.Id, track.Spec.Participant.Name, track.Spec.From));
        Assert.StartsWith("o=- ", lines[1], StringComparison.Ordinal);
        lines[1] = "o=";
        Assert.Equal(
        [
            "v=0", "o=", "s=-", "c=IN IP4 192.0.2.7", "t=0 0", $"m=audio {view.Port} RTP/AVP 97", $"a=label:{track.Id}", "a=recvonly",
            $"a=rtcp:{view.Port + 1}", "a=rtpmap:97 opus/48000/2", "a=fmtp:97 useinbandfec=1", "",
        ], lines);
    }

    [Fact]
    public async Task Who_cannot_be_told_apart_on_the_meetings_port_is_sent_to_one_of_their_own()
    {
        string id = await server.CreateAsync();
        string two = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\na=group:BUNDLE a b\r\n"
            + "m=audio 9 RTP/AVP 97\r\na=mid:a\r\na=rtpmap:97 opus/48000/2\r\nm=audio 9 RTP/AVP 97\r\na=mid:b\r\na=rtpmap:97 opus/48000/2\r\n";

        var lines = await LinesAsync(await PostAsync($"/v1/meetings/{id}/sdp?participant=alice", two));

        var (view, alone) = (server.Meetings.View(id), server.Meetings.View(id).Tracks[1].Track);
        Assert.Equal([false, true], view.Tracks.Select(track => track.Track.Spec.OwnPort));
        Assert.Equal([$"m=audio {view.Port} RTP/AVP 97", $"m=audio {alone.Port} RTP/AVP 97"], lines.Where(line => line.StartsWith("m=", StringComparison.Ordinal)));
        Assert.Equal([$"a=rtcp:{view.Port + 1}", $"a=rtcp:{alone.Port + 1}"], lines.Where(line => line.StartsWith("a=rtcp:", StringComparison.Ordinal)));
        Assert.Contains("a=group:BUNDLE a", lines);                                  // what has a port of its own shares none (RFC 9143 §7.3.3)
    }

    [Fact]
    public async Task An_SSRC_that_is_taken_is_nobody_elses()
    {
        string id = await server.CreateAsync();
        string offer = Offer + "a=ssrc:7 cname:x\r\n";
        Assert.Equal(HttpStatusCode.Created, (await PostAsync($"/v1/meetings/{id}/sdp", offer)).StatusCode);
        var answer = await PostAsync($"/v1/meetings/{id}/sdp", offer);
        await answer.IsProblemAsync(422, "ambiguous_track");
        Assert.Contains("line 6, m=audio: its SSRC is an earlier track", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Pictures_whose_repairs_cannot_be_told_apart_are_sent_to_ports_of_their_own()
    {
        string id = await server.CreateAsync();
        string Picture(int ssrc) => $"m=video 9 RTP/AVP 96 97\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc:{ssrc} cname:x\r\n";
        var answer = await PostAsync($"/v1/meetings/{id}/sdp", "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" + Picture(1) + Picture(2));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal([false, true], server.Meetings.View(id).Tracks.Select(track => track.Track.Spec.OwnPort));
    }

    [Fact]
    public async Task What_is_not_taken_keeps_its_place_with_port_0_and_says_why()
    {
        string id = await server.CreateAsync();
        var answer = await PostAsync($"/v1/meetings/{id}/sdp?participant=alice",
            "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\na=group:BUNDLE x y\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\na=mid:x\nm=audio 9 RTP/SAVPF 97 0\na=mid:y\na=rtcp-mux\n"
            + "a=rtpmap:97 opus/48000/2\na=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level\na=extmap:4 urn:example\na=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:BwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMk\n");

        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var view = server.Meetings.View(id);
        Assert.Equal(
        [
            "a=group:BUNDLE y", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel", "i=not taken: only audio and video are recorded", "a=mid:x", "a=inactive",
            $"m=audio {view.Port} RTP/SAVPF 97", "a=mid:y", $"a=label:{Assert.Single(view.Tracks).Track.Id}", "a=recvonly", "a=rtcp-mux",
            "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:BwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMk", "a=rtpmap:97 opus/48000/2",
            "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "",
        ], (await LinesAsync(answer))[5..]);
        Assert.Equal(97, view.Tracks[0].Track.Spec.PayloadType);
    }

    [Fact]
    public async Task An_offer_of_which_nothing_can_be_taken_is_told_all_reasons()
    {
        string id = await server.CreateAsync();
        var answer = await PostAsync($"/v1/meetings/{id}/sdp?participant=alice", await File.ReadAllTextAsync(Fixtures.Sdp("chromium.sdp")));
        Assert.Equal(["", ""], await answer.IsProblemAsync(422, "validation_failed"));
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Contains("line 8, m=audio: DTLS and ICE are not spoken", text);
        Assert.Contains("line 39, m=video: DTLS and ICE are not spoken", text);
        Assert.Empty(server.Meetings.View(id).Tracks);
    }

    [Theory]
    [InlineData("v=0\r\ns=x\r\n", "an o= line is required")]
    [InlineData("{\"type\":\"offer\"}", "line 1: must be")]
    [InlineData("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\n", "there is no m-line")]
    [InlineData("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nm=audio 9 RTP/AVP 97\na=rtpmap:97 opus\n", "line 5: must be")]
    public async Task What_is_no_offer_is_refused_by_its_line(string offer, string said)
    {
        var answer = await PostAsync($"/v1/meetings/{await server.CreateAsync()}/sdp", offer);
        await answer.IsProblemAsync(422, "validation_failed");
        Assert.Contains(said, await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("application/sdp; charset=iso-8859-1")]
    [InlineData(null)]
    public async Task Another_type_is_refused(string? type)
    {
        var answer = await PostAsync($"/v1/meetings/{await server.CreateAsync()}/sdp", Offer, type);
        await answer.IsProblemAsync(415, "unsupported_media_type");
    }

    [Fact]
    public async Task What_is_not_UTF_8_or_too_large_is_refused()
    {
        string path = $"/v1/meetings/{await server.CreateAsync()}/sdp";
        await (await PostAsync(path, [.. Encoding.UTF8.GetBytes(Offer), 0xFF], "application/sdp")).IsProblemAsync(400, "bad_request");
        await (await PostAsync(path, new byte[(1 << 20) + 1], "application/sdp")).IsProblemAsync(413, "body_too_large");
    }

    [Theory]
    [InlineData("?participant=", "?participant")]
    [InlineData("?participant=a%0Ab", "?participant")]
    [InlineData("?participant=a&name=", "?name")]
    [InlineData("?participant=a&from=192.0.2.1", "?from")]
    [InlineData("?participant=a&colour=blue", "?colour")]
    public async Task A_parameter_that_cannot_be_is_refused(string query, string at)
    {
        var answer = await PostAsync($"/v1/meetings/{await server.CreateAsync()}/sdp{query}", Offer);
        Assert.Equal([at], await answer.IsProblemAsync(422, "validation_failed"));
    }

    [Fact]
    public async Task A_meeting_that_is_over_or_unknown_takes_no_offer()
    {
        string id = await server.CreateAsync();
        server.Meetings.Complete(id);
        await (await PostAsync($"/v1/meetings/{id}/sdp", Offer)).IsProblemAsync(409, "invalid_state");
        await (await PostAsync("/v1/meetings/mtg_00000000000000000000000000/sdp", Offer)).IsProblemAsync(404, "not_found");
        await (await PostAsync("/v1/meetings/x/sdp", Offer)).IsProblemAsync(404, "not_found");
    }

    [Fact]
    public async Task The_same_key_gets_the_same_answer_and_makes_no_second_track()
    {
        string id = await server.CreateAsync();
        var first = await PostAsync($"/v1/meetings/{id}/sdp", Offer, idempotencyKey: "sdp-1");
        var second = await PostAsync($"/v1/meetings/{id}/sdp", Offer, idempotencyKey: "sdp-1");
        Assert.Equal("true", Assert.Single(second.Headers.GetValues("Idempotent-Replayed")));
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Single(server.Meetings.View(id).Tracks);
        await (await PostAsync($"/v1/meetings/{id}/sdp", Offer + "a=mid:0\r\n", idempotencyKey: "sdp-1")).IsProblemAsync(422, "idempotency_mismatch");
    }

    [Fact]
    public async Task Only_who_may_write_meetings_may_offer()
    {
        string id = await server.CreateAsync();
        var (key, _) = await server.AddKeyAsync("default", "meetings:read");
        var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/meetings/{id}/sdp") { Content = Content(Encoding.UTF8.GetBytes(Offer), "application/sdp") };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        await (await server.Stranger.SendAsync(request)).IsProblemAsync(403, "forbidden");
    }

    private static async Task<string[]> LinesAsync(HttpResponseMessage answer) => (await answer.Content.ReadAsStringAsync()).Split("\r\n");

    private Task<HttpResponseMessage> PostAsync(string path, string offer, string? type = "application/sdp", string? idempotencyKey = null) =>
        PostAsync(path, Encoding.UTF8.GetBytes(offer), type, idempotencyKey);

    private Task<HttpResponseMessage> PostAsync(string path, byte[] offer, string? type, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Content(offer, type) };
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        return server.Client.SendAsync(request);
    }

    private static ByteArrayContent Content(byte[] offer, string? type)
    {
        var content = new ByteArrayContent(offer);
        if (type is not null) content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }
}
