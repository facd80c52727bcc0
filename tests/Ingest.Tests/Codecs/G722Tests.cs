using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Codecs;

public class G722Tests
{
    private const int Rate = 16000;

    [Fact]
    public async Task What_ffmpeg_encodes_is_decoded_as_ffmpeg_decodes_it()
    {
        float[] voice = Voice();
        var packets = await Sound.EncodeWaveAsync("g722", voice);
        byte[] stream = [.. packets.SelectMany(p => p)];

        var theirs = MemoryMarshal.Cast<byte, short>(await Sound.ConvertAsync(stream, "-f g722", "-f s16le")).ToArray();

        using var decoder = new G722Decoder();
        var ours = new List<int>();
        var pcm = new float[400];
        foreach (byte[] packet in packets) ours.AddRange(pcm[..decoder.Decode(packet, pcm)].Select(s => (int)(32768 * s)));
        Assert.Equal(theirs.Length, ours.Count);
        double noise = Math.Sqrt(ours.Zip(theirs, (a, b) => Math.Pow(a - b, 2)).Average());
        Assert.True(noise <= 1, $"{noise:0.00} of 32768");
    }

    [Fact]
    public async Task The_sound_lies_where_the_decoder_says()
    {
        float[] chirps = Every(3, Sound.Chirps(48000, [12_000, 30_000]));
        using var decoder = AudioCodec.G722.CreateDecoder(Rate);
        var heard = new List<float>();
        var pcm = new float[AudioCodec.MaxDuration / 3];
        foreach (byte[] packet in await Sound.EncodeWaveAsync("g722", chirps)) heard.AddRange(pcm[..decoder.Decode(packet, pcm)]);

        int delay = decoder.Delay / 3;
        double best = 0;
        int at = -1;
        for (int lag = 0; lag < 60; lag++)
        {
            double c = Sound.Correlation(CollectionsMarshal.AsSpan(heard)[lag..(15_000 + lag)], chirps.AsSpan(0, 15_000));
            if (c > best) (best, at) = (c, lag);
        }
        Assert.True(best > 0.98, $"{best:0.000}");
        Assert.Equal(delay, at);
    }

    [Fact]
    public void No_octets_make_the_decoder_fail()
    {
        using var decoder = new G722Decoder();
        var pcm = new float[3200];
        for (int seed = 0; seed < 300; seed++)
        {
            var octets = new byte[seed * 1600 / 299];
            new Random(seed).NextBytes(octets);
            Assert.Equal(2 * octets.Length, decoder.Decode(octets, pcm));
            Assert.All(pcm, sample => Assert.InRange(sample, -1, 1));
        }
    }

    [Fact]
    public async Task After_a_reset_it_is_as_new()
    {
        var packets = await Sound.EncodeWaveAsync("g722", Voice());
        using var used = new G722Decoder();
        using var fresh = new G722Decoder();
        float[] one = new float[320], two = new float[320];
        foreach (byte[] packet in packets.Skip(20)) used.Decode(packet, one);
        used.Reset();
        foreach (byte[] packet in packets)
        {
            used.Decode(packet, one);
            fresh.Decode(packet, two);
            Assert.Equal(two, one);
        }
    }

    private static float[] Voice() => Every(3, Sound.Voice(3 * 48000, seed: 4));

    private static float[] Every(int n, float[] pcm) => [.. pcm.Where((_, i) => i % n == 0)];
}
