using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>A sentence is said while the meeting is paused.</summary>
public sealed class PauseTests(ITestOutputHelper output) : PausedMeeting(output)
{
    [Fact]
    public Task What_is_said_in_a_pause_is_in_no_file_and_in_no_transcript() => RecordAsync(killed: false);
}

/// <summary>The same, and the server is killed in the pause and started again.</summary>
public sealed class PausedCrashTests(ITestOutputHelper output) : PausedMeeting(output)
{
    [Fact]
    public Task A_server_that_is_killed_in_a_pause_comes_back_paused() => RecordAsync(killed: true);
}

/// <summary>
/// Laura says two sentences, a third in a pause, and goes on until one was said after it, however long a busy machine took for the
/// pause. Two classes, as only those run side by side.
/// </summary>
public abstract class PausedMeeting(ITestOutputHelper output)
{
    private static readonly TimeSpan PausedAt = TimeSpan.FromSeconds(4.2), KilledAt = TimeSpan.FromSeconds(4.9), ResumedAt = TimeSpan.FromSeconds(7.3);
    /// <summary>A packet lasts 20 ms, and encoders ring on a little.</summary>
    private static readonly TimeSpan Edge = TimeSpan.FromMilliseconds(60);
    /// <summary>On a busy machine packets leave late, and the caption needs the silence after a sentence.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(2);
    /// <summary>Here only to be told from its neighbours: how exact places are, others test.</summary>
    private static readonly TimeSpan InPlace = TimeSpan.FromMilliseconds(60);

    protected async Task RecordAsync(bool killed)
    {
        await using var server = await PipelineServer.StartAsync();
        var lines = SpokenLine.Read(Fixtures.Speech("release-review.json")).Where(l => l.Speaker == "Laura").ToList();
        var source = ReplaySource.Open([Fixtures.Speech("release-review.json")]).Of(["laura"]);
        using var enough = new CancellationTokenSource();
        TimeSpan ended = default, pauseAsked = default, pauseAnswered = default, resumeAsked = default, resumeAnswered = default;

        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, origin) =>
        {
            await meeting.UntilAsync(origin + PausedAt);
            pauseAsked = meeting.Now();
            await TellAsync(server, meeting, "pause", paused: true);
            pauseAnswered = meeting.Now();
            if (killed)
            {
                await meeting.UntilAsync(origin + KilledAt);
                await server.KillAsync();
                await server.RestartAsync();
                output.WriteLine($"ready again at {meeting.Now().TotalSeconds:0.00} s");
            }
            await meeting.UntilAsync(origin + ResumedAt);
            resumeAsked = meeting.Now();
            await TellAsync(server, meeting, "resume", paused: false);
            resumeAnswered = meeting.Now();
            await meeting.UntilAsync(origin + lines.First(l => origin + l.Start > resumeAnswered).End + Afterwards);
            ended = meeting.Now();
            await enough.CancelAsync();
        }, enough: enough.Token);

        output.WriteLine($"pause {pauseAsked.TotalMilliseconds:0} … {pauseAnswered.TotalMilliseconds:0}, resumed {resumeAsked.TotalMilliseconds:0} … {resumeAnswered.TotalMilliseconds:0} ms");
        Assert.Equal("completed", recorded.Meeting.Status);
        foreach (var (_, probe) in recorded.Files) Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);

        var gap = Assert.Single(Assert.Single(recorded.Quality.Tracks).Gaps);
        output.WriteLine($"gap {gap.Kind} {gap.FromMs} … {gap.ToMs} ms");
        Assert.Equal("pause", gap.Kind);
        Assert.InRange(gap.FromMs, pauseAsked.TotalMilliseconds - 1, pauseAnswered.TotalMilliseconds + 1);
        Assert.InRange(gap.ToMs, resumeAsked.TotalMilliseconds - 1, resumeAnswered.TotalMilliseconds + 1);

        var origin = recorded.Log.OriginOf(source.Streams[0]) - recorded.StartedUnix;
        foreach (string file in new[] { "mix", "laura" })
        {
            int from = (int)((pauseAnswered + Edge).TotalSeconds * RecordedMeeting.Rate), to = (int)((resumeAsked - Edge).TotalSeconds * RecordedMeeting.Rate);
            float loudest = recorded.Sound[file][from..to].Max(Math.Abs);
            output.WriteLine($"{file}: the loudest sample of the pause is {loudest:0.00000}");
            Assert.True(loudest < 0.003f, $"{file}: the pause is not silent ({loudest:0.00000})");
            foreach (var line in lines.Where(l => origin + l.End < pauseAsked || (origin + l.Start > resumeAnswered && origin + l.End < ended)))
            {
                var (off, peak) = recorded.Locate(file, line.Samples, origin + line.Start);
                Assert.True(off.Duration() <= InPlace && peak > 0.3, $"{file}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            }
        }

        Assert.Contains(recorded.Transcript.Segments, s => s.EndMs < pauseAnswered.TotalMilliseconds);
        Assert.Contains(recorded.Transcript.Segments, s => s.StartMs > resumeAsked.TotalMilliseconds - 500);
        Assert.DoesNotContain(recorded.Transcript.Segments, s => s.EndMs > pauseAnswered.TotalMilliseconds + 100 && s.StartMs < resumeAsked.TotalMilliseconds - 500);
        bool isWhole = origin + lines[2].Start > pauseAnswered;   // a pause that took long to be answered lets its beginning through
        if (isWhole) Assert.DoesNotContain(recorded.Transcript.Segments, s => s.Text.Contains("agenda", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task TellAsync(PipelineServer server, MeetingInfo meeting, string what, bool paused)
    {
        using var answer = await server.Http.PostAsync($"/v1/meetings/{meeting.Id}/{what}", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(paused, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("paused").GetBoolean());
    }
}
