using Pipeline.Ingest.Repair;

namespace Pipeline.Ingest.Tests.Repair;

public class RedPacketTests
{
    [Fact]
    public void Reads_the_example_of_RFC_2198()
    {
        // §5 behind the RTP header: LPC of 20 ms before, 14 octets of type 7, then 84 octets of DVI4, type 5.
        byte[] lpc = Bytes(14, seed: 1), dvi = Bytes(84, seed: 2);
        byte[] payload = [0x87, 0x02, 0x80, 0x0E, 0x05, .. lpc, .. dvi];

        Assert.True(RedPacket.TryParse(payload, out var packet));
        Assert.Equal((1, 5), (packet.Redundant, packet.PayloadType));
        Assert.Equal(dvi, packet.Payload);
        var block = packet.Block(1);
        Assert.Equal((7, 160), (block.PayloadType, block.TimestampOffset));
        Assert.Equal(lpc, block.Payload);
    }

    [Fact]
    public void Reads_whatever_blocks_a_sender_writes_the_nearest_first()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var earlier = Enumerable.Range(0, random.Next(RedPacket.MaxRedundant + 1))
                .Select(n => (random.Next(1 << 14), Bytes(n == 3 ? 0 : random.Next(1 << 10), seed + n))).ToList();
            byte[] own = Bytes(random.Next(300), seed);

            Assert.True(RedPacket.TryParse(Red.Payload(earlier, own), out var packet), $"seed {seed}");
            Assert.Equal(own, packet.Payload);
            Assert.Equal(earlier.Count, packet.Redundant);
            for (int back = 1; back <= earlier.Count; back++)
            {
                Assert.Equal(earlier[^back].Item1, packet.Block(back).TimestampOffset);
                Assert.Equal(earlier[^back].Item2, packet.Block(back).Payload);
                Assert.Equal(Red.Opus, packet.Block(back).PayloadType);
            }
        }
    }

    [Fact]
    public void Without_earlier_packets_it_is_one_octet_longer()
    {
        Assert.True(RedPacket.TryParse([0x6F, 0xF8, 1, 2], out var packet));
        Assert.Equal((0, 111), (packet.Redundant, packet.PayloadType));
        Assert.Equal("F80102", Convert.ToHexString(packet.Payload));
    }

    [Fact]
    public void Refuses_more_earlier_packets_than_anybody_sends()
    {
        var one = (960, Bytes(2, 1));
        Assert.True(RedPacket.TryParse(Red.Payload([.. Enumerable.Repeat(one, RedPacket.MaxRedundant)], [1]), out _));
        Assert.False(RedPacket.TryParse(Red.Payload([.. Enumerable.Repeat(one, RedPacket.MaxRedundant + 1)], [1]), out _));
    }

    [Theory]
    [InlineData]                                                                     // nothing
    [InlineData(0xEF)]                                                               // half a header
    [InlineData(0xEF, 0x0F, 0x00, 0x01)]                                             // no last header
    [InlineData(0xEF, 0x0F, 0x00, 0x02, 0x6F, 1)]                                    // an octet missing
    [InlineData(0xEF, 0xFF, 0xFF, 0xFF, 0x6F, 1, 2, 3)]                              // 1023 octets that are not there
    public void Refuses_headers_that_promise_more_than_there_is(params int[] payload) =>
        Assert.False(RedPacket.TryParse([.. payload.Select(b => (byte)b)], out _));

    [Fact]
    public void Survives_every_truncation_and_bit_flip_and_never_reads_beyond()
    {
        byte[] good = Red.Payload([(1920, Bytes(40, 1)), (960, Bytes(50, 2))], Bytes(60, 3));
        for (int length = 0; length <= good.Length; length++) ReadAll(good.AsSpan(0, length));
        for (int bit = 0; bit < 8 * good.Length; bit++)
        {
            byte[] flipped = [.. good];
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            ReadAll(flipped);
        }
        var random = new Random(5);
        for (int n = 0; n < 100_000; n++)
        {
            var noise = new byte[random.Next(64)];
            random.NextBytes(noise);
            ReadAll(noise);
        }
    }

    private static void ReadAll(ReadOnlySpan<byte> payload)
    {
        if (!RedPacket.TryParse(payload, out var packet)) return;
        int octets = packet.Payload.Length + 1;
        for (int back = 1; back <= packet.Redundant; back++) octets += 4 + packet.Block(back).Payload.Length;
        Assert.Equal(payload.Length, octets);                                        // each octet is somebody's, once
    }

    private static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
