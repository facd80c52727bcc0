using Pipeline.Actors.Media;

namespace Pipeline.Actors.Tests.Media;

/// <summary>What is left to hear of a meeting.</summary>
public sealed class LiveMixTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly EngineNode node = new(firstPort: 28000);

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task The_live_mix_becomes_the_mix_and_whoever_listens_hears_it_out()
    {
        var job = WithMix(run: 1);
        var media = await node.OpenAsync(job);
        Assert.False(node.Engine.FindLiveMix(node.Id)!.IsOver);
        await media.StopAsync(Second, default);
        var part = Assert.Single(node.Engine.FindLiveMix(node.Id)!.Parts);
        Assert.Equal((0, 48_000), (part.Fragments[0].Start, part.Fragments[^1].End));

        var done = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(job, Second, node, default));

        Assert.Equal([("mix", "aac", Second), ("waveform", "json", Second), ("waveform", "png", Second)], done.Files.Select(f => (f.Kind, f.Codec, f.Duration)));
        Assert.Equal([done.Files[0]], node.Early);
        Assert.Empty(LiveFiles());
        Assert.True(node.Engine.FindLiveMix(node.Id)!.IsOver);
        await using var bytes = part.OpenRead();
        Assert.Equal(part.Length, await ReadAsync(bytes));
        // What the encoder made was taken as it is: the mix has the same bytes of sound.
        Assert.Contains(Convert.ToHexString(await LastAsync(part.OpenRead(), 100)), Convert.ToHexString(node.Content(done.Files[0])));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_mix_that_was_told_of_is_not_made_again()
    {
        var media = await node.OpenAsync(WithMix(run: 1));
        await media.StopAsync(Second, default);

        var done = Assert.IsType<ProcessMediaResult.Done>(await node.Engine.ProcessAsync(WithMix(run: 2) with { MixIsReady = true }, Second, node, default));

        Assert.Equal(["waveform", "waveform"], done.Files.Select(f => f.Kind));
        Assert.Empty(node.Early);
    }

    [Fact(Timeout = 60_000)]
    public async Task After_a_crash_there_are_the_parts_of_both_runs_until_the_mix_is_made_of_the_journal()
    {
        var media = await node.OpenAsync(WithMix(run: 1));
        await media.StopAsync(Second, default);
        byte[] left = await File.ReadAllBytesAsync(Assert.Single(LiveFiles()));

        // Another process finds the file as a crash would have left it.
        using var next = new EngineNode(node, firstPort: 29000);
        Assert.Equal(["1-1"], next.Engine.FindLiveMix(node.Id)!.Parts.Select(p => p.Name));
        Assert.True(next.Engine.FindLiveMix(node.Id)!.IsOver);
        var again = await next.OpenAsync(WithMix(run: 2, age: 3 * Second));
        Assert.False(next.Engine.FindLiveMix(node.Id)!.IsOver);
        await again.StopAsync(5 * Second, default);

        var parts = next.Engine.FindLiveMix(node.Id)!.Parts;
        Assert.Equal(["1-1", "2-1"], parts.Select(p => p.Name));
        Assert.InRange(parts[1].Fragments[0].Start, 48_000, 5 * 48_000 - 1);       // the boot's clock went on
        Assert.Equal(5 * 48_000, parts[1].Fragments[^1].End);
        Assert.Equal(left, await File.ReadAllBytesAsync(LiveFiles().Order().First()));
        var done = Assert.IsType<ProcessMediaResult.Done>(await next.Engine.ProcessAsync(WithMix(run: 2), 5 * Second, next, default));
        Assert.Equal("mix", done.Files[0].Kind);
        Assert.Empty(LiveFiles());
    }

    [Fact(Timeout = 60_000)]
    public async Task Where_no_mix_is_wanted_there_is_none_to_hear()
    {
        var media = await node.OpenAsync(node.Job());
        Assert.Null(node.Engine.FindLiveMix(node.Id));
        await media.StopAsync(Second, default);
        Assert.Empty(LiveFiles());
    }

    private MediaJob WithMix(int run, TimeSpan age = default)
    {
        var job = node.Job(run, age);
        return job with { Spec = job.Spec with { Outputs = ["mix"] } };
    }

    private string[] LiveFiles() => Directory.GetFiles(node.Meeting.Path, "live-*");

    private static async Task<long> ReadAsync(Stream bytes)
    {
        using var copy = new MemoryStream();
        await bytes.CopyToAsync(copy);
        return copy.Length;
    }

    private static async Task<byte[]> LastAsync(Stream bytes, int count)
    {
        bytes.Position = bytes.Length - count;
        var last = new byte[count];
        await bytes.ReadExactlyAsync(last);
        await bytes.DisposeAsync();
        return last;
    }
}
