using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What was said in a meeting, looked for: as it was recognised, corrected, in an index made anew; and by people who mean no good.</summary>
internal static class SpokenSearch
{
    private const string NewWord = "Zanzibar";

    /// <summary>Each with its answer: hits or none, or that it is no search. Nothing else.</summary>
    private static readonly (string Query, int Status)[] Hostile =
    [
        ("", 422), (" ", 422), ("\t\r\n", 422), ("\"", 422), ("\"\"", 422), ("\"\"\"", 422), ("\"release", 422), ("release\"", 422), ("'", 422), ("'release'", 200),
        ("*", 422), ("**", 422), ("r*", 422), ("re*", 200), ("re**", 422), ("*release", 422), ("\"the rel\"*", 200), ("re*lease", 422), ("?", 422), ("r?lease", 200),
        ("(", 422), (")", 422), ("()", 422), ("(release", 422), ("release)", 422), ("((release))", 200), ("(((((((((((((((((release)))))))))))))))))", 422),
        ("AND", 422), ("OR", 422), ("NOT", 422), ("AND OR NOT", 422), ("release AND", 422), ("AND release", 422), ("release OR", 422), ("release NOT", 422), ("NOT release", 422),
        ("release NOT (NOT plan)", 422), ("release AND AND plan", 422), ("NEAR(release plan, 2)", 200), ("NEAR/3", 200), ("text:release", 200), ("speaker:p1", 200), ("- text : release", 422),
        ("{text speaker}:release", 200), ("^release", 200), ("release + plan", 422), ("release\\", 200), ("rank MATCH 'bm25()'", 422), ("spoken", 200),
        ("'; DROP TABLE documents; --", 422), ("release' OR '1'='1", 200), ("\" OR 1=1 --", 422), ("release; PRAGMA writable_schema=1", 200), ("%", 422), ("_", 422), ("%s%n%x", 200),
        ("<script>alert(1)</script>", 200), ("../../etc/passwd", 200), ("release\0plan", 422), ("\u0001release\u0002", 422), ("\u202Erelease", 200), ("\uFEFFrelease", 200), ("e\u0301\u0301\u0301\u0301", 200),
        ("𝓇𝑒𝓁𝑒𝒶𝓈𝑒", 200), ("😀", 422), ("日本語", 200), ("\uFFFD", 422), ("release \"plan", 422), ("18446744073709551616", 200), ("-1", 422), ("null", 200), ("1e309", 200), ("\u00AD", 422), ("ß İ ı ﬁ", 200),
    ];

    public static async Task AssertAsync(PipelineServer server, RecordedMeeting recorded, IReadOnlyList<SpokenLine> lines)
    {
        var minutes = await server.Client.GetMinutesAsync(recorded.Meeting.Id, default);
        var claim = minutes.Decisions[0];
        var evidence = await Task.WhenAll(claim.Evidence.Select(e => server.Client.GetSegmentAsync(recorded.Meeting.Id, e.SegmentId, default)));
        var decision = evidence.MaxBy(segment => Words(claim.Text).Intersect(Words(segment.Text)).Count())!;   // others proposed it, or agreed
        string[] said = Words(string.Join(' ', lines.Where(line => line.Speaker == decision.Participant.Name).Select(line => line.Text)));
        string word = Words(claim.Text).Intersect(Words(decision.Text)).Intersect(said).MaxBy(w => w.Length)!;   // in the script, heard, and in the minutes

        var hit = await UntilFoundAsync(server.Http, word, decision.Id);
        Assert.Equal((recorded.Meeting.Id, decision.StartMs), (hit.GetProperty("meeting_id").GetString(), hit.GetProperty("start_ms").GetInt64()));
        Assert.Equal(decision.Participant.Id, hit.GetProperty("participant").GetProperty("id").GetString());
        Assert.Contains($"<mark>{word}</mark>", hit.GetProperty("snippet").GetString());

        string corrected = decision.Text.Replace(word, NewWord, StringComparison.Ordinal);
        using (var answer = await server.Http.PatchAsync(
            $"/v1/meetings/{recorded.Meeting.Id}/transcript/segments/{decision.Id}", JsonContent.Create(new Dictionary<string, string> { ["text"] = corrected })))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains($"<mark>{NewWord}</mark>", (await UntilFoundAsync(server.Http, NewWord, decision.Id)).GetProperty("snippet").GetString());
        Assert.DoesNotContain(decision.Id, Segments(await FindAsync(server.Http, word)));
        Assert.Contains((await server.Client.GetMinutesAsync(recorded.Meeting.Id, default)).Decisions,
            now => now.Text == claim.Text.Replace(word, NewWord, StringComparison.Ordinal) && now.Evidence.Any(e => e.SegmentId == decision.Id));

        foreach (var (query, status) in Hostile) Assert.True(status == await StatusAsync(server.Http, query), $"“{query}” is answered with {await StatusAsync(server.Http, query)}");

        string[] searches = [word, NewWord, "re*", "the", $"the NOT {NewWord}", "\"the release\" OR budget"];
        string[] before = await Task.WhenAll(searches.Select(async q => (await FindAsync(server.Http, q)).GetRawText()));
        await server.KillAsync();
        Assert.StartsWith($"{recorded.Transcript.Segments.Count} segments", await server.RunAsync("search", "rebuild"));
        await server.RestartAsync();
        Assert.Equal(before, await Task.WhenAll(searches.Select(async q => (await FindAsync(server.Http, q)).GetRawText())));
    }

    /// <summary>The index follows the archive by a moment.</summary>
    private static async Task<JsonElement> UntilFoundAsync(HttpClient http, string q, string segment)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));   // only so that a broken test ends
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            foreach (var hit in (await FindAsync(http, q)).GetProperty("data").EnumerateArray())
                if (hit.GetProperty("segment_id").GetString() == segment) return hit;
            await tick.WaitForNextTickAsync(patience.Token);
        }
    }

    private static async Task<JsonElement> FindAsync(HttpClient http, string q) =>
        await http.GetFromJsonAsync<JsonElement>($"/v1/search?limit=200&q={Uri.EscapeDataString(q)}");

    private static async Task<int> StatusAsync(HttpClient http, string q)
    {
        using var answer = await http.GetAsync($"/v1/search?q={Uri.EscapeDataString(q)}");
        return (int)answer.StatusCode;
    }

    private static IEnumerable<string?> Segments(JsonElement page) => page.GetProperty("data").EnumerateArray().Select(hit => hit.GetProperty("segment_id").GetString());

    private static string[] Words(string text) => [.. text.Split([' ', '.', ',', '?', '!', '\''], StringSplitOptions.RemoveEmptyEntries).Distinct()];
}
