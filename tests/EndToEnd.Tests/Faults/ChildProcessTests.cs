using System.Diagnostics;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>What the server has others do for it: the speech worker and the encoder are killed and stopped in the middle of a meeting.</summary>
public sealed class ChildProcessTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(28);

    [Fact]
    public async Task A_meeting_whose_worker_and_encoders_die_or_hang_is_recorded_and_captioned_whole()
    {
        await using var server = await PipelineServer.StartAsync();
        var source = Cut(ReplaySource.Open([Fixtures.Speech("release-review.json")]).Of(["laura", "martin"]), Length);
        HashSet<int> children = [];

        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, origin) =>
        {
            await meeting.UntilAsync(origin + TimeSpan.FromSeconds(3));
            children.UnionWith(server.Children());
            Assert.Equal(1, Signal(server, "pipeline-transcribe", "KILL"));
            await meeting.UntilAsync(origin + TimeSpan.FromSeconds(6));
            children.UnionWith(server.Children());
            Assert.Equal(1, Signal(server, "ffmpeg", "KILL"));
            await meeting.UntilAsync(origin + TimeSpan.FromSeconds(12));
            children.UnionWith(server.Children());
            int hung = Signal(server, "ffmpeg", "STOP");
            output.WriteLine($"{hung} encoders stopped in the meeting's middle");
            await meeting.UntilAsync(origin + Length - TimeSpan.FromSeconds(1));
            children.UnionWith(server.Children());
            output.WriteLine($"{Signal(server, "ffmpeg", "STOP")} stopped just before its end");
        });

        Assert.Equal("completed", recorded.Meeting.Status);
        foreach (var track in recorded.Quality.Tracks) Assert.Empty(track.Gaps);
        foreach (var (_, probe) in recorded.Files) Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);
        recorded.AssertWaveform();
        int lines = 0;
        foreach (var line in SpokenLine.Read(Fixtures.Speech("release-review.json")).Where(l => l.Speaker is "Laura" or "Martin" && l.End < Length))
        {
            var stream = source.Streams.Single(s => s.Participant.Name == line.Speaker);
            var (from, to) = (recorded.Log.OriginOf(stream) - recorded.StartedUnix + line.Start, recorded.Log.OriginOf(stream) - recorded.StartedUnix + line.End);
            foreach (string file in new[] { "mix", stream.Participant.Id })
            {
                var (off, peak) = recorded.Locate(file, line.Samples, from);
                Assert.True(off.Duration() <= TimeSpan.FromMilliseconds(20) && peak > 0.3, $"{file}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            }
            Assert.Contains(recorded.Transcript.Segments, s => s.Participant.Name == line.Speaker && s.StartMs < to.TotalMilliseconds && s.EndMs > from.TotalMilliseconds);
            lines++;
        }
        Assert.True(lines >= 6);

        // An encoder that hangs is not left behind, whoever is still waited for.
        Assert.DoesNotContain(children, id => Runs(id, "ffmpeg"));
    }

    /// <returns>How many of the server's children run that program.</returns>
    private static int Signal(PipelineServer server, string name, string signal)
    {
        var found = server.Children().Where(id => Runs(id, name)).ToList();
        foreach (int id in found)
        {
            using var kill = Process.Start("kill", [$"-{signal}", $"{id}"]);
            kill.WaitForExit();
        }
        return found.Count;
    }

    /// <summary>False for a process that has ended.</summary>
    private static bool Runs(int id, string program)
    {
        try { return File.ReadAllText($"/proc/{id}/cmdline").Contains(program, StringComparison.Ordinal); }
        catch (IOException) { return false; }
    }

    private static ReplaySource Cut(ReplaySource source, TimeSpan length) =>
        source with { Packets = [.. source.Packets.Where(p => p.Time < length)], Duration = length };
}

/// <summary>A node on which there is no FFmpeg.</summary>
public sealed class AbsentEncoderTests
{
    [Fact]
    public async Task Without_an_encoder_a_meeting_fails_with_what_needs_none_and_its_journal_stays()
    {
        await using var server = await PipelineServer.StartAsync(20, ("PATH", "/nonexistent"));
        var noise = NoiseSource.Make(TimeSpan.FromSeconds(4), seed: 5);
        var meeting = await server.Client.CreateMeetingAsync(PlayedMeeting.Describe(noise), default);
        await new ReplaySession(noise.Source).RunAsync(RecordedMeeting.Endpoint(meeting));
        await server.Client.StopMeetingAsync(meeting.Id, default);

        var over = await server.Client.WaitUntilOverAsync(meeting.Id, default);
        Assert.Equal(("failed", "encoder_failed"), (over.Status, over.Reason));
        Assert.Contains(await server.Client.GetRecordingsAsync(meeting.Id, default), r => r.Kind == "track");
        Assert.Contains("whole", await server.RunAsync("journal", "verify", meeting.Id), StringComparison.OrdinalIgnoreCase);
    }
}
