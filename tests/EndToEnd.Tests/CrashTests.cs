using System.Diagnostics;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The server is killed in the middle of a meeting, and started again.</summary>
public sealed class CrashTests(ITestOutputHelper output)
{
    private static readonly TimeSpan KilledAt = TimeSpan.FromSeconds(14), StartedAgainAt = TimeSpan.FromSeconds(17);

    /// <summary>How long a busy machine may keep the server's threads from the processor just before it is killed.</summary>
    private static readonly TimeSpan Starved = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task A_killed_server_goes_on_with_the_same_meeting_and_says_what_is_missing()
    {
        await using var server = await PipelineServer.StartAsync();
        var source = Cut(ReplaySource.Open([Fixtures.Speech("release-review.json")]), TimeSpan.FromSeconds(40));
        var lines = SpokenLine.Read(Fixtures.Speech("release-review.json"));
        TimeSpan killing = default, killed = default, back = default;            // the kill itself lies between the first two
        MeetingInfo? again = null;
        IReadOnlyList<int> children = [];

        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, origin) =>
        {
            await meeting.UntilAsync(origin + KilledAt);
            children = server.Children();
            killing = meeting.Now();
            await server.KillAsync();
            killed = meeting.Now();
            await meeting.UntilAsync(origin + StartedAgainAt);
            var clock = Stopwatch.StartNew();
            await server.RestartAsync();
            back = meeting.Now();
            output.WriteLine($"ready again after {clock.Elapsed.TotalSeconds:0.00} s");
            again = await server.Client.GetMeetingAsync(meeting.Id, default);
            Assert.Equal(meeting.Ingest!.Port, again.Ingest!.Port);
            Assert.Equal("recording", again.Status);
        });

        Assert.Equal("completed", recorded.Meeting.Status);
        Assert.Equal(again!.Id, recorded.Meeting.Id);
        Assert.True(children.Count >= 2, "an encoder and a speech worker were running");
        foreach (int child in children) await GoneAsync(child);

        foreach (var track in recorded.Quality.Tracks)
        {
            var outage = Assert.Single(track.Gaps, g => g.Kind == "outage");
            output.WriteLine($"{track.Participant?.Id}: outage {outage.FromMs} … {outage.ToMs} ms; killed at {killed.TotalMilliseconds:0}, ready at {back.TotalMilliseconds:0}");
            Assert.InRange(outage.FromMs, (killing - Starved).TotalMilliseconds, killed.TotalMilliseconds + 20);
            Assert.InRange(outage.ToMs, killed.TotalMilliseconds, back.TotalMilliseconds + 100);
        }
        foreach (var (_, probe) in recorded.Files) Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);

        recorded.AssertWaveform();

        int before = 0, after = 0;
        foreach (var line in lines)
        {
            var stream = source.Streams.Single(s => s.Participant.Name == line.Speaker);
            var origin = recorded.Log.OriginOf(stream) - recorded.StartedUnix;
            var (from, to) = (origin + line.Start, origin + line.End);
            bool isBefore = to < killing - Starved, isAfter = from > back && line.End < TimeSpan.FromSeconds(39);
            if (!isBefore && !isAfter) continue;

            var (off, peak) = recorded.Locate(stream.Participant.Id, line.Samples, from);
            Assert.True(off.Duration() <= TimeSpan.FromMilliseconds(20) && peak > 0.3, $"“{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            Assert.Contains(recorded.Transcript.Segments, s => s.Participant.Name == line.Speaker && s.StartMs < to.TotalMilliseconds && s.EndMs > from.TotalMilliseconds);
            if (isBefore) before++;
            else after++;
        }
        output.WriteLine($"{before} lines before the crash and {after} after it are in files and transcript");
        Assert.True(before >= 4 && after >= 4);
    }

    private static ReplaySource Cut(ReplaySource source, TimeSpan length) =>
        source with { Packets = [.. source.Packets.Where(p => p.Time < length)], Duration = length };

    /// <summary>Returns when the process has ended; a test that hangs here has found an orphan.</summary>
    private static async Task GoneAsync(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            await process.WaitForExitAsync();
        }
        catch (ArgumentException) { /* it has ended */ }
    }
}
