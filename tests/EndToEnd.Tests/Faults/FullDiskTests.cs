using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>The disk with journals, archive and files on it is full to the last byte, and has room again.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    /// <summary>More than must be free for a meeting to begin.</summary>
    private static readonly SmallDisk Disk = new(320L << 20);
    private static readonly TimeSpan FilledAt = TimeSpan.FromSeconds(5), FreedAt = TimeSpan.FromSeconds(13), Length = TimeSpan.FromSeconds(28);

    [Fact]
    public async Task What_is_said_while_the_disk_is_full_is_recorded_and_captioned_when_there_is_room_and_files_wait_for_it()
    {
        if (!await SmallDisk.IsPossibleAsync())
        {
            output.WriteLine("not tried: no mount namespaces here; the same is tested below the process");
            return;
        }
        await using var server = await PipelineServer.StartAsync(Disk);
        var source = ReplaySource.Open([Fixtures.Speech("release-review.json")]).Of(["laura", "martin"]);
        source = source with { Packets = [.. source.Packets.Where(p => p.Time < Length)], Duration = Length };

        var meeting = await server.Client.CreateMeetingAsync(RecordedMeeting.Describe(source), default);
        var session = new ReplaySession(source);
        var sending = session.RunAsync(RecordedMeeting.Endpoint(meeting));
        var origin = await session.Began - (meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch);

        await meeting.UntilAsync(origin + FilledAt);
        SmallDisk.Fill(server.ProcessId, server.DataFolder);
        using (var refused = await server.Http.PostAsJsonAsync("/v1/meetings", new { title = "No room" }))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
            Assert.NotNull(refused.Headers.RetryAfter);
        }
        await HealthAsync(server, meeting, "failing");
        await meeting.UntilAsync(origin + FreedAt);
        SmallDisk.Free(server.ProcessId, server.DataFolder);
        await HealthAsync(server, meeting, "flowing");

        var log = await sending;
        await server.Client.StopMeetingAsync(meeting.Id, default);
        SmallDisk.Fill(server.ProcessId, server.DataFolder);                         // for the journal's end, and for the files
        await meeting.UntilAsync(meeting.Now() + TimeSpan.FromSeconds(6));
        var waits = await server.Client.GetMeetingAsync(meeting.Id, default);
        output.WriteLine($"six seconds after the stop, with no room: {waits.Status}");
        Assert.Contains(waits.Status, new[] { "stopping", "processing" });
        SmallDisk.Free(server.ProcessId, server.DataFolder);

        var recorded = await RecordedMeeting.FetchAsync(server, meeting.Id, log);
        Assert.Equal("completed", recorded.Meeting.Status);
        foreach (var track in recorded.Quality.Tracks) Assert.True(track.Gaps.Count == 0, $"{track.Participant?.Id}: {string.Join(", ", track.Gaps)}");
        foreach (var (_, probe) in recorded.Files) Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);
        int lines = 0;
        foreach (var line in SpokenLine.Read(Fixtures.Speech("release-review.json")).Where(l => l.Speaker is "Laura" or "Martin" && l.End < Length))
        {
            var stream = source.Streams.Single(s => s.Participant.Name == line.Speaker);
            var from = log.OriginOf(stream) - recorded.StartedUnix + line.Start;
            var (off, peak) = recorded.Locate(stream.Participant.Id, line.Samples, from);
            Assert.True(off.Duration() <= TimeSpan.FromMilliseconds(20) && peak > 0.3, $"“{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            Assert.Contains(recorded.Transcript.Segments, s => s.Participant.Name == line.Speaker && s.StartMs < (from + line.End - line.Start).TotalMilliseconds && s.EndMs > from.TotalMilliseconds);
            lines++;
        }
        Assert.True(lines >= 6);
        string[] told = [.. (await EventsAsync(server)).Where(type => type.StartsWith("recording.", StringComparison.Ordinal) && type != "recording.ready")];
        Assert.Equal(["recording.failing", "recording.restored"], told);
    }

    private static async Task HealthAsync(PipelineServer server, MeetingInfo meeting, string health)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await server.Client.GetMeetingAsync(meeting.Id, default)).MediaHealth != health) await timer.WaitForNextTickAsync();
    }

    private static async Task<List<string>> EventsAsync(PipelineServer server)
    {
        using var answer = await server.Http.GetAsync("/v1/events?limit=200");
        using var document = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return [.. document.RootElement.GetProperty("data").EnumerateArray().Select(e => e.GetProperty("type").GetString()!)];
    }
}
