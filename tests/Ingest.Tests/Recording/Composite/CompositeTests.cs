using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Composite;
using Pipeline.Ingest.Tests.Journal;

namespace Pipeline.Ingest.Tests.Recording.Composite;

/// <summary>What is in the file is what a decoder sees, by colour: people are told apart by what their cameras show.</summary>
public class CompositeTests
{
    private static readonly (int, int, int) Red = (255, 0, 0), Green = (0, 128, 0), Blue = (0, 0, 255), Background = (0x17, 0x16, 0x14), White = (255, 255, 255);

    [Fact(Timeout = 180_000)]
    public async Task A_grid_shows_who_is_there_and_initials_of_who_sends_no_picture()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(8).Voice("alice", speaking: [(1, 3)]).Voice("bob", to: 5).Voice("carol", name: "Carol Danvers");
        await meeting.SeenAsync("alice", Colour("red"));
        await meeting.SeenAsync("bob", Colour("green", "240x180"), to: 5);
        await meeting.WriteAsync(journal);

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Grid, meeting));
        if (Environment.GetEnvironmentVariable("KEEP") is { } keep) File.Copy(file.Path, keep, true);

        var frames = await file.FramesAsync(1280, 720, 2.5, 4, 7);
        var three = Arrangement.Grid(3, 1280, 720);
        foreach (var frame in frames.Take(2))
        {
            Assert.True(frame.Is(three[0], Red));
            Assert.True(frame.Is(three[1], Green));
            Assert.InRange(frame.Share(three[2], (0x2B, 0x6C, 0x3D)), 0.05, 0.5);   // her circle, in the third colour
            Assert.InRange(frame.Share(three[2], White), 0.003, 0.1);               // and letters in it
        }
        var two = Arrangement.Grid(2, 1280, 720);
        Assert.True(frames[2].Is(two[0], Red));
        Assert.InRange(frames[2].Share(two[1], (0x2B, 0x6C, 0x3D)), 0.05, 0.5);
    }

    [Fact(Timeout = 180_000)]
    public async Task A_shared_screen_takes_over_and_stays_while_it_does_not_change()
    {
        using var journal = new JournalFolder();
        var meeting = new StagedMeeting(12).Voice("alice").Voice("bob");
        await meeting.SeenAsync("alice", Colour("red"));
        await meeting.SeenAsync("bob", Colour("blue", "160x120"), from: 3, to: 9, pictures: 4, kind: "screen");
        await meeting.WriteAsync(journal);

        using var file = await CompositeFile.MakeAsync(journal, meeting, CompositeFile.Request(RenderLayout.Screen, meeting));
        if (Environment.GetEnvironmentVariable("KEEP") is { } keep) File.Copy(file.Path, keep + ".screen.mp4", true);

        var frames = await file.FramesAsync(1280, 720, 1, 3.5, 8.5, 10);
        var (large, strip) = Arrangement.Beside(2, 1280, 720);
        var shown = Arrangement.Inside(large, 160, 120);
        foreach (var frame in frames.Skip(1).Take(2))
        {
            Assert.True(frame.Is(shown, Blue));
            Assert.True(frame.Is(strip[0], Red));
        }
        var grid = Arrangement.Grid(2, 1280, 720);
        Assert.True(frames[0].Is(grid[0], Red));
        Assert.True(frames[3].Is(grid[0], Red));
        Assert.True(Frame.Near(frames[0].At(2, 2), Background, 6), $"{frames[0].At(2, 2)}");
    }

    private static string Colour(string colour, string size = "320x180") => $"color={colour}:size={size}:rate=15";
}
