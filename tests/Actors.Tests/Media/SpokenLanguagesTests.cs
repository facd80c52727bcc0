using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Media;

/// <summary>What the engine is told of a meeting's speech: whose language it is, what to translate to, which words to expect.</summary>
public sealed class SpokenLanguagesTests : IDisposable
{
    private readonly EngineNode node = new();

    public void Dispose() => node.Dispose();

    [Fact(Timeout = 60_000)]
    public async Task A_speakers_language_is_found_out_once_and_then_asked_for()
    {
        await node.WriteRunAsync(1, 0, 14, [1, 3, 5, 7, 9]);
        var captions = await node.ProcessAsync(14, []);
        Assert.All(captions, caption => Assert.Equal("en", caption.Language));
        Assert.Equal(["auto", "auto", "auto", "en", "en"], node.Recognizer.Jobs.Select(job => job.Language));
        Assert.All(node.Recognizer.Jobs, job => Assert.Null(job.Prompt));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_speaker_spoke_before_is_remembered_over_restarts()
    {
        await node.WriteRunAsync(1, 0, 10, [1, 3, 5]);
        HeardSpan[] heard = [Spoke(0.5, 0.6, "de"), Spoke(0.6, 0.7, "de")];                        // too little
        await node.Engine.CaptionAsync(node.Job(run: 9) with { Heard = heard }, TimeSpan.FromSeconds(10), node, default);
        Assert.Equal("auto", node.Recognizer.Jobs.First().Language);

        node.Recognizer.Jobs.Clear();
        var job = node.Job(run: 9) with { Heard = [Spoke(0, 4, "de"), Spoke(20, 23, "en")] };
        await node.Engine.RefineAsync(job, TimeSpan.FromSeconds(10), [], _ => true, default);
        Assert.All(node.Recognizer.Jobs, asked => Assert.Equal("de", asked.Language));
        Assert.Equal(3, node.Recognizer.Jobs.Count);
    }

    [Fact(Timeout = 60_000)]
    public async Task Translation_is_asked_for_and_its_captions_are_English_whatever_is_spoken()
    {
        node.Recognizer.Language = "de";
        await node.WriteRunAsync(1, 0, 6, [1, 3]);
        var job = node.Job(run: 9);
        job = job with { Spec = job.Spec with { TranslateTo = "en", Language = "de", Vocabulary = ["Kubernetes"] } };
        await node.Engine.CaptionAsync(job, TimeSpan.FromSeconds(6), node, default);
        Assert.All(node.Recognizer.Jobs, asked => Assert.Equal((true, "de", "Kubernetes, Alice."), (asked.Translate, asked.Language, asked.Prompt)));
        Assert.Equal(["en", "en"], node.Captions.Select(caption => caption.Language));
        Assert.Equal("en", SpokenLanguage.Of(job.Spec, []));
    }

    private static HeardSpan Spoke(double from, double to, string language) => new(1, TimeSpan.FromSeconds(from), TimeSpan.FromSeconds(to)) { Language = language };
}
