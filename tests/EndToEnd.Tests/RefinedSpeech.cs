using System.Text.Json;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The transcript that a second pass makes, beside the live one.</summary>
internal static class RefinedSpeech
{
    public static async Task AssertAsync(PipelineServer server, RecordedMeeting recorded, IReadOnlyList<SpokenLine> lines)
    {
        string id = recorded.Meeting.Id;
        await UntilReadyAsync(server.Http, id);
        var refined = await server.Client.GetTranscriptAsync(id, default, "refined");
        Assert.Equal("refined", (await server.Client.GetMinutesAsync(id, default)).TranscriptVersion);

        var live = recorded.Transcript;
        foreach (var speaker in lines.GroupBy(line => line.Speaker))
        {
            string said = string.Join(' ', speaker.Select(line => line.Text));
            int Wrong(IEnumerable<Api.Replay.SegmentInfo> segments) =>
                WordErrorRate.Of(said, string.Join(' ', segments.Where(s => s.Participant.Name == speaker.Key).Select(s => s.Text))).Errors;
            Assert.True(Wrong(refined.Segments) <= Wrong(live.Segments) + 1, $"{speaker.Key}: {Wrong(refined.Segments)} words wrong, live {Wrong(live.Segments)}");
        }
        foreach (var segment in live.Segments.Concat(refined.Segments)) await server.Client.GetSegmentAsync(id, segment.Id, default);
    }

    /// <summary>By the ledger, as a platform would wait for it.</summary>
    private static async Task UntilReadyAsync(HttpClient http, string meeting)
    {
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(120));       // only so that a broken test ends
        while (true)
        {
            using var events = JsonDocument.Parse(await http.GetStringAsync("/v1/events?limit=200", enough.Token));
            if (events.RootElement.GetProperty("data").EnumerateArray().Any(e => e.GetProperty("type").GetString() == "transcript.ready"
                && e.GetProperty("data").GetProperty("meeting_id").GetString() == meeting && e.GetProperty("data").GetProperty("version").GetString() == "refined")) return;
            await Task.Delay(TimeSpan.FromMilliseconds(200), enough.Token);
        }
    }
}
