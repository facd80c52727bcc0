using System.CommandLine;
using System.Text.Json;
using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class ReplayRunTests
{
    private static readonly string Wav = Fixtures.Speech("utterance-04.wav");

    [Fact]
    public async Task Creates_a_meeting_sends_stops_and_waits()
    {
        await using var server = await FakeServer.StartAsync();
        using var folder = new TemporaryFolder();
        var (exit, output, error) = await RunAsync($"{Wav} --url {server.Address} --speed 20 --loss 0.1 --stop --log {folder["log.jsonl"]} --title Tried");

        Assert.Equal(("", 0), (error, exit));
        var created = server.Received.First(r => r.Request == "POST /v1/meetings").Body;
        Assert.Equal("Tried", created.GetProperty("title").GetString());
        var track = Assert.Single(created.GetProperty("tracks").EnumerateArray());
        Assert.Equal("""{"id":"04","name":"04","consent":"granted"}""", track.GetProperty("participant").GetRawText());
        Assert.Equal(["participant", "kind", "codec", "payload_type", "clock_rate", "ssrc", "header_extensions"], track.EnumerateObject().Select(m => m.Name));
        Assert.Equal("urn:ietf:params:rtp-hdrext:ssrc-audio-level", track.GetProperty("header_extensions").GetProperty("1").GetString());
        Assert.Equal($"POST /v1/meetings/{FakeServer.Meeting}/stop", server.Received.Last().Request);

        var (header, lines) = SendLog.Read(folder["log.jsonl"]);
        Assert.Equal(FakeServer.Meeting, header.MeetingId);
        Assert.Equal(138, lines.Count);                            // 2.75 s
        Assert.Equal(lines.Count(l => l.SentUnixUs is not null), (await server.Sink.AllAsync()).Count);
        Assert.Contains($"{lines.Count(l => l.Action == "lost")} lost on purpose", output, StringComparison.Ordinal);
        Assert.Contains("is completed after 2.8 s", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Adds_its_tracks_to_a_meeting_that_runs_already()
    {
        await using var server = await FakeServer.StartAsync();
        var (exit, _, _) = await RunAsync($"{Wav} --url {server.Address} --speed 20 --meeting {FakeServer.Meeting}");
        Assert.Equal(0, exit);
        var (request, body) = Assert.Single(server.Received);
        Assert.Equal($"POST /v1/meetings/{FakeServer.Meeting}/tracks", request);
        Assert.Equal(JsonValueKind.Array, body.ValueKind);
    }

    [Fact]
    public async Task Prints_final_captions_that_say_something()
    {
        await using var server = await FakeServer.StartAsync();
        var (exit, output, _) = await RunAsync($"{Wav} --url {server.Address} --speed 20 --captions --stop");
        Assert.Equal(0, exit);
        Assert.Contains("[00:07.5] Laura: Good morning everyone.", output, StringComparison.Ordinal);
        Assert.Contains("[02:07.5] Laura: Welcome.", output, StringComparison.Ordinal);
        Assert.Equal(2, output.Split('\n').Count(l => l.StartsWith('[')));
    }

    [Theory]
    [InlineData(401, "", "does not accept the API key (401).")]
    [InlineData(422, """{"title":"Bad","detail":"One field is wrong.","code":"invalid","errors":[{"pointer":"/tracks/0/kind","message":"not built"}]}""",
        "(422): One field is wrong; /tracks/0/kind: not built.")]
    [InlineData(503, "<html>", "(503).")]
    public async Task Says_in_a_sentence_why_the_server_refused(int status, string body, string sentence)
    {
        await using var server = await FakeServer.StartAsync();
        server.Refusal = (status, body);
        var (exit, _, error) = await RunAsync($"{Wav} --url {server.Address}");
        Assert.Equal(1, exit);
        Assert.EndsWith(sentence, error.TrimEnd(), StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_meeting_that_fails_is_a_failure()
    {
        await using var server = await FakeServer.StartAsync();
        server.StatusInTheEnd = "failed";
        var (exit, _, error) = await RunAsync($"{Wav} --url {server.Address} --speed 20 --stop");
        Assert.Equal((1, $"Meeting {FakeServer.Meeting} failed: requested."), (exit, error.Trim()));
    }

    [Fact]
    public async Task Says_when_there_is_no_server()
    {
        Uri gone;
        await using (var server = await FakeServer.StartAsync()) gone = server.Address;
        var (exit, _, error) = await RunAsync($"{Wav} --url {gone}");
        Assert.Equal(1, exit);
        Assert.StartsWith($"No server answers at {gone}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--loss 1.5", "--loss lies between 0 and 1")]
    [InlineData("--speed 0", "--speed is above 0")]
    [InlineData("--jitter -1", "--jitter is not negative")]
    public async Task Refuses_numbers_that_mean_nothing(string arguments, string why)
    {
        var (exit, _, error) = await RunAsync($"{Wav} {arguments}");
        Assert.NotEqual(0, exit);
        Assert.Contains(why, error, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(string arguments)
    {
        using StringWriter output = new(), error = new();
        int exit = await ReplayCommand.Create().Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output, Error = error });
        return (exit, output.ToString(), error.ToString());
    }
}
