using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Pipeline.Api.Tests;

/// <summary>What is wrong with a body is said at once, with pointers; nothing a body holds is ever a 500.</summary>
public sealed class BodyTests(ApiServer server) : IClassFixture<ApiServer>
{
    private const string Track = """{"participant":{"id":"a"},"payload_type":111""";

    [Theory]
    [InlineData("""{"titel":"x"}""", "/titel")]
    [InlineData("""{"title":1}""", "/title")]
    [InlineData("""{"title":null}""", "/title")]
    [InlineData("""{"title":"a\u0000b"}""", "/title")]
    [InlineData("""{"language":"english please"}""", "/language")]
    [InlineData("""{"language":""}""", "/language")]
    [InlineData("""{"captions":"yes"}""", "/captions")]
    [InlineData("""{"minutes":0}""", "/minutes")]
    [InlineData("""{"max_duration_s":59}""", "/max_duration_s")]
    [InlineData("""{"max_duration_s":86401}""", "/max_duration_s")]
    [InlineData("""{"max_duration_s":60.5}""", "/max_duration_s")]
    [InlineData("""{"max_duration_s":"60"}""", "/max_duration_s")]
    [InlineData("""{"max_duration_s":1e400}""", "/max_duration_s")]
    [InlineData("""{"max_duration_s":99999999999999999999999999999999}""", "/max_duration_s")]
    [InlineData("""{"idle_timeout_s":-1}""", "/idle_timeout_s")]
    [InlineData("""{"outputs":"mix"}""", "/outputs")]
    [InlineData("""{"outputs":["mix","mix"]}""", "/outputs/1")]
    [InlineData("""{"outputs":["video","mix","video"]}""", "/outputs/2")]
    [InlineData("""{"outputs":["mix",7]}""", "/outputs/1")]
    [InlineData("""{"outputs":["midi"]}""", "/outputs/0")]
    [InlineData("""{"metadata":[]}""", "/metadata")]
    [InlineData("""{"metadata":{"a/b~c":1}}""", "/metadata/a~1b~0c")]
    [InlineData("""{"metadata":{"":"x"}}""", "/metadata/")]
    [InlineData("""{"metadata":{"a":null}}""", "/metadata/a")]
    [InlineData("""{"vocabulary":"Kubernetes"}""", "/vocabulary")]
    [InlineData("""{"source":"janus"}""", "/source")]
    [InlineData("""{"translate_to":7}""", "/translate_to")]
    [InlineData("""{"translate_to":"english, please"}""", "/translate_to")]
    [InlineData("""{"vocabulary":["fine"," ",7,""]}""", "/vocabulary/1 /vocabulary/2 /vocabulary/3")]
    [InlineData("""{"retention_days":"365"}""", "/retention_days")]
    [InlineData("""{"redundancy":true}""", "/redundancy")]
    [InlineData("""{"region":{}}""", "/region")]
    [InlineData("""{"tracks":{}}""", "/tracks")]
    [InlineData("""{"tracks":[7]}""", "/tracks/0")]
    [InlineData("""{"tracks":[{}]}""", "/tracks/0/participant /tracks/0/payload_type")]
    [InlineData("""{"title":"a","title":"b"}""", "/title")]
    [InlineData("""{"metadata":{"k":"1","k":"2"},"title":5}""", "/metadata/k /title")]
    [InlineData("""{"title":"\ud800"}""", "/title")]
    [InlineData("""{"metadata":{"\udc00":"x"}}""", "/metadata")]
    [InlineData("[]", "")]
    [InlineData("null", "")]
    [InlineData("\"text\"", "")]
    [InlineData("12", "")]
    [InlineData("""{"title":1,"captions":1,"language":2,"tracks":[{"participant":{"id":""},"payload_type":128}],"extra":0}""",
        "/title /language /captions /tracks/0/participant/id /tracks/0/payload_type /extra")]
    public async Task Bad_fields_are_named_all_at_once(string body, string pointers)
    {
        var named = await (await server.PostAsync("/v1/meetings", body)).IsProblemAsync(422, "validation_failed");
        Assert.Equal(pointers.Split(' ').Order(), named.Order());
    }

    [Theory]
    [InlineData(""","kind":"text"}""", "/kind")]
    [InlineData(""","source":"camera"}""", "/source")]
    [InlineData(""","codec":"mp3"}""", "/codec")]
    [InlineData(""","codec":"OPUS"}""", "/codec")]
    [InlineData(""","clock_rate":44100}""", "/clock_rate")]
    [InlineData(""","codec":"pcmu","clock_rate":48000}""", "/clock_rate")]
    [InlineData(""","codec":"pcma","channels":2}""", "/channels")]
    [InlineData(""","codec":"g722","clock_rate":16000}""", "/clock_rate")]
    [InlineData(""","channels":0}""", "/channels")]
    [InlineData(""","channels":3}""", "/channels")]
    [InlineData(""","ssrc":-1}""", "/ssrc")]
    [InlineData(""","ssrc":4294967296}""", "/ssrc")]
    [InlineData(""","ssrc":"1234"}""", "/ssrc")]
    [InlineData(""","fmtp":1}""", "/fmtp")]
    [InlineData(""","from":"192.0.2.1"}""", "/from")]
    [InlineData(""","from":"192.0.2.0/33"}""", "/from")]
    [InlineData(""","from":"example.com"}""", "/from")]
    [InlineData(""","header_extensions":{"0":"urn:x"}}""", "/header_extensions/0")]
    [InlineData(""","header_extensions":{"256":"urn:x"}}""", "/header_extensions/256")]
    [InlineData(""","header_extensions":{"01":"urn:x"}}""", "/header_extensions/01")]
    [InlineData(""","header_extensions":{"1":1}}""", "/header_extensions/1")]
    [InlineData(""","srtp":"AES_CM_128_HMAC_SHA1_80"}""", "/srtp")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_80"}}""", "/srtp/key")]
    [InlineData(""","srtp":{"key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}""", "/srtp/suite")]
    [InlineData(""","srtp":{"suite":"NULL","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}""", "/srtp/suite")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_80","key":"AAAA"}}""", "/srtp/key")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_80","key":"not base64!"}}""", "/srtp/key")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_80","key":""}}""", "/srtp/key")]
    [InlineData(""","srtp":{"suite":"AEAD_AES_128_GCM","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}""", "/srtp/key")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_32","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","roc":4294967296}}""", "/srtp/roc")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_32","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","roc":-1}}""", "/srtp/roc")]
    [InlineData(""","srtp":{"suite":"AES_CM_128_HMAC_SHA1_32","key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","mki":1}}""", "/srtp/mki")]
    [InlineData(""","own_port":"no"}""", "/own_port")]
    [InlineData(""","layers":{}}""", "/layers")]
    [InlineData(""","layers":[{"rid":"h","ssrc":5}]}""", "/layers")]
    [InlineData(""","codec":"vp8"}""", "/codec")]
    [InlineData(""","kind":"video"}""", "/codec")]
    [InlineData(""","kind":"video","codec":"opus"}""", "/codec")]
    [InlineData(""","kind":"video","codec":"vp8","clock_rate":48000}""", "/clock_rate")]
    [InlineData(""","kind":"video","codec":"vp8","channels":2}""", "/channels")]
    [InlineData(""","kind":"video","codec":"vp8","source":"microphone"}""", "/source")]
    [InlineData(""","kind":"video","codec":"vp8","red_payload_type":5}""", "/red_payload_type")]
    [InlineData(""","kind":"video","codec":"vp8","layers":[{"ssrc":1},{"ssrc":2},{"ssrc":3},{"ssrc":4},{"ssrc":5}]}""", "/layers")]
    [InlineData(""","kind":"video","codec":"vp8","layers":[{"ssrc":1},{"ssrc":1}]}""", "/layers/1/ssrc")]
    [InlineData(""","kind":"video","codec":"vp8","layers":[{"rid":"h","ssrc":1},{"rid":"h","ssrc":2}]}""", "/layers/1/rid")]
    [InlineData(""","kind":"video","codec":"vp8","layers":[{"rid":"h"}]}""", "/layers/0/ssrc")]
    [InlineData(""","kind":"video","codec":"vp8","ssrc":2,"layers":[{"ssrc":1},{"ssrc":2}]}""", "/ssrc")]
    [InlineData(""","red_payload_type":128}""", "/red_payload_type")]
    [InlineData(""","red_payload_type":111}""", "/red_payload_type")]
    [InlineData(""","codec":"red","red_payload_type":63}""", "/red_payload_type")]
    [InlineData(""","codec":"red","fmtp":"112"}""", "/fmtp")]
    [InlineData(""","codec":"red","fmtp":"111/111"}""", "/fmtp")]
    [InlineData(""","codec":"red","fmtp":"112/0"}""", "/fmtp")]
    [InlineData(""","codec":"red","clock_rate":8000}""", "/clock_rate")]
    [InlineData(""","rtx":5}""", "/rtx")]
    [InlineData(""","rtx":{}}""", "/rtx/payload_type")]
    [InlineData(""","rtx":{"payload_type":128}}""", "/rtx/payload_type")]
    [InlineData(""","rtx":{"payload_type":97,"apt":111}}""", "/rtx/apt")]
    [InlineData(""","rtx":{"payload_type":111}}""", "/rtx")]
    [InlineData(""","red_payload_type":63,"rtx":{"payload_type":63}}""", "/rtx")]
    [InlineData(""","ssrc":5,"rtx":{"payload_type":97,"ssrc":5}}""", "/rtx")]
    [InlineData(""","id":"trk_1"}""", "/id")]
    public async Task Bad_fields_of_a_track_are_named_wherever_it_comes(string rest, string at)
    {
        string id = await server.CreateAsync();
        string track = Track + rest;
        Assert.Equal(["/tracks/0" + at], await (await server.PostAsync("/v1/meetings", $$"""{"tracks":[{{track}}]}""")).IsProblemAsync(422, "validation_failed"));
        Assert.Equal([at], await (await server.PostAsync($"/v1/meetings/{id}/tracks", track)).IsProblemAsync(422, "validation_failed"));
        Assert.Equal(["/0" + at], await (await server.PostAsync($"/v1/meetings/{id}/tracks", $"[{track}]")).IsProblemAsync(422, "validation_failed"));
    }

    [Theory]
    [InlineData("""{"participant":{},"payload_type":1}""", "/participant/id")]
    [InlineData("""{"participant":"alice","payload_type":1}""", "/participant")]
    [InlineData("""{"participant":{"id":5},"payload_type":1}""", "/participant/id")]
    [InlineData("""{"participant":{"id":"a","name":5},"payload_type":1}""", "/participant/name")]
    [InlineData("""{"participant":{"id":"a","name":"two\nlines"},"payload_type":1}""", "/participant/name")]
    [InlineData("""{"participant":{"id":"a","consent":"maybe"},"payload_type":1}""", "/participant/consent")]
    [InlineData("""{"participant":{"id":"a","age":5},"payload_type":1}""", "/participant/age")]
    [InlineData("""{"participant":{"id":"a"},"payload_type":-1}""", "/payload_type")]
    [InlineData("""{"participant":{"id":"a"},"payload_type":null}""", "/payload_type")]
    [InlineData("[]", "")]
    [InlineData("""[{"participant":{"id":"a"},"payload_type":1,"ssrc":5},{"participant":{"id":"b"},"payload_type":2,"ssrc":5}]""", "/1/ssrc")]
    public async Task Bad_tracks_are_refused(string body, string at)
    {
        string id = await server.CreateAsync();
        Assert.Equal([at], await (await server.PostAsync($"/v1/meetings/{id}/tracks", body)).IsProblemAsync(422, "validation_failed"));
    }

    [Theory]
    [InlineData("""{"translate_to":"de"}""", "/translate_to")]
    [InlineData("""{"retention_days":365}""", "/retention_days")]
    [InlineData("""{"redundancy":2}""", "/redundancy")]
    [InlineData("""{"region":"eu"}""", "/region")]
    [InlineData("""{"region":"eu","redundancy":2}""", "/redundancy /region")]
    public async Task Members_that_are_not_built_are_never_accepted_and_ignored(string body, string pointers)
    {
        var named = await (await server.PostAsync("/v1/meetings", body)).IsProblemAsync(501, "not_implemented");
        Assert.Equal(pointers.Split(' ').Order(), named.Order());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}{}")]
    [InlineData("{\"title\":\"a\",}")]
    [InlineData("{'title':'a'}")]
    [InlineData("{\"title\":NaN}")]
    [InlineData("// hello\n{}")]
    [InlineData("{\"title\":\"\u0001\"}")]
    [InlineData("\ufeff{}")]
    public async Task What_is_not_JSON_is_malformed(string body) =>
        await (await server.PostAsync("/v1/meetings", body)).IsProblemAsync(400, "malformed_json");

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public async Task Deep_nesting_is_refused_without_ado(char bracket)
    {
        string deep = bracket == '[' ? new string('[', 100_000) : string.Concat(Enumerable.Repeat("{\"a\":", 100_000));
        await (await server.PostAsync("/v1/meetings", deep)).IsProblemAsync(400, "malformed_json");
    }

    [Fact]
    public async Task A_name_that_would_make_every_pointer_long_is_refused_once()
    {
        string items = string.Join(',', Enumerable.Repeat("\"\\ud800\"", 50_000));
        string name = new('n', 400_000);
        Assert.Equal([""], await (await server.PostAsync("/v1/meetings", $"{{\"{name}\":[{items}]}}")).IsProblemAsync(422, "validation_failed"));
        Assert.Equal(100, (await (await server.PostAsync("/v1/meetings", $"{{\"title\":[{items}]}}")).IsProblemAsync(422, "validation_failed")).Length);
    }

    [Fact]
    public async Task Text_that_is_not_UTF8_is_malformed()
    {
        var body = new ByteArrayContent([.. "{\"title\":\""u8, 0xC3, 0x28, 0xFF, .. "\"}"u8]);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await (await server.Client.PostAsync("/v1/meetings", body)).IsProblemAsync(400, "malformed_json");
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("application/json; charset=utf-16")]
    [InlineData("multipart/form-data; boundary=x")]
    [InlineData("nonsense")]
    [InlineData(null)]
    public async Task Other_media_types_are_refused(string? type)
    {
        var body = new ByteArrayContent("{}"u8.ToArray());
        if (type is not null) body.Headers.TryAddWithoutValidation("Content-Type", type);
        await (await server.Client.PostAsync("/v1/meetings", body)).IsProblemAsync(415, "unsupported_media_type");
    }

    [Theory]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("APPLICATION/JSON;charset=\"utf-8\"")]
    public async Task JSON_is_taken_however_its_type_is_written(string type)
    {
        var body = new ByteArrayContent("{}"u8.ToArray());
        body.Headers.TryAddWithoutValidation("Content-Type", type);
        Assert.Equal(HttpStatusCode.Created, (await server.Client.PostAsync("/v1/meetings", body)).StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]   // chunked: its length is not told
    public async Task A_body_over_1_MiB_is_too_large(bool lengthTold)
    {
        byte[] bytes = Encoding.UTF8.GetBytes($$"""{"title":"{{new string('x', 1 << 20)}}"}""");
        HttpContent body = lengthTold ? new ByteArrayContent(bytes) : new StreamContent(new UnseekableStream(bytes));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        await (await server.Client.PostAsync("/v1/meetings", body)).IsProblemAsync(413, "body_too_large");
    }

    [Fact]
    public async Task A_body_of_1_MiB_is_read()
    {
        string body = "{}" + new string(' ', (1 << 20) - 2);
        Assert.Equal(HttpStatusCode.Created, (await server.PostAsync("/v1/meetings", body)).StatusCode);
    }

    [Fact]
    public async Task Metadata_has_limits()
    {
        string many = string.Join(',', Enumerable.Range(0, 51).Select(i => $"\"k{i}\":\"v\""));
        Assert.Equal(["/metadata"], await (await server.PostAsync("/v1/meetings", $$$"""{"metadata":{{{{many}}}}}""")).IsProblemAsync(422, "validation_failed"));
        string body = $$$"""{"metadata":{"long":"{{{new string('x', 501)}}}"}}""";
        Assert.Equal(["/metadata/long"], await (await server.PostAsync("/v1/meetings", body)).IsProblemAsync(422, "validation_failed"));
    }

    /// <summary>Every truncation and every changed byte of a good body is an answer below 500 or a 501.</summary>
    [Fact]
    public async Task A_damaged_body_is_never_our_fault()
    {
        byte[] good = Encoding.UTF8.GetBytes("""{"title":"a\u00e9","tracks":[{"participant":{"id":"a"},"payload_type":111,"ssrc":7}],"metadata":{"k":"v"}}""");
        var random = new Random(42);
        for (int i = 0; i < 2 * good.Length; i++)
        {
            byte[] bad = i < good.Length ? good[..i] : [.. good];
            if (i >= good.Length) bad[i - good.Length] ^= (byte)(1 << random.Next(8));
            var body = new ByteArrayContent(bad);
            body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            int status = (int)(await server.Client.PostAsync("/v1/meetings", body)).StatusCode;
            Assert.True(status is 201 or 400 or 422 or 501, $"case {i} (seed 42): {status} for {Encoding.Latin1.GetString(bad)}");
        }
    }

    /// <summary>Makes <see cref="StreamContent"/> send chunks.</summary>
    private sealed class UnseekableStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
