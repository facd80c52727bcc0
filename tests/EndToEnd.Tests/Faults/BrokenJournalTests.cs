using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>Where one meeting's journal should go on there is no way, and then there is again; another meeting is recorded beside it.</summary>
public sealed class BrokenJournalTests(ITestOutputHelper output)
{
    [Fact]
    public async Task It_is_that_meetings_alone_and_nothing_of_it_is_lost()
    {
        await using var server = await PipelineServer.StartAsync();
        var (sound, other) = (NoiseSource.Make(TimeSpan.FromSeconds(24), seed: 3), NoiseSource.Make(TimeSpan.FromSeconds(24), seed: 4));
        var broken = await PlayedMeeting.BeginAsync(server, sound);
        var whole = await PlayedMeeting.BeginAsync(server, other);
        string journal = Path.Combine(server.DataFolder, "meetings", broken.Meeting.Id, "journal");

        await broken.Meeting.UntilAsync(TimeSpan.FromSeconds(3));
        Directory.Move(journal, journal + ".away");
        File.WriteAllText(journal, "");                                              // not even root can make a segment there
        await HealthAsync(server, broken, "failing");                                // when the next is due
        Assert.Equal("flowing", (await server.Client.GetMeetingAsync(whole.Meeting.Id, default)).MediaHealth);
        await broken.Meeting.UntilAsync(broken.Meeting.Now() + TimeSpan.FromSeconds(3));
        File.Delete(journal);
        Directory.Move(journal + ".away", journal);
        await HealthAsync(server, broken, "flowing");
        await broken.Meeting.UntilAsync(broken.Meeting.Now() + TimeSpan.FromSeconds(2));

        foreach (var meeting in new[] { broken, whole })
        {
            var recorded = await meeting.EndAsync();
            Assert.Equal("completed", recorded.Meeting.Status);
            var judged = new KilledMeeting(meeting, recorded, meeting == broken ? "broken" : "whole", output);
            judged.AssertFiles();                                                    // no gap at all
            judged.AssertRustling();
        }
    }

    private static async Task HealthAsync(PipelineServer server, PlayedMeeting meeting, string health)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while ((await server.Client.GetMeetingAsync(meeting.Meeting.Id, default)).MediaHealth != health) await timer.WaitForNextTickAsync();
    }
}
