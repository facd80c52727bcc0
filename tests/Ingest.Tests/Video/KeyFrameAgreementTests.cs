using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Video;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>Live only key frames are watched for; the file is put together later. Both must mean the same by them.</summary>
public class KeyFrameAgreementTests
{
    private static readonly byte[] Sps = Convert.FromBase64String("Z0LAHtkDxWhAAAADAEAAAAwDxYuS"), Pps = Convert.FromBase64String("aMuMsg==");
    private static readonly byte[] Idr = [0x65, 0x88, 1, 2], Inter = [0x41, 0x9A, 1, 2], IntraOnly = [0x41, 0x88, 1, 2];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(VideoFileTests.Codecs), MemberType = typeof(VideoFileTests))]
    public async Task What_is_watched_for_is_what_the_file_needs_whatever_is_lost(string codec)
    {
        var video = await EncodedVideo.MakeAsync(codec, frames: 40, mtu: 300);
        var packets = video.Datagrams.Select(Read).ToList();
        AssertAgreement(codec, packets, seeds: 300);
    }

    [Fact]
    public void The_same_of_H264_whose_parameter_sets_come_in_packets_of_their_own_and_before_other_pictures_too()
    {
        var packets = new List<Packet>();
        for (int n = 0; n < 60; n++)
        {
            byte[][] units = n % 15 == 0 ? [Sps, Pps, Idr] : n % 15 == 7 ? [Sps, Pps, IntraOnly] : [Inter, [0x41, 0x40, 1]];
            for (int i = 0; i < units.Length; i++) packets.Add(new Packet((uint)(6000 * n), i == units.Length - 1, units[i]));
        }
        AssertAgreement("h264", packets, seeds: 500);
    }

    [Theory]
    [InlineData("h264", new byte[] { 0x65, 0x88, 1, 2 })]                            // nothing was said of its size
    [InlineData("vp9", new byte[] { 0x0C, 0x86, 0x49, 0x83, 0x42, 0, 0, 0, 0, 0, 0, 0 })]   // refers to none, and yet is no key frame
    public void A_picture_of_its_own_is_not_always_a_key_frame(string codec, byte[] payload) =>
        Assert.True(Play(codec, [(0, new Packet(0, true, payload))]).Watch);

    private static void AssertAgreement(string codec, List<Packet> packets, int seeds)
    {
        int needed = 0;
        for (int seed = 0; seed < seeds; seed++)
        {
            var random = new Random(seed);
            double loss = 0.02 * random.NextDouble();
            int until = random.Next(packets.Count / 2, packets.Count), end = until;
            while (end < packets.Count && !packets[end - 1].Marker) end++;           // a frame that is still under way is no loss yet
            var came = Enumerable.Range(0, end).Where(n => n >= until - 1 || random.NextDouble() >= loss).Select(n => (n, packets[n])).ToList();
            var (watch, assembler) = Play(codec, came);
            Assert.True(watch == assembler, $"seed {seed}: live it is {watch}, for the file {assembler}");
            if (watch) needed++;
        }
        Assert.InRange(needed, 1, seeds - 1);
    }

    /// <returns>Who needs a key frame after these.</returns>
    private static (bool Watch, bool Assembler) Play(string codec, IEnumerable<(int Number, Packet Packet)> packets)
    {
        var watch = new KeyFrameWatch(PayloadFormat.For(codec)!);
        var assembler = new FrameAssembler(PayloadFormat.For(codec)!, new Nobody());
        foreach (var (number, packet) in packets)
        {
            watch.Receive(0, number, packet.Payload, isWithheld: false, Ms(10 * number));
            watch.Advance(Ms(10 * number));
            assembler.Add(new VideoPacket { Sequence = number, Timestamp = packet.Timestamp, Marker = packet.Marker, Rotation = -1, Payload = packet.Payload });
        }
        watch.Finish();
        return (watch.NeedsKeyFrame, assembler.NeedsKeyFrame);
    }

    private static Packet Read(byte[] datagram)
    {
        Assert.True(RtpPacket.TryParse(datagram, out var packet));
        return new Packet(packet.Timestamp, packet.Marker, packet.Payload.ToArray());
    }

    private readonly record struct Packet(uint Timestamp, bool Marker, byte[] Payload);

    private sealed class Nobody : IFrameSink
    {
        public void Write(in VideoFrame frame) { }
    }
}
