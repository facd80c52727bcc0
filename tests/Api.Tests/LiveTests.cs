using System.Net;
using System.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Live;
using Pipeline.Ingest.Recording.Live;

namespace Pipeline.Api.Tests;

/// <summary>The playlist of a running meeting, and the bytes it names.</summary>
public sealed class LiveTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static readonly DateTimeOffset Started = new(2026, 3, 2, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_playlist_names_every_fragment_of_every_part_and_when_it_was()
    {
        var listening = new LiveListening([Part("1-1", 700, (95_000, 0, 95_232), (24_000, 95_232, 96_256)), Part("2-1", 701, (10_000, 480_000, 96_256)), Part("2-2", 702)], IsOver: false);

        Assert.Equal(
            """
            #EXTM3U
            #EXT-X-VERSION:7
            #EXT-X-TARGETDURATION:2
            #EXT-X-PLAYLIST-TYPE:EVENT
            #EXT-X-INDEPENDENT-SEGMENTS
            #EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL=12.0
            #EXT-X-MEDIA-SEQUENCE:0
            #EXT-X-MAP:URI="1-1.mp4",BYTERANGE="700@0"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-02T09:00:00.000Z
            #EXTINF:1.98400,
            #EXT-X-BYTERANGE:95000@700
            1-1.mp4
            #EXTINF:2.00533,
            #EXT-X-BYTERANGE:24000@95700
            1-1.mp4
            #EXT-X-DISCONTINUITY
            #EXT-X-MAP:URI="2-1.mp4",BYTERANGE="701@0"
            #EXT-X-PROGRAM-DATE-TIME:2026-03-02T09:00:10.000Z
            #EXTINF:2.00533,
            #EXT-X-BYTERANGE:10000@701
            2-1.mp4

            """, HlsPlaylist.Write(listening, Started, skip: true), ignoreLineEndingDifferences: true);
        Assert.EndsWith("2-1.mp4\n#EXT-X-ENDLIST\n", HlsPlaylist.Write(listening with { IsOver = true }, Started, skip: false));
    }

    [Theory]
    [InlineData(6, 0)]                                                               // twelve seconds and a little: all of it is told again
    [InlineData(7, 1)]
    [InlineData(1800, 1794)]
    public void Who_follows_is_told_of_the_last_twelve_seconds_alone(int fragments, int skipped)
    {
        var part = Part("1-1", 700, [.. Enumerable.Range(0, fragments).Select(n => (24_000, n * 96_256L, 96_256))]);

        string whole = HlsPlaylist.Write(new LiveListening([part], IsOver: false), Started, skip: false)!, told = HlsPlaylist.Write(new LiveListening([part], IsOver: false), Started, skip: true)!;

        Assert.Equal(fragments, Count(whole, "#EXTINF"));
        Assert.Equal(fragments - skipped, Count(told, "#EXTINF"));
        if (skipped == 0) Assert.Equal(whole, told);
        else Assert.Contains($"#EXT-X-VERSION:9\n", told);
        Assert.Equal(skipped > 0, told.Contains($"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n", StringComparison.Ordinal));
        Assert.Equal(whole[whole.LastIndexOf("#EXTINF", StringComparison.Ordinal)..], told[told.LastIndexOf("#EXTINF", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task The_playlist_is_there_as_soon_as_something_can_be_heard()
    {
        string meeting = await server.CreateAsync("{}");
        await AssertProblemAsync(meeting, HttpStatusCode.Conflict, "not_ready", retry: 2);
        server.Meetings.Listen(meeting, new LiveListening([Part("1-1", 700)], IsOver: false));
        await AssertProblemAsync(meeting, HttpStatusCode.Conflict, "not_ready", retry: 2);
        server.Meetings.Listen(meeting, new LiveListening([Part("1-1", 700, (300, 0, 95_232))], IsOver: false));

        var answer = await server.Client.GetAsync($"/v1/meetings/{meeting}/live/index.m3u8");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/vnd.apple.mpegurl", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("no-store, private", answer.Headers.CacheControl!.ToString());
        string playlist = await answer.Content.ReadAsStringAsync();
        Assert.Contains($"#EXT-X-PROGRAM-DATE-TIME:{server.Meetings.View(meeting).StartedAt:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\n", playlist);
        Assert.DoesNotContain("ENDLIST", playlist);
    }

    [Fact]
    public async Task A_parts_bytes_come_by_range_and_the_next_request_sees_more_of_them()
    {
        string meeting = await server.CreateAsync("{}");
        byte[] bytes = new byte[1000];
        new Random(1).NextBytes(bytes);
        int length = 1000;
        var part = new LivePartView("3-2", 700, [new LiveFragment(700, 300, 0, 95_232)], () => new MemoryStream(bytes, 0, length));
        server.Meetings.Listen(meeting, new LiveListening([part], IsOver: false));

        var whole = await server.Client.GetAsync($"/v1/meetings/{meeting}/live/3-2.mp4");
        Assert.Equal((HttpStatusCode.OK, "audio/mp4", 1000L), (whole.StatusCode, whole.Content.Headers.ContentType!.ToString(), whole.Content.Headers.ContentLength));
        Assert.Equal("no-store, private", whole.Headers.CacheControl!.ToString());
        var fragment = await RangeAsync(700, 999);
        Assert.Equal(HttpStatusCode.PartialContent, fragment.StatusCode);
        Assert.Equal("bytes 700-999/1000", fragment.Content.Headers.ContentRange!.ToString());
        Assert.Equal(bytes[700..], await fragment.Content.ReadAsByteArrayAsync());

        length = 700;
        var early = await RangeAsync(700, 999);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, early.StatusCode);
        Assert.Equal("range_not_satisfiable", (await early.JsonAsync()).Text("code"));
        var missing = await server.Client.GetAsync($"/v1/meetings/{meeting}/live/3-3.mp4");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);

        Task<HttpResponseMessage> RangeAsync(long from, long to) =>
            server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, $"/v1/meetings/{meeting}/live/3-2.mp4") { Headers = { Range = new RangeHeaderValue(from, to) } });
    }

    [Fact]
    public async Task Where_there_never_is_a_mix_or_it_is_a_recording_there_is_no_playlist()
    {
        string without = await server.CreateAsync("""{"outputs":["tracks"]}""");
        await AssertProblemAsync(without, HttpStatusCode.NotFound, "not_found");
        string over = await server.CreateAsync("{}");
        await server.Client.PostAsync($"/v1/meetings/{over}/stop", null);
        await AssertProblemAsync(over, HttpStatusCode.NotFound, "not_found");
        await AssertProblemAsync("mtg_00000000000000000000000000", HttpStatusCode.NotFound, "not_found");
    }

    private async Task AssertProblemAsync(string meeting, HttpStatusCode status, string code, int? retry = null)
    {
        var answer = await server.Client.GetAsync($"/v1/meetings/{meeting}/live/index.m3u8");
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(code, (await answer.JsonAsync()).Text("code"));
        Assert.Equal(retry, (int?)answer.Headers.RetryAfter?.Delta?.TotalSeconds);
    }

    private static LivePartView Part(string name, int header, params (int Length, long Start, int Samples)[] fragments)
    {
        long offset = header;
        var laid = new List<LiveFragment>();
        foreach (var (length, start, samples) in fragments)
        {
            laid.Add(new LiveFragment(offset, length, start, samples));
            offset += length;
        }
        return new LivePartView(name, header, laid, () => Stream.Null);
    }

    private static int Count(string text, string what) => text.Split(what).Length - 1;
}
