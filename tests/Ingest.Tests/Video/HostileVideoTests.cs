using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>Nothing a payload says is believed: whatever comes, nothing throws, and what is written is a file.</summary>
public class HostileVideoTests
{
    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VideoFileTests.Codecs), MemberType = typeof(VideoFileTests))]
    public async Task Every_truncation_and_many_flipped_bits_are_survived(string codec)
    {
        var video = await EncodedVideo.MakeAsync(codec, frames: 14, mtu: 400);
        var payloads = video.Datagrams.Select(Payload).ToList();
        var random = new Random(5);
        for (int n = 0; n < payloads.Count; n++)
        {
            var variants = Enumerable.Range(0, Math.Min(40, payloads[n].Length)).Select(length => payloads[n][..length])
                .Concat(Enumerable.Range(0, 24).SelectMany(bit => bit < 8 * payloads[n].Length ? new[] { Flipped(payloads[n], bit) } : []))
                .Concat(Enumerable.Range(0, 10).Select(_ => Flipped(payloads[n], random.Next(8 * payloads[n].Length))));
            foreach (byte[] variant in variants) Play(codec, video, (index, payload) => index == n ? variant : payload, n);
        }
    }

    [Theory]
    [MemberData(nameof(VideoFileTests.Codecs), MemberType = typeof(VideoFileTests))]
    public void Noise_makes_no_picture_that_breaks_a_file(string codec)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var (writer, assembler) = Open(codec);
            for (int n = 0; n < 2000; n++)
            {
                byte[] noise = new byte[random.Next(1, 60)];
                random.NextBytes(noise);
                if (random.Next(2) == 0 && noise.Length > 1) noise[1] = 0;
                assembler.Add(new VideoPacket { Sequence = n, Timestamp = n / 3 * 3000, Place = n / 3 * 3000, Marker = random.Next(3) == 0, Rotation = -1, Payload = noise });
            }
            assembler.Finish();
            if (writer.Frames > 0) writer.Finish();
        }
    }

    [Theory]
    [InlineData("vp8", new byte[] { 0x10, 0, 0, 0, 0x9D, 0x01, 0x2A, 64, 0, 64, 0 }, new byte[] { 0x00, 7, 7, 7 })]
    [InlineData("h264", new byte[] { 0x7C, 0x85, 0x88, 1 }, new byte[] { 0x7C, 0x05, 1, 2, 3 })]
    [InlineData("vp9", new byte[] { 0x08, 0x82, 0x49, 0x83, 0x42, 0 }, new byte[] { 0x00, 1, 2 })]
    [InlineData("av1", new byte[] { 0x58, 0x0A, 1, 2 }, new byte[] { 0xD0, 1, 2, 3 })]
    public void A_frame_without_an_end_is_given_up_and_its_memory_back(string codec, byte[] first, byte[] rest)
    {
        var (writer, assembler) = Open(codec);
        byte[] large = [.. rest, .. new byte[60_000]];
        assembler.Add(new VideoPacket { Sequence = 0, Timestamp = 0, Rotation = -1, Payload = first });
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int n = 1; n < 2000; n++) assembler.Add(new VideoPacket { Sequence = n, Timestamp = 0, Rotation = -1, Payload = large });

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 6 * FrameBuffer.MaxLength);   // of 120 MB that came, and buffers that doubled
        assembler.Finish();
        Assert.Equal((0, 1), (writer.Frames, assembler.FramesLeftOut));
    }

    /// <summary>All packets in order, one of them altered; from a little before it on.</summary>
    private static void Play(string codec, EncodedVideo video, Func<int, byte[], byte[]> alter, int around)
    {
        var (writer, assembler) = Open(codec);
        for (int n = 0; n < Math.Min(around + 6, video.Datagrams.Count); n++)
        {
            Assert.True(RtpPacket.TryParse(video.Datagrams[n], out var packet));
            assembler.Add(new VideoPacket
            {
                Sequence = n,
                Timestamp = packet.Timestamp,
                Place = 90 * n,
                Marker = packet.Marker,
                Rotation = -1,
                Payload = alter(n, packet.Payload.ToArray()),
            });
        }
        assembler.Finish();
        if (writer.Frames > 0) writer.Finish();
    }

    private static (VideoWriter Writer, FrameAssembler Assembler) Open(string codec)
    {
        const long End = 90_000 * 3600L;
        VideoWriter writer = codec == "h264" ? new Mp4Writer(new MemoryStream(), new MemoryStream(), "", End) : new WebmWriter(new MemoryStream(), codec, "", End);
        return (writer, new FrameAssembler(PayloadFormat.For(codec)!, writer));
    }

    private static byte[] Payload(byte[] datagram)
    {
        Assert.True(RtpPacket.TryParse(datagram, out var packet));
        return packet.Payload.ToArray();
    }

    private static byte[] Flipped(byte[] payload, int bit)
    {
        byte[] copy = [.. payload];
        copy[bit / 8] ^= (byte)(0x80 >> bit % 8);
        return copy;
    }
}
