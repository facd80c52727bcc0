using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

/// <summary>The disk is full, and has room again: the journal says so by its media's health, the archive by refusing what is to be stored.</summary>
public sealed class FullDiskTests
{
    [Fact(Timeout = 60_000)]
    public async Task It_is_told_of_though_the_archive_takes_nothing_and_is_in_the_ledger_afterwards()
    {
        await using var node = await Node.StartAsync();
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        await SeeAsync(node, made.Id, MediaHealth.Flowing);

        node.Store.Plan = _ => Fault.Fail;
        await SeeAsync(node, made.Id, MediaHealth.Failing);
        Assert.Equal(MediaHealth.Failing, (await node.FindAsync(made.Id)).MediaHealth);
        var listed = await node.Meetings.ListAsync(Node.Acme, new MeetingQuery(), default);
        Assert.Equal(MediaHealth.Failing, Assert.Single(listed.Meetings).MediaHealth);
        node.Engine.Newest.Say(1, 1, 2, "Meanwhile.");

        node.Store.Plan = _ => Fault.None;
        await SeeAsync(node, made.Id, MediaHealth.Flowing);
        Assert.Equal(MediaHealth.Flowing, (await node.FindAsync(made.Id)).MediaHealth);
        Assert.Equal(
            ["media.flowing", "recording.failing", "recording.restored"],
            (await node.LedgerAsync(made.Id)).Where(type => type.StartsWith("recording.", StringComparison.Ordinal) || type == "media.flowing").Distinct());
        Assert.Equal("Meanwhile.", Assert.Single((await node.Meetings.TranscriptAsync(Node.Acme, made.Id, default))!).Text);
    }

    [Fact(Timeout = 60_000)]
    public async Task No_meeting_begins_that_the_archive_would_not_know()
    {
        await using var node = await Node.StartAsync();
        node.Store.Plan = _ => Fault.Fail;
        await Assert.ThrowsAsync<IOException>(() => node.Meetings.CreateAsync(Node.Acme, new MeetingSpec(), [], default));
        Assert.False(node.Meetings.IsReady);
        Assert.Empty(node.Engine.Opened);

        node.Store.Plan = _ => Fault.None;
        await node.CreateAsync();
        Assert.True(node.Meetings.IsReady);
    }

    [Fact(Timeout = 60_000)]
    public async Task Files_for_which_there_is_no_room_are_made_when_there_is()
    {
        await using var node = await Node.StartAsync();
        var made = await node.CreateAsync(null, Tracks.Of("alice"));
        node.Engine.Result = _ => new ProcessMediaResult.Failed("storage_failed", "the disk is full", [], Snapshots.Of(MediaHealth.Flowing, null), CaptionsStatus.Live) { CanSucceedLater = true };
        await node.Meetings.StopAsync(Node.Acme, made.Id, default);
        while (node.Engine.Processed.Count < 3)
        {
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
        Assert.Equal(MeetingStatus.Processing, (await node.FindAsync(made.Id)).Status);

        node.Engine.Result = FakeMediaEngine.MixAndTracks;
        while ((await node.FindAsync(made.Id)).Status != MeetingStatus.Completed) node.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await node.Meetings.RecordingsAsync(Node.Acme, made.Id, default))!.Count);
    }

    /// <summary>Its owner has looked, and has stored it or not.</summary>
    private static async Task SeeAsync(Node node, MeetingId id, MediaHealth health)
    {
        node.Engine.Newest.Now = Snapshots.Of(health, TimeSpan.FromSeconds(1), 1);
        for (int look = 0; look < 3; look++)
        {
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            try { await node.Meetings.QualityAsync(Node.Acme, id, default); }
            catch (IOException) { /* What was heard meanwhile could not be stored. */ }
        }
    }
}
