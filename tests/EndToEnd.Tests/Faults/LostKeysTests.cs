using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests.Faults;

/// <summary>The server comes up again where its keys are not: a volume that was not mounted.</summary>
public sealed class LostKeysTests(ITestOutputHelper output)
{
    [Fact]
    public async Task It_does_not_start_and_makes_no_other_key_and_with_its_own_the_meeting_goes_on()
    {
        await using var server = await PipelineServer.StartAsync();
        var noise = NoiseSource.Make(TimeSpan.FromMinutes(2), seed: 6);
        var meeting = await PlayedMeeting.BeginAsync(server, noise);
        await meeting.Began;
        await meeting.Meeting.UntilAsync(TimeSpan.FromSeconds(4));

        var killing = Now();
        await server.KillAsync();
        var killed = Now();
        Directory.Move(server.KeysFolder, server.KeysFolder + ".away");
        var (status, error) = await server.RunSecondAsync();
        Assert.Equal(1, status);
        Assert.Contains("holds no node.key", error);
        Assert.False(File.Exists(Path.Combine(server.KeysFolder, "node.key")));

        Directory.CreateDirectory(server.KeysFolder);
        await File.WriteAllTextAsync(Path.Combine(server.KeysFolder, "node.key"), new string('7', 64));
        (status, error) = await server.RunSecondAsync();
        Assert.Equal(1, status);
        Assert.Contains("is not the one", error);

        Directory.Delete(server.KeysFolder, recursive: true);
        Directory.Move(server.KeysFolder + ".away", server.KeysFolder);
        var starting = Now();
        await server.RestartAsync();
        meeting.NoteOutage(killing, killed, starting, Now());
        await meeting.Meeting.UntilAsync(meeting.Meeting.Now() + TimeSpan.FromSeconds(3));

        var recorded = await meeting.EndAsync();
        Assert.Equal("completed", recorded.Meeting.Status);
        var judged = new KilledMeeting(meeting, recorded, "keys", output);
        judged.AssertFiles();
        judged.AssertRustling();
    }

    private static TimeSpan Now() => DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch;
}
