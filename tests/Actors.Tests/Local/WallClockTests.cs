using Pipeline.Actors.Meetings;
using Pipeline.Actors.Tests.Kit;

namespace Pipeline.Actors.Tests.Local;

/// <summary>The wall clock is set while meetings run: forward, as far as limits are, and back behind what has been.</summary>
public sealed class WallClockTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static TheoryData<int, bool> Steps => new() { { 5, false }, { -5, false }, { 5, true }, { -5, true } };

    [Theory(Timeout = 60_000), MemberData(nameof(Steps))]
    public async Task A_meeting_is_as_long_as_it_was_and_nothing_ends_it_early_or_late(int hours, bool restarted)
    {
        await using var node = await Node.StartAsync();
        var made = await node.CreateAsync(new MeetingSpec { MaxDuration = TimeSpan.FromHours(1) }, Tracks.Of("alice"));
        await SendAsync(node, made.Id, Minute);

        if (restarted) await node.StopAsync();
        node.Clock.StepWall(TimeSpan.FromHours(hours));
        if (restarted) await node.AgainAsync();
        await SendAsync(node, made.Id, Minute);
        Assert.Equal(MeetingStatus.Recording, (await node.FindAsync(made.Id)).Status);

        await node.Meetings.StopAsync(Node.Acme, made.Id, default);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        var ended = await node.FindAsync(made.Id);
        Assert.Equal((2 * Minute, made.StartedAt + 2 * Minute), (ended.Duration, ended.EndedAt));
        Assert.Equal(2 * Minute, Assert.Single(node.Engine.Processed).Duration);
        Assert.Equal(2 * Minute, node.Engine.Newest.StoppedAt);
        Assert.All(ended.History.Zip(ended.History.Skip(1)), pair => Assert.True(pair.First.At <= pair.Second.At));
    }

    [Fact(Timeout = 60_000)]
    public async Task The_longest_a_meeting_may_last_is_by_what_went_by()
    {
        await using var node = await Node.StartAsync();
        var made = await node.CreateAsync(new MeetingSpec { MaxDuration = 10 * Minute, IdleTimeout = TimeSpan.Zero });
        node.Clock.StepWall(TimeSpan.FromHours(-1));
        node.Clock.Advance(11 * Minute);
        await node.UntilAsync(made.Id, MeetingStatus.Completed);
        Assert.Equal("max_duration", (await node.FindAsync(made.Id)).Reason);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_tried_again_is_not_waited_for_because_the_clock_was_set_back()
    {
        await using var node = await Node.StartAsync();
        var made = await node.CreateAsync();
        await node.StopAsync();
        node.Engine.IsFull = true;
        await node.AgainAsync();                                                     // the first attempt has failed
        node.Clock.StepWall(TimeSpan.FromHours(-1));
        node.Engine.IsFull = false;
        int opened = node.Engine.Opened.Count;
        while (node.Engine.Opened.Count == opened)
        {
            node.Clock.Advance(TimeSpan.FromSeconds(1));
            await node.Meetings.QualityAsync(Node.Acme, made.Id, default);           // answered by its owner, who has taken the tick by then
        }
        Assert.True(node.Clock.GetElapsedTime(0) < Minute);
    }

    [Fact]
    public void After_a_reboot_there_is_only_the_wall_clock()
    {
        var start = new DateTimeOffset(2025, 3, 3, 9, 0, 0, TimeSpan.Zero);
        var announced = Meeting.Decide(
            new CreateMeeting(MeetingId.New(start), Node.Acme, new MeetingSpec(), [], CaptionsStatus.Off) { Moment = new BootMoment("this", 7 * Minute) }, start);
        var meeting = Meeting.Apply(announced);

        Assert.Equal(start + Minute, meeting.At(new BootMoment("this", 8 * Minute), start - Minute));
        Assert.Equal(start + 3 * Minute, meeting.At(new BootMoment("another", 8 * Minute), start + 3 * Minute));
    }

    /// <summary>Packets come all the time.</summary>
    private static async Task SendAsync(Node node, MeetingId id, TimeSpan length)
    {
        var began = node.Clock.GetElapsedTime(0);
        var step = TimeSpan.FromSeconds(1);
        for (var passed = step; passed <= length; passed += step)
        {
            node.Engine.Newest.Now = Snapshots.Of(MediaHealth.Flowing, began + passed, 1);
            node.Clock.Advance(step);
            await node.Meetings.QualityAsync(Node.Acme, id, default);                // answered by its owner, who has taken the tick by then
        }
        await node.UntilAsync(id, m => m.MediaHealth == MediaHealth.Flowing);
    }
}
