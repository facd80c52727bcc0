using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Tests.Media;

/// <summary>Whatever ended a run, each thing that was said gets one caption: none missing, none twice.</summary>
public sealed class CaptionRecoveryTests : IDisposable
{
    private readonly EngineNode node = new();

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task Captions_under_way_at_a_crash_are_made_once_and_only_once()
    {
        await node.WriteRunAsync(1, 0, 10, [1, 3, 5, 7]);
        var all = await node.ProcessAsync(12, []);
        Assert.Equal([1, 3, 5, 7], all.Select(c => Math.Round(c.Start.TotalSeconds)));

        var rest = await node.ProcessAsync(12, all.Take(2));

        Assert.Equal(all.Skip(2).Select(c => c.Text), rest.Select(c => c.Text));
        Assert.Equal([5, 7], rest.Select(c => Math.Round(c.Start.TotalSeconds)));
        Assert.Empty(await node.ProcessAsync(12, all));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_meeting_that_is_over_owes_is_made_from_its_journal_and_called_late()
    {
        await node.WriteRunAsync(1, 0, 10, [1, 3, 5]);
        var all = await node.ProcessAsync(12, []);
        node.Captions.Clear();

        Assert.True(await node.Engine.CaptionAsync(node.Job(run: 9, heard: all.Take(1)), TimeSpan.FromSeconds(12), node, default));

        Assert.Equal(all.Skip(1).Select(c => (c.Start, c.Text)), node.Captions.OrderBy(c => c.Start).Select(c => (c.Start, c.Text)));
        Assert.All(node.Captions, c => Assert.True(c.Late));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_crashed_run_left_is_made_though_the_next_was_captioned_before_it_crashed_too()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3, 5]);
        await node.WriteRunAsync(2, 10, 18, [11, 13, 15]);
        var all = await node.ProcessAsync(20, []);
        Assert.Equal([1, 3, 5, 11, 13, 15], all.Select(c => Math.Round(c.Start.TotalSeconds)));

        var rest = await node.ProcessAsync(20, [all[0], all[3], all[4]]);

        Assert.Equal([3, 5, 15], rest.Select(c => Math.Round(c.Start.TotalSeconds)));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_was_said_as_a_run_began_is_that_runs_though_it_lies_a_moment_before()
    {
        await node.WriteRunAsync(1, 0, 8, [1, 3]);
        await node.WriteRunAsync(2, 10.019, 14, [10]);                               // its first packet came at 10.005
        var all = await node.ProcessAsync(20, []);
        Assert.Equal([1, 3, 10], all.Select(c => Math.Round(c.Start.TotalSeconds)));
        Assert.True(all[2].Start < TimeSpan.FromSeconds(10.019));

        Assert.Empty(await node.ProcessAsync(20, all));
    }

    [Fact(Timeout = 60_000)]
    public async Task Speech_that_was_given_up_in_between_is_made_up_for_and_what_is_around_it_not_said_again()
    {
        await node.WriteRunAsync(1, 0, 10, [1, 3, 5, 7], new SpeechLost(1, 2_800_000, 4_400_000));
        var all = await node.ProcessAsync(12, []);

        var rest = await node.ProcessAsync(12, [all[0], all[2]]);

        Assert.Equal([3, 7], rest.Select(c => Math.Round(c.Start.TotalSeconds)));
        Assert.Empty(await node.ProcessAsync(12, all));                              // it was put off, and made before the meeting's end
    }

    [Fact(Timeout = 60_000)]
    public async Task A_long_span_that_was_made_up_for_in_part_goes_on_where_that_ended()
    {
        await node.WriteRunAsync(1, 0, 12, [1, 3, 5, 7, 9], new SpeechLost(1, 2_500_000, 8_500_000));
        var all = await node.ProcessAsync(14, []);

        var rest = await node.ProcessAsync(14, [all[0], all[1], all[4]]);

        Assert.Equal([5, 7], rest.Select(c => Math.Round(c.Start.TotalSeconds)));
    }
}
