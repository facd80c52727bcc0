using Pipeline.TestKit.Audio;

namespace Pipeline.Api.Tests.Replay;

/// <summary>What other tests judge recordings by is judged here.</summary>
public sealed class AudioOracleTests
{
    private const int Rate = 48_000;

    [Theory]
    [InlineData(0), InlineData(1), InlineData(31_337), InlineData(90_000)]
    public void Correlation_finds_a_snippet_at_another_level_in_noise(int offset)
    {
        float[] snippet = Noise(10_000, seed: 1, level: 1), signal = Noise(100_000, seed: 2, level: 0.05f);
        for (int n = 0; n < snippet.Length; n++) signal[offset + n] += 0.3f * snippet[n];
        var match = Correlation.Find(signal, snippet);
        Assert.Equal(offset, match.Offset);
        Assert.InRange(match.Peak, 0.95, 1);
        Assert.InRange(match.SecondPeak, -1, 0.6);
    }

    [Fact]
    public void Correlation_is_one_for_the_same_and_minus_one_for_the_opposite()
    {
        float[] sound = Noise(5_000, seed: 3, level: 0.5f);
        Assert.Equal(1, Correlation.Find(sound, sound).Peak, 9);
        Assert.Equal(-1, Correlation.Find(sound, Array.ConvertAll(sound, s => -s)).Peak, 9);
    }

    [Fact]
    public void Correlation_is_low_where_the_snippet_is_not() =>
        Assert.InRange(Correlation.Find(Noise(100_000, seed: 4, level: 1), Noise(10_000, seed: 5, level: 1)).Peak, 0, 0.1);

    [Fact]
    public void A_search_window_finds_the_occurrence_within_it()
    {
        float[] snippet = Noise(4_000, seed: 6, level: 1), signal = new float[60_000];
        foreach (int at in new[] { 10_000, 40_000 }) snippet.CopyTo(signal, at);
        Assert.Equal(10_000, Correlation.FindWithin(signal, snippet, 0, 20_000).Offset);
        Assert.Equal(40_000, Correlation.FindWithin(signal, snippet, 35_000, 80_000).Offset);
        Assert.Equal(1, Correlation.Find(signal, snippet).SecondPeak, 6);
        Assert.Throws<ArgumentException>(() => Correlation.FindWithin(signal, snippet, 59_000, 60_000));
    }

    [Theory]
    [InlineData(48_000, 1000), InlineData(16_000, 440), InlineData(44_100, 2500)]
    public void Beeps_are_found_where_they_were_made(int sampleRate, double frequencyHz)
    {
        TimeSpan[] starts = [TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(1234.5), TimeSpan.FromMilliseconds(2700)];
        float[] sound = Beeps.Make(sampleRate, TimeSpan.FromSeconds(3), starts, frequencyHz);
        var found = Beeps.Find(sound, sampleRate, frequencyHz);
        Assert.Equal(starts.Length, found.Count);
        for (int i = 0; i < starts.Length; i++) Assert.Equal(starts[i].TotalMilliseconds, found[i].TotalMilliseconds, 1.0);
    }

    [Fact]
    public void Beeps_of_one_speaker_are_told_from_those_of_another_and_from_noise()
    {
        var duration = TimeSpan.FromSeconds(4);
        float[] mix = Noise(4 * Rate, seed: 7, level: 0.05f);
        float[] first = Beeps.Make(Rate, duration, [TimeSpan.FromSeconds(1)], 800), second = Beeps.Make(Rate, duration, [TimeSpan.FromSeconds(1.1), TimeSpan.FromSeconds(3)], 1500);
        for (int n = 0; n < mix.Length; n++) mix[n] += first[n] + second[n];
        Assert.Equal(1.0, Assert.Single(Beeps.Find(mix, Rate, 800)).TotalSeconds, 0.002);
        Assert.Equal([1100, 3000], Beeps.Find(mix, Rate, 1500).Select(t => Math.Round(t.TotalMilliseconds / 5) * 5));
        Assert.Empty(Beeps.Find(Noise(Rate, seed: 8, level: 0.05f), Rate));
        Assert.Empty(Beeps.Find([], Rate));
    }

    [Fact]
    public async Task Ffmpeg_decodes_and_ffprobe_describes_a_file()
    {
        using var folder = new TemporaryFolder();
        float[] sound = Beeps.Make(16_000, TimeSpan.FromSeconds(2), [TimeSpan.FromSeconds(0.5)]);
        File.WriteAllBytes(folder["beep.wav"], CaptureBytes.Wav(16_000, 1, Array.ConvertAll(sound, s => (short)(s * 32767))));

        var file = await Ffprobe.ReadAsync(folder["beep.wav"]);
        Assert.Equal(("wav", 2.0), (file.Format, file.Duration.TotalSeconds));
        Assert.Equal(("pcm_s16le", 16_000, 1), (file.Audio.Codec, file.Audio.SampleRate, file.Audio.Channels));

        float[] decoded = await FfmpegDecode.ToFloatAsync(folder["beep.wav"], 48_000);
        Assert.Equal(96_000, decoded.Length);
        Assert.Equal(0.5, Assert.Single(Beeps.Find(decoded, 48_000)).TotalSeconds, 0.001);
        Assert.Equal(32_000, (await FfmpegDecode.ToInt16Async(folder["beep.wav"], 16_000)).Length);
    }

    [Fact]
    public async Task Ffmpeg_says_what_is_wrong_with_a_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["no.mp4"], "nothing");
        await Assert.ThrowsAsync<InvalidOperationException>(() => FfmpegDecode.ToFloatAsync(folder["no.mp4"]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Ffprobe.ReadAsync(folder["no.mp4"]));
    }

    private static float[] Noise(int samples, int seed, float level)
    {
        var random = new Random(seed);
        var noise = new float[samples];
        for (int n = 0; n < samples; n++) noise[n] = level * (2 * random.NextSingle() - 1);
        return noise;
    }
}
