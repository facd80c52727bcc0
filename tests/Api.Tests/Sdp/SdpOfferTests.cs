using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Sdp;

namespace Pipeline.Api.Tests.Sdp;

public sealed class SdpOfferTests
{
    private static readonly OfferedBy Nobody = new(null, null, null), Alice = new("alice", "Alice", null);

    [Fact]
    public void What_ffmpeg_writes_is_a_track()
    {
        var spec = Assert.Single(ReadFixture("ffmpeg.sdp", Alice)).Spec!;
        Assert.Equal(("alice", "Alice"), (spec.Participant.Id, spec.Participant.Name));
        Assert.Equal(("audio", "microphone", "opus", 97, 48000, 2, null, "127.0.0.1/32"),
            (spec.Kind, spec.Source, spec.Codec, spec.PayloadType, spec.ClockRate, spec.Channels, spec.Ssrc, spec.From));
    }

    [Fact]
    public void What_mediasoup_consumers_are_described_as_is_tracks_of_one_participant()
    {
        var tracks = ReadFixture("mediasoup.sdp", Nobody);
        var (audio, video) = (tracks[0].Spec!, tracks[1].Spec!);
        Assert.Equal(("UWmqyD3wZPl3Qx", "Alice"), (audio.Participant.Id, audio.Participant.Name));
        Assert.Equal(((byte)100, (uint?)288417632, "192.0.2.30/32"), (audio.PayloadType, audio.Ssrc, audio.From));
        Assert.Equal("minptime=10;useinbandfec=1;sprop-stereo=1;usedtx=1", audio.Fmtp);
        Assert.Equal("urn:ietf:params:rtp-hdrext:ssrc-audio-level", audio.HeaderExtensions["10"]);
        Assert.Equal((byte?)101, audio.RedPayloadType);
        Assert.Equal(audio.Participant, video.Participant);
        Assert.Equal(("video", "camera", "vp8", (byte)102, 90000, (uint?)530144112), (video.Kind, video.Source, video.Codec, video.PayloadType, video.ClockRate, video.Ssrc));
        Assert.Equal(new RtxSpec(103, 530144113), video.Rtx);
    }

    [Fact]
    public void The_answer_has_what_belongs_to_the_codec_that_is_taken_and_no_more()
    {
        var findings = new BodyFindings();
        var session = SdpReader.Read(File.ReadAllText(Fixtures.Sdp("mediasoup.sdp")), findings)!;
        var tracks = new SdpOffer(session, Nobody, "203.0.113.9").Read(findings);
        var answered = tracks.Select((track, n) => (track, n)).ToDictionary(t => t.track, t => new AnsweredTrack($"trk_{t.n}", 26000, true));

        string answer = SdpAnswer.Write(session, tracks, answered, 7, "2001:db8::9");

        Assert.Equal(
        [
            "v=0", "o=- 7 1 IN IP6 2001:db8::9", "s=-", "c=IN IP6 2001:db8::9", "t=0 0",
            "m=audio 26000 RTP/AVPF 100 101", "a=mid:0", "a=label:trk_0", "a=recvonly", "a=rtcp-mux",
            "a=rtpmap:100 opus/48000/2", "a=fmtp:100 minptime=10;useinbandfec=1;usedtx=1", "a=rtpmap:101 red/48000/2", "a=fmtp:101 100/100",
            "a=extmap:10 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            "m=video 26000 RTP/AVPF 102 103", "a=mid:1", "a=label:trk_1", "a=recvonly", "a=rtcp-mux",
            "a=rtpmap:102 VP8/90000", "a=rtpmap:103 rtx/90000", "a=fmtp:103 apt=102", "a=rtcp-fb:102 nack", "a=rtcp-fb:102 nack pli",
            "a=extmap:11 urn:3gpp:video-orientation", "",
        ], answer.Split("\r\n"));
    }

    [Theory]
    [InlineData("0", "pcmu")]
    [InlineData("8 0", "pcma")]
    [InlineData("9", "g722")]
    [InlineData("3 13 0", "pcmu")]
    public void Payload_types_that_need_no_rtpmap_are_known(string listed, string codec)
    {
        var spec = Assert.Single(Read(Media($"m=audio 9 RTP/AVP {listed}"), Alice)).Spec!;
        Assert.Equal((codec, 8000, 1), (spec.Codec, spec.ClockRate, spec.Channels));
    }

    [Fact]
    public void Layers_of_one_picture_are_one_track()
    {
        var offered = Assert.Single(Read(Media("m=video 9 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "a=ssrc:1 cname:x", "a=ssrc:2 cname:x", "a=ssrc:3 cname:x",
            "a=ssrc-group:SIM 1 2 3", "a=rid:q send", "a=rid:h send", "a=rid:f send", "a=simulcast:send q;h,x;~f", "a=content:slides"), Alice));
        Assert.Equal("screen", offered.Spec!.Source);
        Assert.Null(offered.Spec.Ssrc);
        Assert.Equal([new LayerSpec("q", 1), new LayerSpec("h", 2), new LayerSpec("f", 3)], offered.Spec.Layers);
    }

    [Fact]
    public void RED_alone_is_a_track_and_RED_of_something_else_is_left_out()
    {
        Assert.Equal(("red", (byte)63), Assert.Single(Read(Media("m=audio 9 RTP/AVP 63", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"), Alice)).Spec is { } red ? (red.Codec, red.PayloadType) : default);
        var opus = Assert.Single(Read(Media("m=audio 9 RTP/AVP 111 63", Opus, "a=rtpmap:63 red/48000/2", "a=fmtp:63 112/112"), Alice));
        Assert.Null(opus.Spec!.RedPayloadType);
        Assert.Equal(["opus"], opus.Formats.Select(format => format.Encoding));
    }

    [Fact]
    public void The_key_that_Asterisk_offers_is_the_tracks()
    {
        var offered = Assert.Single(ReadFixture("asterisk.sdp", Nobody));
        Assert.Equal("1", offered.Crypto!.Tag);
        Assert.Equal(Convert.FromBase64String("BwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMk"), offered.Spec!.OfferedSrtp!.Master.ToArray());
        Assert.Equal(("Asterisk", "192.0.2.20/32"), (offered.Spec.Participant.Id, offered.Spec.From));
        Assert.DoesNotContain("BwgJ", offered.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_browsers_offer_is_refused_in_words_that_help()
    {
        var offered = ReadFixture("chromium.sdp", Alice);
        Assert.Equal(2, offered.Count);
        Assert.All(offered, track => Assert.StartsWith("DTLS and ICE are not spoken: a browser needs an SFU between", track.Refusal, StringComparison.Ordinal));
        Assert.Equal("line 8, m=audio: " + offered[0].Refusal, offered[0].Described);
    }

    [Theory]
    [InlineData("", null, "192.0.2.1/32")]
    [InlineData("c=IN IP4 198.51.100.4", null, "198.51.100.4/32")]
    [InlineData("c=IN IP6 2001:db8::7", null, "2001:db8::7/128")]
    [InlineData("c=IN IP4 0.0.0.0", null, null)]
    [InlineData("c=IN IP6 ::", null, null)]
    [InlineData("c=IN IP4 233.252.0.1/127", null, null)]
    [InlineData("c=IN IP4 255.255.255.255", null, null)]
    [InlineData("c=IN IP6 ff15::101", null, null)]
    [InlineData("c=IN IP4 203.0.113.9", null, null)]                                 // where it sends to
    [InlineData("c=IN IP4 203.0.113.9", "198.51.100.0/24", "198.51.100.0/24")]
    [InlineData("c=IN IP4 127.0.0.1", null, "127.0.0.1/32")]
    public void The_sender_is_who_the_offer_says_where_that_is_one_host(string connection, string? said, string? from)
    {
        var offered = Assert.Single(Read(Media("m=audio 9 RTP/AVP 111", connection, Opus), Alice with { From = said }));
        Assert.Equal(from, offered.Spec!.From);
    }

    [Theory]
    [InlineData("m=audio 9 RTP/AVP 111", null)]
    [InlineData("m=audio 9 RTP/AVPF 111", null)]
    [InlineData("m=audio 0 RTP/AVP 111", "is not offered: its port is 0")]
    [InlineData("m=audio 9 RTP/AVP 111;a=recvonly", "sends nothing: offer it sendonly or sendrecv")]
    [InlineData("m=audio 9 RTP/AVP 111;a=inactive", "sends nothing: offer it sendonly or sendrecv")]
    [InlineData("m=audio 9 TCP/RTP/AVP 111", "TCP/RTP/AVP is not spoken: offer RTP/AVP, or RTP/SAVP with a=crypto")]
    [InlineData("m=audio 9 RTP/SAVPF 111;a=fingerprint:sha-256 00", "DTLS and ICE are not spoken")]
    [InlineData("m=audio 9 RTP/SAVP 111", "no a=crypto of it can be taken")]
    [InlineData("m=application 9 RTP/AVP 111", "only audio and video are recorded")]
    [InlineData("m=audio 9 RTP/AVP 101", "none of its payload types is a codec that is known")]
    [InlineData("m=audio 9 RTP/AVP 111;a=ssrc:1 cname:x;a=ssrc:2 cname:x", "has 2 sources: offer an m-line for each")]
    public void What_cannot_be_taken_says_why(string media, string? why)
    {
        string[] lines = media.Split(';');
        var offered = Assert.Single(Read(Media([lines[0], Opus, "a=rtpmap:101 telephone-event/8000", .. lines.Skip(1)]), Alice));
        if (why is null) Assert.Null(offered.Refusal);
        else Assert.StartsWith(why, offered.Refusal, StringComparison.Ordinal);
        Assert.Equal(why is null, offered.Spec is not null);
    }

    [Theory]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{30}", "AES_CM_128_HMAC_SHA1_80")]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:{30}|2^20", "AES_CM_128_HMAC_SHA1_32")]
    [InlineData("a=crypto:1 AEAD_AES_256_GCM inline:{44};a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{30}", "AEAD_AES_256_GCM")]
    [InlineData("a=crypto:1 F8_128_HMAC_SHA1_80 inline:{30};a=crypto:2 AEAD_AES_128_GCM inline:{28} WSH=64", "AEAD_AES_128_GCM")]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{30}|2^20|1:4", null)]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{30}|1:4;a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{30} UNENCRYPTED_SRTCP", null)]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{30} KDR=1", null)]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{30};inline:{30}", null)]
    public void The_first_key_that_can_be_taken_is(string attributes, string? suite)
    {
        foreach (int octets in new[] { 28, 30, 44 }) attributes = attributes.Replace($"{{{octets}}}", Convert.ToBase64String([.. Enumerable.Range(1, octets).Select(n => (byte)n)]));
        string[] lines = attributes.Contains(";inline", StringComparison.Ordinal) ? [attributes] : attributes.Split(';');
        var offered = Assert.Single(Read(Media(["m=audio 9 RTP/SAVP 111", Opus, .. lines]), Alice));
        Assert.Equal(suite, offered.Spec?.OfferedSrtp!.Suite.Name);
    }

    [Theory]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "must hold 30 octets")]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:!!!!", "holds a key that is not base64")]
    [InlineData("a=crypto:1 AES_CM_128_HMAC_SHA1_80 AAAA", "must hold the key as")]
    [InlineData("a=crypto:AES_CM_128_HMAC_SHA1_80", "must be \"a=crypto:")]
    [InlineData("a=rtpmap:111", "must be \"a=rtpmap:")]
    [InlineData("a=rtpmap:128 opus/48000/2", "must be \"a=rtpmap:")]
    [InlineData("a=rtpmap:111 opus/0", "must be \"a=rtpmap:")]
    [InlineData("a=rtpmap:111 opus/48000/2/2", "must be \"a=rtpmap:")]
    [InlineData("a=fmtp:111", "must be \"a=fmtp:")]
    [InlineData("a=ssrc:4294967296 cname:x", "must be \"a=ssrc:")]
    [InlineData("a=ssrc-group:FID 1 x", "must be \"a=ssrc-group:")]
    [InlineData("a=extmap:1", "must be \"a=extmap:")]
    [InlineData("a=extmap:0 urn:x", "must be \"a=extmap:")]
    [InlineData("a=rtcp-fb:nack", "must be \"a=rtcp-fb:")]
    [InlineData("a=simulcast:send", "must be \"a=simulcast:")]
    public void An_attribute_that_cannot_be_read_is_named_by_its_line_and_its_key_never_told(string attribute, string said)
    {
        var findings = new BodyFindings();
        var session = SdpReader.Read(Media("m=audio 9 RTP/SAVP 111", Opus, attribute), findings)!;
        new SdpOffer(session, Alice, "203.0.113.9").Read(findings);
        var error = Assert.Single(findings.Errors);
        Assert.StartsWith($"line 7: {said}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAAA", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("s=-", "", "- 1 1", null, null)]
    [InlineData("s=-", "", "bob 1 1", "bob", "bob")]
    [InlineData("s=Bob's phone", "", "bob 1 1", "Bob's phone", "Bob's phone")]
    [InlineData("s=Bob's phone", "a=ssrc:7 cname:b0b", "bob 1 1", "b0b", "Bob's phone")]
    [InlineData("s= ", "a=ssrc:7 cname:b0b", "- 1 1", "b0b", "b0b")]
    public void Whose_it_is_the_offer_says_where_nobody_else_does(string name, string source, string origin, string? id, string? called)
    {
        var offered = Assert.Single(Read(Media("m=audio 9 RTP/AVP 111", Opus, source).Replace("s=-", name).Replace("o=- 1 1", "o=" + origin), Nobody));
        Assert.Equal((id, called), (offered.Spec?.Participant.Id, offered.Spec?.Participant.Name));
        if (id is null) Assert.Equal("nobody says whose it is: add ?participant=", offered.Refusal);
    }

    [Fact]
    public void An_offer_of_several_people_calls_none_of_them_by_its_own_name()
    {
        string text = Media("m=audio 9 RTP/AVP 111", Opus, "a=ssrc:1 cname:a", "m=audio 9 RTP/AVP 111", "i=Bob", Opus, "a=ssrc:2 cname:b").Replace("s=-", "s=Weekly sync");
        Assert.Equal([("a", "a"), ("b", "Bob")], Read(text, Nobody).Select(track => (track.Spec!.Participant.Id, track.Spec.Participant.Name)));
    }

    [Fact]
    public void Slides_are_a_screen_s_sound()
    {
        Assert.Equal("screen_audio", Assert.Single(Read(Media("m=audio 9 RTP/AVP 111", Opus, "a=content:slides"), Alice)).Spec!.Source);
    }

    [Fact]
    public void Only_payload_types_of_a_codec_at_its_clock_rate_are_looked_at()
    {
        var offered = Assert.Single(Read(Media("m=audio 9 RTP/AVP 96 96 97 98 111", "a=rtpmap:96 opus/16000/2", "a=rtpmap:97 VP8/90000", "a=rtpmap:98 PCMU/16000", Opus), Alice));
        Assert.Equal((byte)111, offered.Spec?.PayloadType);
        offered = Assert.Single(Read(Media("m=audio 9 RTP/AVP 96", "a=rtpmap:96 opus/16000/2"), Alice));
        Assert.Contains("clock_rate", offered.Refusal);
    }

    [Fact]
    public void Header_extensions_that_nothing_is_read_from_are_left_out()
    {
        var offered = Assert.Single(Read(Media("m=audio 9 RTP/AVP 111", Opus, "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"), Alice));
        Assert.Equal(["1"], offered.Spec!.HeaderExtensions.Keys);
    }

    [Fact]
    public void An_m_line_of_more_payload_types_than_anybody_has_is_refused_by_its_line()
    {
        var findings = new BodyFindings();
        var session = SdpReader.Read(Media("m=audio 9 RTP/AVP " + string.Join(' ', Enumerable.Repeat("111", 65)), Opus), findings)!;
        new SdpOffer(session, Alice, "203.0.113.9").Read(findings);
        Assert.Equal("line 5: an m-line has at most 64 payload types", Assert.Single(findings.Errors).Message);
    }

    [Fact]
    public void A_bundled_m_line_without_a_port_is_offered()
    {
        string text = Media("a=group:BUNDLE a b", "m=audio 9 RTP/AVP 111", "a=mid:a", Opus, "m=audio 0 RTP/AVP 112", "a=mid:b", "a=bundle-only", "a=rtpmap:112 opus/48000/2");
        Assert.All(Read(text, Alice), track => Assert.NotNull(track.Spec));
    }

    private const string Opus = "a=rtpmap:111 opus/48000/2";

    private static string Media(params string[] lines) =>
        "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\n" + string.Concat(lines.Where(line => line.Length > 0).Select(line => line + "\n"));

    private static IReadOnlyList<OfferedTrack> ReadFixture(string name, OfferedBy by) => Read(File.ReadAllText(Fixtures.Sdp(name)), by);

    private static IReadOnlyList<OfferedTrack> Read(string text, OfferedBy by)
    {
        var findings = new BodyFindings();
        var session = SdpReader.Read(text, findings);
        Assert.Empty(findings.Errors);
        var tracks = new SdpOffer(session!, by, "203.0.113.9").Read(findings);
        Assert.Empty(findings.Errors);
        return tracks;
    }
}
