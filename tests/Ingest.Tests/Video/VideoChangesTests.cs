using Pipeline.Ingest.Rtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>Senders change on the way: the picture's size, how it is held, which of several encodings comes.</summary>
public class VideoChangesTests
{
    private const byte Orientation = 13;
    private static readonly TimeSpan Start = Ms(700);

    [Theory(Timeout = 120_000)]
    [InlineData("vp8", "vp8")]
    [InlineData("vp9", "vp9")]
    [InlineData("h264", "avc3")]
    [InlineData("av1", "av1")]
    public async Task A_picture_that_changes_its_size_is_shown_before_and_after(string codec, string tag)
    {
        var small = await EncodedVideo.MakeAsync(codec, frames: 24);
        var large = await EncodedVideo.MakeAsync(codec, frames: 24, source: "testsrc2=size=480x270:rate=15");
        var video = small.After(large.After(small));
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver(codec, folder["video"], Ms(6500));

        foreach (byte[] datagram in video.Datagrams) receiver.Receive(datagram, Arrival(video, datagram));
        receiver.Finish();

        Assert.Equal(video.Pictures, (await EncodedVideo.PicturesAsync(receiver.Path)).Select(p => p.Hash));
        var probe = await EncodedVideo.ProbeAsync(receiver.Path);
        if (codec == "h264") Assert.Equal(tag, probe["codec_tag_string"]);
        Assert.Equal([(320, 180), (480, 270), (320, 180)], receiver.Frames.Where(f => f.Info.IsKey).Select(f => (f.Info.Width, f.Info.Height)).Aggregate(
            new List<(int, int)>(), (sizes, size) => sizes.Count > 0 && sizes[^1] == size ? sizes : [.. sizes, size]));
    }

    [Theory(Timeout = 120_000)]
    [InlineData(90, "-90")]
    [InlineData(180, "-180")]
    [InlineData(270, "90")]
    public async Task The_file_is_turned_as_the_picture_was_for_the_longest_time(int degrees, string said)
    {
        var video = await EncodedVideo.MakeAsync("h264", frames: 36);
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver("h264", folder["video"], Ms(4000), orientation: Orientation);

        // Said with key frames alone: held upright for the first twelve pictures, otherwise for the rest.
        foreach (byte[] datagram in video.Datagrams)
        {
            int n = video.Timestamps.ToList().IndexOf(EncodedVideo.Timestamp(datagram));
            receiver.Receive(n % 12 == 0 ? EncodedVideo.Extended(datagram, Orientation, (byte)(n == 0 ? 0 : degrees / 90)) : datagram, Arrival(video, datagram));
        }
        receiver.Finish();

        Assert.Equal(video.Pictures, (await EncodedVideo.PicturesAsync(receiver.Path)).Select(p => p.Hash));
        Assert.Equal(said, (await EncodedVideo.ProbeAsync(receiver.Path))["rotation"]);
    }

    [Fact(Timeout = 120_000)]
    public async Task Pictures_that_are_shown_in_another_order_than_decoded_are_at_their_time()
    {
        var video = await EncodedVideo.MakeAsync("h264", frames: 48, options: "-profile:v main -tune animation -bf 2 -b_strategy 0");
        Assert.NotEqual(video.Timestamps.Select(t => (int)(t - video.Timestamps[0])).Order(), video.Timestamps.Select(t => (int)(t - video.Timestamps[0])));
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver("h264", folder["video"], Ms(5000));

        foreach (byte[] datagram in video.Datagrams) receiver.Receive(datagram, Start + TimeSpan.FromSeconds(Number(video, datagram) / 15.0));   // as they were decoded
        receiver.Finish();

        var shown = await EncodedVideo.PicturesAsync(receiver.Path);
        Assert.Equal(video.Pictures, shown.Select(p => p.Hash));
        for (int n = 1; n < shown.Count; n++) Assert.InRange(shown[n].Seconds - shown[n - 1].Seconds, 0.064, 0.069);
    }

    [Fact(Timeout = 120_000)]
    public async Task Parameter_sets_that_were_said_in_SDP_alone_are_in_the_file()
    {
        var video = await EncodedVideo.MakeAsync("h264", frames: 24);
        var sets = video.Datagrams.SelectMany(Units).Where(u => (u[0] & 0x1F) is 7 or 8).Take(2).Select(Convert.ToBase64String);
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver("h264", folder["video"], Ms(3000), fmtp: $"packetization-mode=1; sprop-parameter-sets={string.Join(',', sets)};profile-level-id=42c01e");
        using var without = new VideoReceiver("h264", folder["without"], Ms(3000));

        ushort sequence = 0;
        foreach (byte[] datagram in video.Datagrams)
            foreach (byte[] unit in Units(datagram).Where(u => (u[0] & 0x1F) is not (7 or 8)))
            {
                byte[] sent = Datagram(5, sequence++, EncodedVideo.Timestamp(datagram), unit, EncodedVideo.PayloadType);
                sent[1] |= (byte)(datagram[1] & 0x80);
                receiver.Receive(sent, Arrival(video, datagram));
                without.Receive(sent, Arrival(video, datagram));
            }
        receiver.Finish();

        Assert.Equal(video.Pictures, (await EncodedVideo.PicturesAsync(receiver.Path)).Select(p => p.Hash));
        Assert.Empty(without.Frames);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("vp8")]
    [InlineData("h264")]
    public async Task Of_several_encodings_the_largest_that_flows_is_shown(string codec)
    {
        var small = await EncodedVideo.MakeAsync(codec, frames: 150, source: "testsrc2=size=160x90:rate=15");
        var large = await EncodedVideo.MakeAsync(codec, frames: 150);
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver(codec, folder["video"], Ms(12_000));

        // The large one begins with its 20th picture, is away from its 61st to its 99th, and both have a time and an order of their own.
        var sent = small.Datagrams.Select(d => (Datagram: As(d, 1), Number: Number(small, d)))
            .Concat(large.Datagrams.Select(d => (Datagram: As(d, 2), Number: Number(large, d))).Where(d => d.Number is >= 20 and < 60 or >= 100))
            .OrderBy(d => d.Number);
        foreach (var (datagram, number) in sent) receiver.Receive(datagram, Start + TimeSpan.FromSeconds(number / 15.0));
        receiver.Finish();

        // Up with the key frames 24 and 108, which follow the small ones of the same moment; down with 84, as that is the first a second after 59.
        string[] expected = [.. small.Pictures.Take(25), .. large.Pictures.Take(60).Skip(24), .. small.Pictures.Take(109).Skip(84), .. large.Pictures.Skip(108)];
        var shown = await EncodedVideo.PicturesAsync(receiver.Path);
        Assert.Equal(expected, shown.Select(p => p.Hash));
        for (int n = 1; n < shown.Count; n++) Assert.True(shown[n].Seconds > shown[n - 1].Seconds);
        Assert.InRange(shown[61].Seconds, Start.TotalSeconds + 84 / 15.0 - 0.01, Start.TotalSeconds + 84 / 15.0 + 0.01);
    }

    [Fact(Timeout = 120_000)]
    public async Task Spatial_layers_of_a_picture_become_one_superframe()
    {
        // Of libvpx's scalable encoder: 80 × 48, 160 × 96 and 320 × 192, each refers to the one below. libvpx shows the last of each picture, others all that say so.
        string source = Fixtures.Video("vp9-three-layers.ivf");
        var expected = await EncodedVideo.PicturesAsync(source, "-c:v libvpx-vp9");
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver("vp9", folder["video"], Ms(3000));
        ushort sequence = 65_500;
        foreach (var (time, picture) in EncodedVideo.Ivf(source))
        {
            var layers = Superframe(picture);
            Assert.Equal(3, layers.Count);
            for (int layer = 0; layer < layers.Count; layer++)
                for (int at = 0; at < layers[layer].Length; at += 400)
                {
                    bool isKey = time == 0, begins = at == 0, ends = at + 400 >= layers[layer].Length, describes = isKey && begins && layer == 0;
                    byte flags = (byte)(0xA0 | (isKey ? 0 : 0x40) | (begins ? 8 : 0) | (ends ? 4 : 0) | (describes ? 2 : 0));
                    byte[] structure = describes ? [0x58, 0, 80, 0, 48, 0, 160, 0, 96, 1, 64, 0, 192, 1, 0x04, 1] : [];
                    byte[] sent = Datagram(5, sequence++, (uint)(6000 * time), [flags, 0x80, (byte)time, (byte)(layer << 1), 0, .. structure, .. layers[layer].Skip(at).Take(400)], EncodedVideo.PayloadType);
                    if (ends && layer == 2) sent[1] |= 0x80;
                    receiver.Receive(sent, Start + Ms(time * 1000.0 / 15));
                }
        }
        receiver.Finish();

        Assert.Equal(30, expected.Count);
        Assert.Equal(expected.Select(p => p.Hash), (await EncodedVideo.PicturesAsync(receiver.Path)).Select(p => p.Hash));
        Assert.Equal(expected.Select(p => p.Hash), (await EncodedVideo.PicturesAsync(receiver.Path, "-c:v libvpx-vp9")).Select(p => p.Hash));
        Assert.Equal((320, 192), (receiver.Frames[0].Info.Width, receiver.Frames[0].Info.Height));
    }

    /// <summary>The frames of a superframe (VP9 bitstream, Annex B), or the one that is none.</summary>
    private static List<byte[]> Superframe(byte[] picture)
    {
        byte last = picture[^1];
        int frames = (last & 7) + 1, width = (last >> 3 & 3) + 1, index = 2 + frames * width;
        if ((last & 0xE0) != 0xC0 || picture.Length < index || picture[^index] != last) return [picture];
        var all = new List<byte[]>();
        for (int n = 0, from = 0; n < frames; n++)
        {
            int length = 0;
            for (int i = 0; i < width; i++) length |= picture[^(index - 1 - n * width - i)] << 8 * i;
            all.Add(picture[from..(from + length)]);
            from += length;
        }
        return all;
    }

    private static int Number(EncodedVideo video, byte[] datagram) => video.Timestamps.ToList().IndexOf(EncodedVideo.Timestamp(datagram));

    private static byte[] As(byte[] datagram, byte ssrc) => [.. datagram[..8], 0, 0, 0, ssrc, .. datagram[12..]];

    /// <summary>The NAL units in a packet; a piece of one as it is.</summary>
    private static IEnumerable<byte[]> Units(byte[] datagram)
    {
        Assert.True(RtpPacket.TryParse(datagram, out var packet));
        byte[] payload = packet.Payload.ToArray();
        if ((payload[0] & 0x1F) != 24) return [payload];
        var units = new List<byte[]>();
        for (int at = 1; at < payload.Length;)
        {
            int length = payload[at] << 8 | payload[at + 1];
            units.Add(payload[(at + 2)..(at + 2 + length)]);
            at += 2 + length;
        }
        return units;
    }

    private static TimeSpan Arrival(EncodedVideo video, byte[] datagram) =>
        Start + TimeSpan.FromSeconds((int)(EncodedVideo.Timestamp(datagram) - video.Timestamps[0]) / 90_000.0);
}
