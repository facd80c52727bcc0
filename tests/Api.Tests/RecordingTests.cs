using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Tests;

public sealed class RecordingTests : IAsyncLifetime
{
    private const int Length = 100_003;
    private readonly byte[] bytes = new byte[Length];
    private readonly string path = Path.GetTempFileName();
    private ApiServer server = null!;
    private string meeting = null!;
    private Recording mix = null!;
    private string url = null!;
    private string sha256 = null!;

    public async Task InitializeAsync()
    {
        new Random(42).NextBytes(bytes);
        await File.WriteAllBytesAsync(path, bytes);
        sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes));
        server = await ApiServer.StartAsync();
        meeting = await server.CreateAsync("""{"title":"Weekly / sync \"x\"","tracks":[{"participant":{"id":"a","name":"Zoë"},"payload_type":111}]}""");
        mix = server.Meetings.Record(meeting, "mix", path, sha256);
        url = $"/v1/meetings/{meeting}/recordings/{mix.Id}/content";
    }

    public async Task DisposeAsync()
    {
        await server.DisposeAsync();
        File.Delete(path);
    }

    [Fact]
    public async Task Files_are_listed_with_every_member_of_the_contract()
    {
        server.Meetings.Record(meeting, "track", path, sha256, "audio/ogg");
        var files = (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings")).JsonAsync()).GetProperty("data");
        Assert.Equal(
            ["id", "kind", "media", "track_id", "content_type", "codec", "bytes", "duration_ms", "start_ms", "sha256", "loudness_lufs", "render", "url", "created_at"], files[0].Names());
        Assert.Equal(mix.Id.ToString(), files[0].Text("id"));
        Assert.Equal(url, files[0].Text("url"));
        Assert.Equal("audio", files[0].Text("media"));
        Assert.Equal(Length, files[0].GetProperty("bytes").GetInt64());
        Assert.Equal(12345, files[0].GetProperty("duration_ms").GetInt64());
        Assert.Equal(server.Meetings.View(meeting).Tracks[0].Track.Id.ToString(), files[1].Text("track_id"));
    }

    [Fact]
    public async Task A_file_comes_whole_with_its_hash_as_tag_and_a_name()
    {
        var answer = await server.Client.GetAsync(url);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(bytes, await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal($"\"{sha256}\"", answer.Headers.ETag!.Tag);
        Assert.Equal("bytes", Assert.Single(answer.Headers.AcceptRanges));
        Assert.Equal("audio/mp4", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment", answer.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("Weekly _ sync _x_ - mix.m4a", answer.Content.Headers.ContentDisposition.FileName!.Trim('"'));
    }

    [Fact]
    public async Task A_participants_file_carries_their_name()
    {
        var track = server.Meetings.Record(meeting, "track", path, sha256, "audio/ogg");
        var answer = await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings/{track.Id}/content");
        Assert.Equal("Weekly _ sync _x_ - Zoë.ogg", answer.Content.Headers.ContentDisposition!.FileNameStar);
    }

    [Fact]
    public async Task A_waveform_is_data_and_comes_as_json()
    {
        var waveform = server.Meetings.Record(meeting, "waveform", path, sha256, "application/json");
        var listed = (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings")).JsonAsync()).GetProperty("data")[1];
        Assert.Equal(("waveform", "data", "json"), (listed.Text("kind"), listed.Text("media"), listed.Text("codec")));

        var answer = await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings/{waveform.Id}/content");
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.ToString());
        Assert.Equal($"\"{sha256}\"", answer.Headers.ETag!.Tag);
        Assert.Equal("Weekly _ sync _x_ - waveform.json", answer.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
    }

    [Theory]
    [InlineData("waveform", "image/png", "png")]
    [InlineData("thumbnail", "image/jpeg", "jpg")]
    public async Task A_still_is_an_image(string kind, string contentType, string extension)
    {
        var still = server.Meetings.Record(meeting, kind, path, sha256, contentType);
        var listed = (await (await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings")).JsonAsync()).GetProperty("data")[1];
        Assert.Equal((kind, "image", contentType), (listed.Text("kind"), listed.Text("media"), listed.Text("content_type")));

        var answer = await server.Client.GetAsync($"/v1/meetings/{meeting}/recordings/{still.Id}/content");
        Assert.Equal(contentType, answer.Content.Headers.ContentType!.ToString());
        Assert.EndsWith("." + extension, answer.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
    }

    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=0-99", 0, 100)]
    [InlineData("bytes=100-", 100, Length - 100)]
    [InlineData("bytes=-1", Length - 1, 1)]
    [InlineData("bytes=-100", Length - 100, 100)]
    [InlineData("bytes=-999999", 0, Length)]
    [InlineData("bytes=99999-999999", 99999, Length - 99999)]
    [InlineData("bytes=65535-65537", 65535, 3)]
    [InlineData("bytes=100002-", 100002, 1)]
    [InlineData("Bytes=5-6", 5, 2)]
    public async Task A_range_is_those_bytes(string range, int from, int count)
    {
        var answer = await GetAsync(range);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal(bytes[from..(from + count)], await answer.Content.ReadAsByteArrayAsync());
        Assert.Equal($"bytes {from}-{from + count - 1}/{Length}", answer.Content.Headers.ContentRange!.ToString());
        Assert.Equal(count, answer.Content.Headers.ContentLength);
        Assert.Equal($"\"{sha256}\"", answer.Headers.ETag!.Tag);
    }

    [Theory]
    [InlineData("bytes=100003-")]
    [InlineData("bytes=100003-100004")]
    [InlineData("bytes=-0")]
    public async Task A_range_outside_the_file_cannot_be_given(string range)
    {
        var answer = await GetAsync(range);
        await answer.IsProblemAsync(416, "range_not_satisfiable");
        Assert.Equal($"bytes */{Length}", answer.Content.Headers.ContentRange!.ToString());
    }

    [Theory]
    [InlineData("bytes=9-5")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=")]
    [InlineData("bytes=-")]
    [InlineData("items=0-5")]
    [InlineData("bytes=0-99999999999999999999")]
    [InlineData("bytes=0-1,5-6")]   // one range at a time: RFC 9110 lets us send it whole
    public async Task A_range_that_means_nothing_is_passed_over(string range)
    {
        var answer = await GetAsync(range);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(bytes, await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task If_range_gives_the_range_of_the_same_file_and_the_whole_of_another()
    {
        Assert.Equal(HttpStatusCode.PartialContent, (await GetAsync("bytes=0-9", ifRange: $"\"{sha256}\"")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("bytes=0-9", ifRange: "\"other\"")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync("bytes=0-9", ifRange: $"W/\"{sha256}\"")).StatusCode);
    }

    [Fact]
    public async Task A_file_one_has_is_not_sent_again()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { IfNoneMatch = { new EntityTagHeaderValue($"\"{sha256}\"") } } };
        Assert.Equal(HttpStatusCode.NotModified, (await server.Client.SendAsync(request)).StatusCode);
        request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { IfMatch = { new EntityTagHeaderValue("\"other\"") } } };
        Assert.Equal(HttpStatusCode.PreconditionFailed, (await server.Client.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task A_precondition_that_does_not_hold_has_its_own_word()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { IfMatch = { new EntityTagHeaderValue("\"other\"") } } };
        await (await server.Client.SendAsync(request)).IsProblemAsync(412, "precondition_failed");
    }

    [Fact]
    public async Task A_file_that_is_gone_from_the_disk_is_a_problem_that_says_so()
    {
        File.Delete(path);
        foreach (string? range in new[] { null, "bytes=0-9" })
        {
            var request = new HttpRequestMessage(HttpMethod.Get, url);
            if (range is not null) request.Headers.TryAddWithoutValidation("Range", range);
            var answer = await server.Client.SendAsync(request);
            await answer.IsProblemAsync(500, "internal_error");
            Assert.Equal("The file is missing on this node's disk, or damaged.", (await answer.JsonAsync()).Text("detail"));
            Assert.Null(answer.Headers.ETag);
        }
    }

    [Fact]
    public async Task HEAD_tells_all_but_the_bytes()
    {
        var answer = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, url));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Length, answer.Content.Headers.ContentLength);
        Assert.Equal($"\"{sha256}\"", answer.Headers.ETag!.Tag);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Another_meetings_file_is_not_there()
    {
        string other = await server.CreateAsync();
        await (await server.Client.GetAsync($"/v1/meetings/{other}/recordings/{mix.Id}/content")).IsProblemAsync(404, "not_found");
    }

    private Task<HttpResponseMessage> GetAsync(string range, string? ifRange = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("Range", range);
        if (ifRange is not null) request.Headers.TryAddWithoutValidation("If-Range", ifRange);
        return server.Client.SendAsync(request);
    }
}
