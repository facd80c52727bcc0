using System.Text.Json;
using Pipeline.Ingest.Recording;

namespace Pipeline.Ingest.Tests.Recording;

public class WaveformTests
{
    private const int Pixel = Waveform.SamplesPerPixel;

    [Fact]
    public async Task The_file_is_what_audiowaveform_writes_as_version_2()
    {
        var file = await SaveAsync(Sound.Voice(5 * Pixel, seed: 1));

        Assert.Equal(["version", "channels", "sample_rate", "samples_per_pixel", "bits", "length", "data"], file.EnumerateObject().Select(m => m.Name));
        Assert.Equal([2, 1, 48000, 4800, 8, 5], file.EnumerateObject().Take(6).Select(m => m.Value.GetInt32()));
        Assert.Equal(10, Data(file).Length);
    }

    [Theory]
    [InlineData(0f, 0f, 0, 0)]
    [InlineData(-1f, 1f, -127, 127)]                                                 // 32767 is the loudest, either way
    [InlineData(-4f, 4f, -127, 127)]
    [InlineData(-0.5f, 0.25f, -64, 32)]
    [InlineData(-0.0077f, 0.0077f, 0, 0)]                                            // 256 of 32768 is the first that is seen
    [InlineData(-0.0079f, 0.0079f, -1, 1)]
    [InlineData(0.1f, 0.5f, 12, 64)]                                                 // never crosses zero
    public async Task A_pixel_is_the_least_and_the_greatest_sample_of_100_ms_in_8_bits(float least, float greatest, int low, int high)
    {
        var pcm = new float[2 * Pixel];
        pcm.AsSpan(0, Pixel).Fill(least);
        pcm[Pixel / 3] = greatest;

        Assert.Equal([low, high, 0, 0], Data(await SaveAsync(pcm)));
    }

    [Fact]
    public async Task Of_frames_of_any_size_it_is_the_same()
    {
        float[] pcm = Sound.Voice(100_001, seed: 3);
        var frames = new Waveform();
        var random = new Random(1);
        for (int at = 0; at < pcm.Length;)
        {
            int length = Math.Min(random.Next(0, 2 * Pixel), pcm.Length - at);
            frames.Write(pcm.AsSpan(at, length));
            at += length;
        }

        Assert.Equal(Data(await SaveAsync(pcm)), Data(await SaveAsync(frames)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(Pixel, 1)]
    [InlineData(Pixel + 1, 2)]
    [InlineData(4097 * Pixel + 7, 4098)]                                             // more than one block
    public async Task A_part_of_a_pixel_is_one(int samples, int pixels)
    {
        var pcm = new float[samples];
        pcm.AsSpan(samples / Pixel * Pixel).Fill(0.5f);

        var file = await SaveAsync(pcm);

        Assert.Equal(pixels, file.GetProperty("length").GetInt32());
        var data = Data(file);
        Assert.Equal(2 * pixels, data.Length);
        Assert.All(data[..(2 * (samples / Pixel))], value => Assert.Equal(0, value));
        Assert.All(data[(2 * (samples / Pixel))..], value => Assert.Equal(64, value));
    }

    private static Task<JsonElement> SaveAsync(float[] pcm)
    {
        var waveform = new Waveform();
        waveform.Write(pcm);
        return SaveAsync(waveform);
    }

    private static async Task<JsonElement> SaveAsync(Waveform waveform)
    {
        using var stream = new MemoryStream();
        await waveform.SaveAsync(stream, CancellationToken.None);
        return JsonElement.Parse(stream.ToArray());
    }

    private static int[] Data(JsonElement file) => [.. file.GetProperty("data").EnumerateArray().Select(v => v.GetInt32())];
}
