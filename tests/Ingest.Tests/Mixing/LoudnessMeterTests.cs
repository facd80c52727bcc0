using System.Runtime.InteropServices;
using Pipeline.Ingest.Mixing;
using Pipeline.TestKit.Audio;

namespace Pipeline.Ingest.Tests.Mixing;

public class LoudnessMeterTests
{
    [Theory]
    [InlineData(997, 0, -3.01)]                                                      // EBU Tech 3341: a sine of 997 Hz at full scale, in one channel
    [InlineData(997, -20, -23.01)]
    [InlineData(997, -60, -63.01)]
    public void A_sine_is_as_loud_as_the_standard_says(double hertz, double dbfs, double lufs)
    {
        var meter = new LoudnessMeter();
        Write(meter, Sine(hertz, dbfs, seconds: 20), piece: 960);
        Assert.Equal(lufs, meter.Integrated!.Value, tolerance: 0.05);
    }

    [Fact]
    public void Pauses_do_not_count()
    {
        var meter = new LoudnessMeter();
        for (int n = 0; n < 4; n++)
        {
            Write(meter, Sine(997, -23, seconds: 10), piece: 960);
            Write(meter, Sine(997, -45, seconds: 20), piece: 960);
            Write(meter, new float[20 * 48000], piece: 960);
        }
        Assert.Equal(-26.0, meter.Integrated!.Value, tolerance: 0.2);
    }

    [Fact]
    public void Silence_and_what_is_shorter_than_a_block_have_no_loudness()
    {
        var meter = new LoudnessMeter();
        Assert.Null(meter.Integrated);
        Write(meter, new float[48000], piece: 960);
        Write(meter, Sine(997, -80, seconds: 2), piece: 960);
        Assert.Null(meter.Integrated);

        var brief = new LoudnessMeter();
        Write(brief, Sine(997, -10, seconds: 0.39), piece: 960);
        Assert.Null(brief.Integrated);
    }

    [Fact]
    public async Task Speech_is_as_loud_as_FFmpeg_says_however_it_is_cut()
    {
        using var folder = new TemporaryFolder();
        float[] voice = [.. Sound.Voice(30 * 48000, seed: 1), .. Sound.Voice(20 * 48000, seed: 2, amplitude: 0.02f), .. new float[5 * 48000], .. Sound.Voice(7 * 48000 + 321, seed: 3, amplitude: 0.4f)];
        await File.WriteAllBytesAsync(folder["voice.f32"], MemoryMarshal.AsBytes<float>(voice).ToArray());
        await Tool.RunAsync("ffmpeg", ["-v", "error", "-f", "f32le", "-ar", "48000", "-ac", "1", "-i", folder["voice.f32"], "-c:a", "pcm_f32le", folder["voice.wav"]], default);
        double expected = (await Ebur128.MeasureAsync(folder["voice.wav"])).Integrated;

        foreach (int piece in new[] { 960, 4800, 4801, 17, voice.Length })
        {
            var meter = new LoudnessMeter();
            Write(meter, voice, piece);
            Assert.Equal(expected, meter.Integrated!.Value, tolerance: 0.1);
        }
    }

    private static void Write(LoudnessMeter meter, ReadOnlySpan<float> pcm, int piece)
    {
        for (; !pcm.IsEmpty; pcm = pcm[Math.Min(piece, pcm.Length)..]) meter.Write(pcm[..Math.Min(piece, pcm.Length)]);
    }

    private static float[] Sine(double hertz, double dbfs, double seconds)
    {
        var pcm = new float[(int)(seconds * 48000)];
        double amplitude = Math.Pow(10, dbfs / 20);
        for (int i = 0; i < pcm.Length; i++) pcm[i] = (float)(amplitude * Math.Sin(2 * Math.PI * hertz * i / 48000));
        return pcm;
    }
}
