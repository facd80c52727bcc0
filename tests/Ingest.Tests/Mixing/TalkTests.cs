using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.Ingest.Streams;
using Xunit.Abstractions;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Mixing;

/// <summary>How long somebody was heard to speak.</summary>
public class TalkTests(ITestOutputHelper output)
{
    private const int Second = 48000;

    [Theory]
    [InlineData("orchard", "orchard-opus", "alice", 40000u)]
    [InlineData("orchard", "orchard-opus", "bob", 40010u)]
    [InlineData("orchard", "orchard-opus", "carol", 40020u)]
    [InlineData("release-review", "release-review-opus-vp8", "kevin", 30000u)]
    [InlineData("release-review", "release-review-opus-vp8", "laura", 30010u)]
    [InlineData("release-review", "release-review-opus-vp8", "martin", 30020u)]
    public void A_captured_speaker_talked_for_as_long_as_the_reference_says(string talk, string capture, string speaker, uint port)
    {
        using var reference = JsonDocument.Parse(File.ReadAllText(Fixtures.Capture(Path.Combine(talk, "talk.json"))));
        double said = reference.RootElement.GetProperty("people").GetProperty(speaker).GetProperty("segments").EnumerateArray()
            .Sum(s => s.GetProperty("end").GetDouble() - s.GetProperty("start").GetDouble());

        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null);
        pipeline.AddTrack(Track());
        var end = TimeSpan.Zero;
        foreach (var (at, to, datagram) in Capture.Read(capture + ".pcap").Where(d => d.Port == port))
        {
            pipeline.Receive(datagram, Loopback, at);
            pipeline.Advance(end = at);
        }
        pipeline.Finish(end + Ms(500));

        AssertTalked(said, pipeline.Tracks[0].Quality());
    }

    [Theory]
    [InlineData("laura", 22.87)]
    [InlineData("kevin", 13.45)]
    [InlineData("martin", 11.61)]
    public void So_did_a_speaker_of_clean_speech(string speaker, double said) => AssertTalked(said, Heard(Speech(speaker)));

    [Fact]
    public void And_one_in_a_noisy_room()
    {
        float[] speech = Speech("laura"), noise = Noise(speech.Length, 0.005f);
        AssertTalked(22.87, Heard([.. speech.Zip(noise, (s, n) => s + n)]));
    }

    [Fact]
    public void And_one_of_whom_the_network_lost_a_tenth()
    {
        var random = new Random(7);
        AssertTalked(22.87, Heard(Speech("laura"), sent: _ => random.NextDouble() > 0.1));
    }

    [Fact]
    public void Noise_and_hum_are_no_talk_however_loud_and_whenever_they_begin()
    {
        foreach (float level in new[] { 0.002f, 0.02f, 0.2f })
        {
            Assert.Equal(TimeSpan.Zero, Heard(Noise(20 * Second, level)).Talked);
            Assert.Equal(TimeSpan.Zero, Heard(Hum(20 * Second, level)).Talked);
            Assert.Equal(TimeSpan.Zero, Heard([.. new float[7 * Second + 300], .. Hum(5 * Second, level), .. new float[3 * Second]]).Talked);
            Assert.Equal(TimeSpan.Zero, Heard([.. new float[7 * Second + 300], .. Noise(5 * Second, level), .. new float[3 * Second]]).Talked);
        }
    }

    [Fact]
    public void Nor_is_a_noise_of_which_the_network_lost_a_part() =>
        Assert.Equal(TimeSpan.Zero, Heard(Noise(20 * Second, 0.02f), sent: n => n % 40 >= 8).Talked);

    [Fact]
    public void Pauses_between_words_count_and_long_ones_do_not()
    {
        float[] word = Sound.Voice(Second / 2 * 3 / 5, seed: 1), sentence = [.. word, .. new float[Second / 5], .. word, .. new float[Second / 5], .. word];
        var talked = Heard([.. new float[Second], .. sentence, .. new float[3 * Second], .. sentence, .. new float[Second]]).Talked;

        Assert.InRange(talked.TotalSeconds, 2 * 1.1, 2 * 1.35);
    }

    [Fact]
    public void Nobody_talks_while_the_meeting_is_paused()
    {
        var voice = Sound.Voice(10 * Second, seed: 2);

        var whole = Heard(voice);
        var paused = Heard(voice, pause: (Ms(3000), Ms(7000)));

        Assert.InRange(whole.Talked.TotalSeconds, 9.5, 10.1);
        Assert.InRange((whole.Talked - paused.Talked).TotalSeconds, 3.9, 4.3);
    }

    [Fact]
    public void What_was_heard_in_several_runs_adds_up()
    {
        var quality = new TrackQuality { Talked = Ms(1200) }.Then(new TrackQuality { Talked = Ms(800) });

        Assert.Equal(Ms(2000), quality.Talked);
    }

    private void AssertTalked(double said, TrackQuality quality)
    {
        output.WriteLine($"{quality.Talked.TotalSeconds:0.00} s of {said:0.00} s");
        Assert.InRange(quality.Talked.TotalSeconds, 0.9 * said, 1.1 * said);
    }

    private static TrackQuality Heard(float[] pcm, Func<int, bool>? sent = null, (TimeSpan From, TimeSpan To)? pause = null)
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null);
        pipeline.AddTrack(Track());
        var packets = Sound.Encode(pcm, expectedLossPercent: 0);
        for (int n = 0; n < packets.Count; n++)
        {
            var at = Ms(20 * n);
            if (at == pause?.From) pipeline.Pause(at);
            if (at == pause?.To) pipeline.Resume(at);
            if (sent?.Invoke(n) ?? true) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), packets[n]), Loopback, at);
            pipeline.Advance(at);
        }
        pipeline.Finish(Ms(20 * packets.Count));
        return pipeline.Tracks[0].Quality();
    }

    private static float[] Speech(string speaker)
    {
        var wav = WavFile.Read(Fixtures.Speech($"release-review-{speaker}.wav"));
        return Resampler.Resample(wav.Samples, wav.SampleRate, Second);
    }

    private static float[] Noise(int length, float level)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, length).Select(_ => level * (float)(random.NextDouble() * 2 - 1))];
    }

    private static float[] Hum(int length, float level) =>
        [.. Enumerable.Range(0, length).Select(i => level * (float)(Math.Sin(2 * Math.PI * 50 * i / Second) + 0.3 * Math.Sin(2 * Math.PI * 150 * i / Second)))];
}
