using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Pipeline.Api.Replay;

namespace Pipeline.EndToEnd.Tests;

/// <summary>Everything but the journals is gone, and comes back.</summary>
public sealed class RebuildTests
{
    [Fact]
    public async Task Of_a_meeting_of_which_only_the_journal_is_left_everything_is_said_again()
    {
        await using var server = await PipelineServer.StartAsync();
        using var enough = new CancellationTokenSource();
        var recorded = await RecordedMeeting.RecordAsync(server, ReplaySource.Open([Fixtures.Speech("release-review.json")]), meanwhile: (_, _) =>
        {
            enough.CancelAfter(TimeSpan.FromSeconds(16));
            return Task.CompletedTask;
        }, enough: enough.Token);
        Assert.Equal("completed", recorded.Meeting.Status);
        Assert.NotEmpty(recorded.Transcript.Segments);
        string path = $"/v1/meetings/{recorded.Meeting.Id}";
        using (var answer = await server.Http.PatchAsync($"{path}/transcript/segments/{recorded.Transcript.Segments[0].Id}", JsonContent.Create(new Dictionary<string, string> { ["text"] = "Zanzibar it is" })))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using (var answer = await server.Http.PatchAsync(path, JsonContent.Create(new Dictionary<string, string> { ["title"] = "Renamed" })))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        string[] asked = [path, $"{path}/transcript", $"{path}/transcript?format=vtt", $"{path}/minutes", $"{path}/quality", "/v1/events?limit=200", "/v1/meetings"];
        string[] said = await Task.WhenAll(asked.Select(server.Http.GetStringAsync));
        string hits = await UntilFoundAsync(server.Http, "zanzibar");
        var files = await FilesAsync(server, recorded.Meeting.Id);
        await server.KillAsync();

        foreach (string file in Directory.GetFiles(server.DataFolder, "archive.db*")) File.Delete(file);
        Directory.Delete(Path.Combine(server.DataFolder, "search"), recursive: true);
        Directory.Delete(Path.Combine(server.DataFolder, "meetings", recorded.Meeting.Id, "recordings"), recursive: true);
        string told = await server.RunAsync("rebuild");
        Assert.Contains("1 meetings are in the archive again.", told, StringComparison.Ordinal);
        await server.RestartAsync();

        Assert.Equal(said, await Task.WhenAll(asked.Select(server.Http.GetStringAsync)));
        Assert.Equal(hits, await UntilFoundAsync(server.Http, "zanzibar"));
        var again = await FilesAsync(server, recorded.Meeting.Id);
        Assert.Equal(files.Select(f => (f.Info.Id, f.Info.Kind, f.Info.TrackId, f.Info.ContentType, f.Info.DurationMs)), again.Select(f => (f.Info.Id, f.Info.Kind, f.Info.TrackId, f.Info.ContentType, f.Info.DurationMs)));
        // What is copied as it was sent is the same to the last bit; the mix was encoded while it was heard, and is now made of the journal.
        Assert.Equal(files.Where(f => f.Info.Kind == "track").Select(f => f.Info.Sha256), again.Where(f => f.Info.Kind == "track").Select(f => f.Info.Sha256));
        Assert.All(again, f => Assert.Equal(f.Info.Sha256, f.Sha256));
    }

    /// <summary>What is there, each as its bytes say.</summary>
    private static async Task<IReadOnlyList<(RecordingInfo Info, string Sha256)>> FilesAsync(PipelineServer server, string meeting)
    {
        List<(RecordingInfo, string)> files = [];
        foreach (var recording in await server.Client.GetRecordingsAsync(meeting, default))
        {
            byte[] content = await server.Http.GetByteArrayAsync(recording.Url);
            files.Add((recording, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content))));
        }
        return files;
    }

    /// <summary>The index follows the archive by a moment.</summary>
    private static async Task<string> UntilFoundAsync(HttpClient http, string q)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));   // only so that a broken test ends
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            using var answer = await http.GetAsync($"/v1/search?q={q}");
            string page = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode && JsonNode.Parse(page)!["data"]!.AsArray().Count > 0) return page;
            await tick.WaitForNextTickAsync(patience.Token);
        }
    }
}
