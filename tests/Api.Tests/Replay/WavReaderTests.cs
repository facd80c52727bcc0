using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class WavReaderTests
{
    [Fact]
    public void Gives_sixteen_bits_as_fractions_of_one()
    {
        var sound = WavReader.Read(CaptureBytes.Wav(16_000, 1, [0, 16384, -32768, 32767]));
        Assert.Equal(16_000, sound.SampleRate);
        Assert.Equal([0f, 0.5f, -1f, 32767 / 32768f], sound.Samples.ToArray());
    }

    [Fact]
    public void Mixes_stereo_to_mono() =>
        Assert.Equal([0.25f, -0.5f], WavReader.Read(CaptureBytes.Wav(48_000, 2, [0, 16384, -16384, -16384])).Samples.ToArray());

    [Fact]
    public void Passes_over_other_chunks()
    {
        byte[] wav = CaptureBytes.Wav(8_000, 1, [16384]);
        byte[] withList = [.. wav[..36], .. "LIST"u8, 3, 0, 0, 0, 1, 2, 3, 0, .. wav[36..]];
        Assert.Equal([0.5f], WavReader.Read(withList).Samples.ToArray());
    }

    [Fact]
    public void Takes_a_stream_whose_length_was_never_filled_in()
    {
        byte[] wav = CaptureBytes.Wav(8_000, 1, [16384, 0]);
        wav.AsSpan(40, 4).Fill(0xFF);
        Assert.Equal([0.5f, 0], WavReader.Read(wav).Samples.ToArray());
    }

    [Theory]
    [InlineData(20, 3, "not 16-bit PCM")]      // format: float
    [InlineData(34, 24, "not 16-bit PCM")]     // bits
    [InlineData(22, 6, "not 16-bit PCM")]      // channels
    [InlineData(25, 0, "sample rate")]         // 16000 Hz becomes 128
    public void Says_why_it_refuses(int at, byte value, string why)
    {
        byte[] wav = CaptureBytes.Wav(16_000, 1, [0]);
        wav[at] = value;
        Assert.Contains(why, Assert.Throws<ReplayException>(() => WavReader.Read(wav)).Message, StringComparison.Ordinal);
    }
}
