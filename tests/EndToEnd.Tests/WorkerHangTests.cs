using System.Diagnostics;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>The speech worker stops in the middle of a meeting, in the middle of its work, as one that hangs does; the one after it is slow to begin.</summary>
public sealed class WorkerHangTests(ITestOutputHelper output)
{
    private static readonly TimeSpan StoppedAt = TimeSpan.FromSeconds(3), Slow = TimeSpan.FromSeconds(4), Length = TimeSpan.FromSeconds(31);

    /// <summary>As of a meeting whose worker was there all the time.</summary>
    private const double MaxWordErrorRate = 0.10;

    [Fact]
    public async Task What_is_said_while_the_worker_hangs_gets_its_captions_late_once_and_in_its_place()
    {
        await using var server = await PipelineServer.StartAsync();
        var whole = ReplaySource.Open([Fixtures.Speech("release-review.json")]);
        var source = whole with { Packets = [.. whole.Packets.Where(p => p.Time < Length)], Duration = Length };
        Task<CaptionWatch> watching = null!;
        int stopped = 0, next = 0;
        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, origin) =>
        {
            watching = CaptionWatch.FollowAsync(server.Client, meeting.Id);
            await meeting.UntilAsync(origin + StoppedAt);
            stopped = Assert.Single(server.Children(), IsWorker);
            await SignalAsync(stopped, "STOP");
            using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            while (next == 0 && await tick.WaitForNextTickAsync()) next = server.Children().FirstOrDefault(process => process != stopped && IsWorker(process));
            await SignalAsync(next, "STOP");
            await meeting.UntilAsync(meeting.Now() + Slow);
            await SignalAsync(next, "CONT");
        });
        var watch = await watching;
        watch.Chart(recorded.StartedUnix, output);
        watch.AssertInvariants();
        watch.AssertEndsAs(recorded.Transcript);
        Assert.True(watch.LateSegments > 0, "nothing was late");
        Assert.DoesNotContain(stopped, server.Children());
        Assert.Equal(("completed", "live"), (recorded.Meeting.Status, recorded.Meeting.CaptionsStatus));

        int errors = 0, words = 0;
        foreach (var speaker in SpokenLine.Read(Fixtures.Speech("release-review.json")).Where(line => line.End < Length).GroupBy(line => line.Speaker))
        {
            string heard = string.Join(' ', recorded.Transcript.Segments.Where(s => s.Participant.Name == speaker.Key).Select(s => s.Text));
            var rate = WordErrorRate.Of(string.Join(' ', speaker.Select(line => line.Text)), heard);
            output.WriteLine($"{speaker.Key}: {rate.Errors} of {rate.Words} words wrong: {heard}");
            (errors, words) = (errors + rate.Errors, words + rate.Words);
        }
        Assert.InRange((double)errors / words, 0, MaxWordErrorRate);
    }

    private static async Task SignalAsync(int process, string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{process}"]);
        await kill.WaitForExitAsync();
    }

    private static bool IsWorker(int process)
    {
        try { return File.ReadAllText($"/proc/{process}/cmdline").Contains("--model", StringComparison.Ordinal); }
        catch (IOException) { return false; }                                        // it has just ended
    }
}
