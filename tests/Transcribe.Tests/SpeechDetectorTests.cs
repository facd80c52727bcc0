using Pipeline.Transcribe.Speech;

namespace Pipeline.Transcribe.Tests;

public sealed class SpeechDetectorTests
{
    private const int Frame = SpeechDetector.FrameLength;

    [Theory]
    [InlineData("digital silence")]
    [InlineData("white noise at −60 dBFS")]
    [InlineData("white noise at −40 dBFS")]
    [InlineData("white noise at −30 dBFS")]
    [InlineData("mains hum at −30 dBFS")]
    [InlineData("loud mains hum with noise")]
    [InlineData("a fan that starts after five seconds")]
    [InlineData("noise that comes and goes")]
    public void Hears_no_speech_where_nobody_speaks(string sound) => Assert.Empty(Detect(sound switch
    {
        "digital silence" => Sounds.Silence(20),
        "white noise at −60 dBFS" => Sounds.WhiteNoise(20, -60, seed: 1),
        "white noise at −40 dBFS" => Sounds.WhiteNoise(20, -40, seed: 2),
        "white noise at −30 dBFS" => Sounds.WhiteNoise(20, -30, seed: 3),
        "mains hum at −30 dBFS" => Sounds.Hum(20, -30),
        "loud mains hum with noise" => Sounds.Hum(20, -15).Plus(Sounds.WhiteNoise(20, -50, seed: 4)),
        "a fan that starts after five seconds" => [.. Sounds.Silence(5), .. Sounds.WhiteNoise(20, -40, seed: 5)],
        "noise that comes and goes" => [.. Sounds.WhiteNoise(7, -40, seed: 6), .. Sounds.Silence(7), .. Sounds.WhiteNoise(7, -40, seed: 7)],
        _ => throw new ArgumentOutOfRangeException(nameof(sound)),
    }));

    [Fact]
    public void Hears_every_sentence_of_a_meeting_where_it_is()
    {
        // The reference counts the breath which the synthesised voices have around each sentence as part of it: up to half a second at its end.
        const double startSlack = 0.25, endSlack = 0.5;
        foreach (var spoken in SpokenFixtures.ReleaseReview())
        {
            var heard = Detect(SpokenFixtures.Samples(spoken.File));
            foreach (var sentence in spoken.Segments)
                Assert.True(heard.Any(h => h.Start <= sentence.Start + startSlack && h.End >= sentence.End - endSlack),
                    $"{spoken.File}: {sentence} in {string.Join(", ", heard)}");
            foreach (var (start, end, _) in heard)
            {
                Assert.Contains(spoken.Segments, sentence => Math.Abs(sentence.Start - start) < startSlack);
                Assert.Contains(spoken.Segments, sentence => Math.Abs(sentence.End - end) < endSlack);
            }
        }
    }

    [Theory]
    [InlineData(-55)]
    [InlineData(-45)]
    public void Hears_the_same_number_of_utterances_over_steady_noise(double level)
    {
        foreach (var spoken in SpokenFixtures.Utterances())
        {
            float[] speech = [.. Sounds.Silence(2.5), .. SpokenFixtures.Samples(spoken.File), .. Sounds.Silence(1)];
            Assert.Single(Detect(speech.Plus(Sounds.WhiteNoise(speech.Length / 16_000.0, level, seed: 8))));
        }
    }

    [Fact]
    public void Speech_from_the_very_first_sample_is_heard()
    {
        float[] speech = SpokenFixtures.Samples("utterance-01.wav")[4000..];             // its first word begins here
        Assert.Single(Detect(speech));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(9)]
    public void An_utterance_is_not_cut_before_what_is_promised_of_it(int seconds)
    {
        float[] talk = Sounds.WhiteNoise(12, -8, seed: 1);                               // louder than any noise floor, and without a dip
        var detector = new SpeechDetector();
        for (int at = 0; at + Frame <= talk.Length; at += Frame)
        {
            detector.KeepUntil(seconds * SpeechDetector.SampleRate);
            if (!detector.TryPush(at, talk.AsSpan(at, Frame), out var utterance)) continue;
            using (utterance) Assert.InRange(utterance.EndSample, seconds * SpeechDetector.SampleRate, 10 * SpeechDetector.SampleRate);
            Assert.Equal((1, 2), (utterance.Number, detector.Number));
            return;
        }
        Assert.Fail("It was never cut.");
    }

    [Fact]
    public void An_open_utterance_can_be_looked_at_and_goes_on()
    {
        float[] speech = SpokenFixtures.Samples("utterance-01.wav");
        var detector = new SpeechDetector();
        Utterance? before = null;
        TimeSpan spoken = default;
        for (int at = 0; at + Frame <= speech.Length; at += Frame)
        {
            bool ended = detector.TryPush(at, speech.AsSpan(at, Frame), out var utterance);
            if (ended)
            {
                Assert.True(before is not null && before.FirstSample == utterance!.FirstSample && before.Number == utterance.Number);
                return;
            }
            if (detector.Peek() is not { } now) continue;
            Assert.True(now.EndSample > (before?.EndSample ?? 0) && detector.OpenSpeech >= spoken);
            (before, spoken) = (now, detector.OpenSpeech);
            now.Dispose();
        }
        Assert.True(detector.TryFlush(out var last) && before is not null && last.FirstSample == before.FirstSample);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Endless_talk_is_cut_into_jobs_that_fit_and_no_sample_is_lost_or_sent_twice(int seed)
    {
        float[] talk = Sounds.EndlessTalk(60, seed);
        var utterances = new List<(long First, long End)>();
        var samples = new List<float>();
        Run(talk, 0, utterance =>
        {
            utterances.Add((utterance.FirstSample, utterance.EndSample));
            samples.AddRange(utterance.Samples.Span);
        });
        Assert.InRange(utterances.Count, 6, 20);
        // The last is what was left over when the sound ended.
        Assert.All(utterances.SkipLast(1), utterance => Assert.InRange(utterance.End - utterance.First, 3 * 16_000, 96 * 1600));
        for (int n = 1; n < utterances.Count; n++) Assert.Equal(utterances[n - 1].End, utterances[n].First);
        Assert.True(samples.SequenceEqual(talk.Take(samples.Count)));
    }

    [Fact]
    public void A_gap_ends_the_utterance_and_the_next_has_its_place_after_it()
    {
        float[] speech = SpokenFixtures.Samples("utterance-04.wav");
        var detector = new SpeechDetector();
        var starts = new List<double>();
        void Keep(Utterance utterance) { starts.Add(utterance.SpeechStart / 16_000.0); utterance.Dispose(); }

        Feed(detector, speech, 0, Keep);
        Feed(detector, speech, 3600L * 16_000, Keep);             // an hour later
        if (detector.TryFlush(out var last)) Keep(last);

        Assert.Equal(2, starts.Count);
        Assert.InRange(starts[0], 0.15, 0.40);
        Assert.InRange(starts[1], 3600.15, 3600.40);
    }

    [Fact]
    public void Frames_cost_no_memory()
    {
        var detector = new SpeechDetector();
        float[] noise = Sounds.WhiteNoise(60, -50, seed: 9);
        Feed(detector, noise, 0, _ => { });
        long before = GC.GetAllocatedBytesForCurrentThread();
        Feed(detector, noise, noise.Length, null!);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void What_is_nearly_too_short_is_no_speech()
    {
        float[] click = Sounds.Silence(3);
        Sounds.WhiteNoise(0.15, -15, seed: 10).CopyTo(click, 16_000);
        Assert.Empty(Detect(click));
    }

    private static List<(double Start, double End, float Level)> Detect(float[] samples)
    {
        var heard = new List<(double, double, float)>();
        Run(samples, 0, utterance => heard.Add((utterance.SpeechStart / 16_000.0, utterance.SpeechEnd / 16_000.0, utterance.Level)));
        return heard;
    }

    private static void Run(float[] samples, long first, Action<Utterance> ended)
    {
        var detector = new SpeechDetector();
        Feed(detector, samples, first, ended);
        if (!detector.TryFlush(out var last)) return;
        ended(last);
        last.Dispose();
    }

    private static void Feed(SpeechDetector detector, float[] samples, long first, Action<Utterance> ended)
    {
        for (int at = 0; at + Frame <= samples.Length; at += Frame)
        {
            if (!detector.TryPush(first + at, samples.AsSpan(at, Frame), out var utterance)) continue;
            ended(utterance);
            utterance.Dispose();
        }
    }
}
