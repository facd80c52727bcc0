using System.Collections.Concurrent;
using Pipeline.Transcribe.Captions;
using Pipeline.Transcribe.Speech;
using Xunit.Abstractions;

namespace Pipeline.Transcribe.Tests;

/// <summary>Ten minutes each of what is no speech, made with a seed, through detector, engine and filter as they are; then one sentence.</summary>
public sealed class NoiseTests(ITestOutputHelper output)
{
    private const int Seconds = 600;

    /// <summary>The detector hears all of it; of the stretches it takes for speech the engine hears each so many'th, as it has seconds and not minutes.</summary>
    private const int HeardOf = 12;

    private static readonly float[] Sentence = SpokenFixtures.Samples("utterance-04.wav");

    [Fact]
    public async Task Ten_minutes_of_silence_hum_keyboard_music_and_breath_have_no_word()
    {
        await using var recognizer = Engine.Start();
        await Task.WhenAll(new[] { "silence", "hum", "keyboard", "music", "breath" }.Select(kind => Task.Run(() => ListenAsync(recognizer, kind))));
        Assert.Equal(0, WordErrorRate.Of("Who is responsible for the release?", Assert.Single(await HearAsync(recognizer, Sentence)).Text).Errors);
    }

    private async Task ListenAsync(ISpeechRecognizer recognizer, string kind)
    {
        var sampled = new SampledRecognizer(recognizer);
        Assert.Empty(await HearAsync(sampled, Make(kind)));
        output.WriteLine($"{kind}: {sampled.Asked} stretches, {sampled.Heard} of them heard");
        if (kind is "keyboard" or "music" or "breath") Assert.True(sampled.Heard >= 5, "The detector let nothing through: this says nothing of the engine.");
    }

    private static async Task<IReadOnlyList<Caption>> HearAsync(ISpeechRecognizer recognizer, float[] sound)
    {
        var published = new ConcurrentQueue<Caption>();
        await using var captions = Engine.Captions(recognizer, published.Enqueue, new CaptionOptions { IsLate = true });
        captions.AddTrack(1);
        await captions.FeedAsync(1, sound);
        Assert.True(await captions.FinishAsync(Engine.Patience));
        return [.. published];
    }

    private static float[] Make(string kind) => kind switch
    {
        "silence" => Sounds.WhiteNoise(Seconds, -60, seed: 1),
        "hum" => Sounds.Hum(Seconds, -25).Plus(Sounds.WhiteNoise(Seconds, -58, seed: 2)),
        "keyboard" => Sounds.Keyboard(Seconds, -15, seed: 3).Plus(Sounds.WhiteNoise(Seconds, -60, seed: 4)),
        "music" => Sounds.Music(Seconds, -20, seed: 5).Plus(Sounds.WhiteNoise(Seconds, -60, seed: 6)),
        "breath" => Sounds.Breath(Seconds, -35, seed: 7).Plus(Sounds.WhiteNoise(Seconds, -60, seed: 8)),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Asks the engine for some of the jobs; of the others nothing is heard.</summary>
    private sealed class SampledRecognizer(ISpeechRecognizer engine) : ISpeechRecognizer
    {
        public int Asked { get; private set; }
        public int Heard { get; private set; }
        public RecognizerStatus Status => engine.Status;
        public event Action<RecognizerStatus>? StatusChanged { add => engine.StatusChanged += value; remove => engine.StatusChanged -= value; }
        public SpeechEngine? Engine => engine.Engine;

        public Task<RecognizeOutcome> RecognizeAsync(SpeechJob job, CancellationToken cancellationToken)
        {
            if (Asked++ % HeardOf != 0) return Task.FromResult<RecognizeOutcome>(new RecognizeOutcome.Recognized([], "en"));
            Heard++;
            return engine.RecognizeAsync(job, cancellationToken);
        }
    }
}
