using System.Net;
using System.Text;
using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class PipelineClientTests
{
    [Fact]
    public async Task Reads_what_a_meeting_left()
    {
        await using var server = await FakeServer.StartAsync();
        using var client = PipelineClient.Connect(server.Address, "key");
        using var folder = new TemporaryFolder();
        var transcript = await client.GetTranscriptAsync(FakeServer.Meeting, default);
        Assert.Equal("Good morning everyone.", Assert.Single(transcript.Segments).Text);
        var minutes = await client.GetMinutesAsync(FakeServer.Meeting, default);
        var item = Assert.Single(minutes.ActionItems);
        Assert.Equal(("Test it", "laura", "2026-04-03", "seg_1"), (item.Text, item.Owner, item.Due, Assert.Single(item.Evidence).SegmentId));
        Assert.Equal(500, Assert.Single(minutes.Participants).TalkMs);
        var recording = Assert.Single(await client.GetRecordingsAsync(FakeServer.Meeting, default));
        await client.DownloadAsync(recording, folder["mix.mp4"], default);
        Assert.Equal("mp4!", File.ReadAllText(folder["mix.mp4"]));
    }

    [Fact]
    public async Task Captions_go_on_after_the_last_one_when_the_connection_breaks()
    {
        using var answers = new Answers(
            () => new BrokenStream(FakeServer.Caption(1, "seg_1", final: false, "Good") + FakeServer.Caption(2, "seg_1", final: true, "Good morning.")),
            () => throw new HttpRequestException("refused"),
            () => new MemoryStream(Encoding.UTF8.GetBytes(FakeServer.Caption(3, "seg_2", final: true, "Welcome.") + FakeServer.End)));
        using var client = new PipelineClient(new HttpClient(answers) { BaseAddress = new Uri("http://server") }, new JumpingClock());

        var captions = new List<CaptionEvent>();
        await foreach (var caption in client.CaptionsAsync(FakeServer.Meeting)) captions.Add(caption);
        Assert.Equal(["1", "2", "3"], captions.Select(c => c.EventId));
        Assert.Equal(["Good", "Good morning.", "Welcome."], captions.Select(c => c.Caption.Text));
        Assert.Equal(["", "2", "2"], answers.LastEventIds);
    }

    [Fact]
    public async Task A_server_that_stays_away_ends_the_captions()
    {
        using var answers = new Answers([.. Enumerable.Repeat<Func<Stream>>(() => throw new HttpRequestException("refused"), 100)]);
        using var client = new PipelineClient(new HttpClient(answers) { BaseAddress = new Uri("http://server") }, new JumpingClock());
        await Assert.ThrowsAsync<PipelineRequestException>(async () => await client.CaptionsAsync(FakeServer.Meeting).GetAsyncEnumerator().MoveNextAsync());
        Assert.InRange(answers.LastEventIds.Count, 2, 40);         // half a minute, a try each second
    }

    /// <summary>Gives these answers, one for each request.</summary>
    private sealed class Answers(params Func<Stream>[] answers) : HttpMessageHandler
    {
        public List<string> LastEventIds { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            LastEventIds.Add(request.Headers.TryGetValues("Last-Event-ID", out var ids) ? ids.Single() : "");
            return Task.FromResult(new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(answers[LastEventIds.Count - 1]()) });
        }
    }

    /// <summary>Breaks where its text ends.</summary>
    private sealed class BrokenStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await base.ReadAsync(buffer, cancellationToken) is > 0 and int read ? read : throw new IOException("The connection was reset.");
    }
}
