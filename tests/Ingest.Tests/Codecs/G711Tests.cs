using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Codecs;

public class G711Tests
{
    [Theory]
    [InlineData("mulaw")]
    [InlineData("alaw")]
    public async Task Every_octet_is_the_sample_that_ffmpeg_makes_of_it(string law)
    {
        byte[] octets = [.. Enumerable.Range(0, 256).Select(n => (byte)n)];

        var samples = MemoryMarshal.Cast<byte, short>(await Sound.ConvertAsync(octets, $"-f {law} -ar 8000", "-f s16le")).ToArray();

        float[] table = law == "mulaw" ? G711.MuLaw : G711.ALaw;
        Assert.Equal(samples.Select(s => (int)s), table.Select(s => (int)(32768 * s)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_loudest_and_the_quietest_octets_are_those_of_the_standard(bool mu)
    {
        float[] table = mu ? G711.MuLaw : G711.ALaw;
        Assert.Equal(mu ? 32124 : 32256, 32768 * table.Max());
        Assert.Equal(mu ? -32124 : -32256, 32768 * table.Min());
        Assert.Equal(mu ? 0 : 8, 32768 * table.Min(Math.Abs));
    }

    [Fact]
    public void Packets_are_as_long_as_they_have_octets_up_to_200_ms()
    {
        foreach (var codec in (AudioCodec[])[AudioCodec.Pcmu, AudioCodec.Pcma, AudioCodec.G722])
        {
            Assert.Equal(8000, codec.ClockRate);
            for (int octets = 0; octets <= 1600; octets++) Assert.Equal(6 * octets, codec.Duration(new byte[octets]));
            Assert.Equal(0, codec.Duration(new byte[1601]));
        }
    }

    [Fact]
    public async Task What_is_quiet_is_told_from_what_is_said()
    {
        float[] hum = [.. Enumerable.Range(0, 1600).Select(i => 0.002f * MathF.Sin(0.05f * i))];
        float[] voice = [.. Enumerable.Range(0, 1600).Select(i => 0.02f * MathF.Sin(0.05f * i))];
        foreach (string name in (string[])["pcmu", "pcma"])
        {
            var codec = AudioCodec.Find(name);
            Assert.True(codec.IsQuiet(codec.Comfort));
            Assert.InRange(codec.Duration(codec.Comfort), 1, 480);
            Assert.All(await Sound.EncodeWaveAsync(name, hum), packet => Assert.True(codec.IsQuiet(packet)));
            Assert.All(await Sound.EncodeWaveAsync(name, voice), packet => Assert.False(codec.IsQuiet(packet)));
        }
    }
}
