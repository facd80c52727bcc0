using Pipeline.Actors.Media;

namespace Pipeline.Actors.Tests.Media;

/// <summary>The second pass from a journal: what of it is recognised, and how long its utterances are.</summary>
public sealed class RefiningTests : IDisposable
{
    private readonly EngineNode node = new();

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task Only_utterances_that_are_wanted_are_recognised_and_each_as_well_as_can_be()
    {
        await node.WriteRunAsync(1, 0, 10, [1, 3, 5, 7]);
        var heard = await RefineAsync(10, [], span => span.Start > TimeSpan.FromSeconds(2) && span.Start < TimeSpan.FromSeconds(6));
        Assert.Equal([3, 5], heard.Captions.Select(c => Math.Round(c.Start.TotalSeconds)));
        Assert.Equal([3, 5], heard.Asked.Select(a => Math.Round(a.Start.TotalSeconds)));
        Assert.Equal([true, true], node.Recognizer.Jobs.Select(job => job.IsThorough && job.IsBackground));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_nobody_paused_in_is_one_utterance_and_what_is_left_apart_is_silence()
    {
        double[] long20 = [.. Enumerable.Range(1, 20).Select(s => (double)s)];       // from 1 to 21 s without a breath
        await node.WriteRunAsync(1, 0, 24, long20);
        Assert.InRange(Assert.Single((await RefineAsync(24, [], _ => true)).Asked).End.TotalSeconds, 20.8, 21.3);

        node.Recognizer.Asked.Clear();
        var around = await RefineAsync(24, [new HeardSpan(1, TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(12))], _ => true);
        Assert.Equal([1, 12], around.Asked.Select(a => Math.Round(a.Start.TotalSeconds)));
        Assert.Equal([8, 21], around.Asked.Select(a => Math.Round(a.End.TotalSeconds)));
        Assert.All(node.Recognizer.Asked, seconds => Assert.True(seconds < 11));
    }

    private async Task<RefinedSpeech> RefineAsync(double duration, IReadOnlyList<HeardSpan> apart, Func<HeardSpan, bool> isWanted) =>
        (await node.Engine.RefineAsync(node.Job(run: 9), TimeSpan.FromSeconds(duration), apart, isWanted, default))!;
}
