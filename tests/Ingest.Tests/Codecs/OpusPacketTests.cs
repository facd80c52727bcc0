using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Codecs;

public unsafe partial class OpusPacketTests
{
    [Fact]
    public void Durations_are_those_of_the_table()
    {
        double[] silk = [10, 20, 40, 60], hybrid = [10, 20], celt = [2.5, 5, 10, 20];   // ms; RFC 6716 §3.1, table 2
        double[] table = [.. silk, .. silk, .. silk, .. hybrid, .. hybrid, .. celt, .. celt, .. celt, .. celt];
        Assert.Equal(32, table.Length);
        for (int config = 0; config < 32; config++)
        {
            for (int stereo = 0; stereo < 2; stereo++)
            {
                byte toc = (byte)(config << 3 | stereo << 2);
                int frame = (int)(48 * table[config]);
                Assert.Equal(frame, OpusPacket.Duration([toc]));                     // DTX: a frame of nothing
                Assert.Equal(frame, OpusPacket.Duration([toc, 1, 2, 3]));
                Assert.Equal(2 * frame, OpusPacket.Duration([(byte)(toc | 1), 1, 2, 3, 4]));
                Assert.Equal(2 * frame, OpusPacket.Duration([(byte)(toc | 2), 1, 2, 3, 4]));
                for (int count = 1; count <= 48; count++)
                {
                    int expected = count * frame <= OpusPacket.MaxDuration ? count * frame : 0;
                    Assert.Equal(expected, OpusPacket.Duration([(byte)(toc | 3), (byte)count, .. new byte[2 * count]]));
                    Assert.Equal(expected, OpusPacket.Duration([(byte)(toc | 3), (byte)(0xC0 | count), 3, .. new byte[count], .. new byte[3]]));
                }
            }
        }
    }

    [Fact]
    public void Packets_are_taken_where_libopus_takes_them()
    {
        Assert.Equal(0, OpusPacket.Duration([]));
        Span<byte> small = stackalloc byte[4];
        for (int code = 0; code < 4; code++)
        {
            for (int rest = 0; rest < 1 << 16; rest++)
            {
                (small[0], small[1], small[2], small[3]) = ((byte)(0x08 | code), (byte)rest, (byte)(rest >> 8), 1);
                for (int length = 1; length <= 4; length++) AssertAsLibopus(small[..length], $"{Convert.ToHexString(small[..length])}");
            }
        }
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var packet = new byte[seed % 4 == 0 ? random.Next(1, 4000) : random.Next(1, 40)];
            if (seed % 2 == 0) random.NextBytes(packet);
            packet[0] = (byte)random.Next(256);
            if (packet.Length > 1) packet[1] = (byte)random.Next(256);
            if (packet.Length > 3) (packet[2], packet[3]) = ((byte)random.Next(256), (byte)random.Next(256));
            AssertAsLibopus(packet, $"seed {seed}");
        }
    }

    private static void AssertAsLibopus(ReadOnlySpan<byte> packet, string what)
    {
        short* sizes = stackalloc short[48];
        int frames, samples;
        fixed (byte* bytes = packet)
        {
            frames = Parse(bytes, packet.Length, null, null, sizes, null);
            samples = SamplesIn(bytes, packet.Length, 48000);
        }
        int expected = frames > 0 ? samples : 0;
        Assert.True(expected == OpusPacket.Duration(packet), $"{what}: {OpusPacket.Duration(packet)} samples and not {expected}");
    }

    [Fact]
    public void The_FEC_flag_is_set_when_the_encoder_sends_it_and_the_copy_sounds_like_the_original()
    {
        float[] voice = Sound.Voice(48000 * 4, seed: 3);
        var with = Sound.Encode(voice, expectedLossPercent: 20);
        var without = Sound.Encode(voice, expectedLossPercent: 0);

        Assert.DoesNotContain(without, p => OpusPacket.HasInbandFec(p));
        Assert.True(with.Count(p => OpusPacket.HasInbandFec(p)) > with.Count / 2, $"{with.Count(p => OpusPacket.HasInbandFec(p))} of {with.Count}");

        var correlations = new List<double>();
        var copy = new float[960];
        for (int n = 20; n < with.Count - 1; n += 7)
        {
            if (!OpusPacket.HasInbandFec(with[n + 1])) continue;
            using var whole = new OpusDecoder(48000);
            using var holed = new OpusDecoder(48000);
            var original = new float[OpusPacket.MaxDuration];
            for (int i = 0; i < n; i++) { whole.Decode(with[i], original); holed.Decode(with[i], original); }
            whole.Decode(with[n], original);
            Assert.Equal(960, holed.DecodeCopy(with[n + 1], copy, 960));
            Assert.True(Sound.Rms(copy) > 0.2 * Sound.Rms(original.AsSpan(0, 960)), $"packet {n}: the copy is silent");
            correlations.Add(Sound.Correlation(copy, original.AsSpan(0, 960)));
        }
        Assert.True(correlations.Order().ElementAt(correlations.Count / 2) > 0.9, $"median correlation {correlations.Order().ElementAt(correlations.Count / 2):0.00}");
    }

    [Theory]
    [InlineData(new byte[] { 0x08, 0x40 }, true)]                   // SILK 20 ms: one voice flag, then LBRR
    [InlineData(new byte[] { 0x08, 0x80 }, false)]
    [InlineData(new byte[] { 0x10, 0x20 }, true)]                   // 40 ms: two voice flags
    [InlineData(new byte[] { 0x18, 0x10 }, true)]                   // 60 ms: three
    [InlineData(new byte[] { 0x78, 0x40 }, true)]                   // hybrid
    [InlineData(new byte[] { 0x0A, 1, 0x40, 0 }, true)]             // two frames of different length
    [InlineData(new byte[] { 0x0A, 252, 0, 0x40, 0 }, true)]        // … with a length of two bytes
    [InlineData(new byte[] { 0xF8, 0x40 }, false)]                  // CELT has none
    [InlineData(new byte[] { 0x08 }, false)]
    [InlineData(new byte[] { 0x0A, 252 }, false)]
    public void The_FEC_flag_is_read_behind_the_voice_flags(byte[] packet, bool fec) => Assert.Equal(fec, OpusPacket.HasInbandFec(packet));

    [Fact]
    public void No_bytes_make_the_readers_or_the_decoder_throw()
    {
        using var decoder = new OpusDecoder(48000);
        var pcm = new float[OpusPacket.MaxDuration];
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var packet = new byte[random.Next(1, 40)];
            random.NextBytes(packet);
            _ = OpusPacket.HasInbandFec(packet);
            int decoded = decoder.Decode(packet, pcm);
            Assert.True(decoded == 0 || decoded == OpusPacket.Duration(packet), $"seed {seed}: {decoded} samples of {OpusPacket.Duration(packet)}");
        }
    }

    /// <returns>Frames, or a negative error.</returns>
    [LibraryImport("libopus.so.0", EntryPoint = "opus_packet_parse")]
    private static partial int Parse(byte* packet, int length, byte* toc, byte** frames, short* sizes, int* payloadOffset);
    [LibraryImport("libopus.so.0", EntryPoint = "opus_packet_get_nb_samples")]
    private static partial int SamplesIn(byte* packet, int length, int rate);
}
