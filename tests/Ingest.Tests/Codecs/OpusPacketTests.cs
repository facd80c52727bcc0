using System.Runtime.InteropServices;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Codecs;

public unsafe partial class OpusPacketTests
{
    [Fact]
    public void Durations_are_those_libopus_reads()
    {
        Span<byte> packet = stackalloc byte[3];
        for (int toc = 0; toc < 256; toc++)
        {
            for (int count = 0; count < 256; count++)
            {
                for (int length = 1; length <= 3; length++)
                {
                    (packet[0], packet[1]) = ((byte)toc, (byte)count);
                    int expected;
                    fixed (byte* bytes = packet) expected = Math.Max(0, SamplesIn(bytes, length, 48000));
                    Assert.True(expected == OpusPacket.Duration(packet[..length]), $"{toc:x2} {count:x2}, {length} bytes: not {expected}");
                }
            }
        }
        Assert.Equal(0, OpusPacket.Duration([]));
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
            Assert.Equal(960, holed.DecodeFec(with[n + 1], copy, 960));
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

    [LibraryImport("libopus.so.0", EntryPoint = "opus_packet_get_nb_samples")]
    private static partial int SamplesIn(byte* packet, int length, int rate);
}
