using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>What encoders sent is what decoders see: `ffmpeg` decodes our file and the encoder's own, picture by picture.</summary>
public class VideoFileTests
{
    private static readonly TimeSpan Length = Ms(6000), Start = Ms(700);

    public static TheoryData<string> Codecs => ["vp8", "vp9", "h264", "av1"];

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Codecs))]
    public async Task Every_picture_is_in_the_file_bit_for_bit_and_at_its_time(string codec)
    {
        var video = await EncodedVideo.MakeAsync(codec);
        using var folder = new TemporaryFolder();
        using var receiver = new VideoReceiver(codec, folder["video"], Length);

        foreach (byte[] datagram in video.Datagrams) receiver.Receive(datagram, Arrival(video, datagram));
        receiver.Finish();

        var shown = await EncodedVideo.PicturesAsync(receiver.Path);
        Assert.Equal(video.Pictures, shown.Select(p => p.Hash));
        for (int n = 0; n < shown.Count; n++) Assert.InRange(shown[n].Seconds, Start.TotalSeconds + n / 15.0 - 0.002, Start.TotalSeconds + n / 15.0 + 0.002);
        var probe = await EncodedVideo.ProbeAsync(receiver.Path);
        Assert.Equal((codec, "320", "180"), (probe["codec_name"], probe["width"], probe["height"]));
        Assert.InRange(double.Parse(probe["duration"]), 5.95, 6.05);
    }

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(Codecs))]
    public async Task After_loss_pictures_are_left_out_until_the_next_key_frame_and_no_others(string codec)
    {
        var video = await EncodedVideo.MakeAsync(codec, frames: 90, mtu: 500);
        foreach (int seed in new[] { 1, 2, 3 })
        {
            var random = new Random(seed);
            using var folder = new TemporaryFolder();
            using var receiver = new VideoReceiver(codec, folder["video"], Ms(7000));
            var lost = video.Datagrams.Where(_ => random.NextDouble() < 0.015).ToHashSet();

            foreach (byte[] datagram in video.Datagrams.Where(d => !lost.Contains(d))) receiver.Receive(datagram, Arrival(video, datagram));
            receiver.Finish();

            var expected = new List<string>();
            bool whole = false;
            for (int n = 0; n < video.Timestamps.Count; n++)
            {
                bool isKey = n % 12 == 0;
                whole = (whole || isKey) && !lost.Any(d => EncodedVideo.Timestamp(d) == video.Timestamps[n]);
                if (whole) expected.Add(video.Pictures[n]);
            }
            var shown = await EncodedVideo.PicturesAsync(receiver.Path);
            Assert.True(lost.Count > 3 && expected.Count is > 20 and < 85, $"seed {seed}: {lost.Count} lost, {expected.Count} whole");
            Assert.Equal(expected, shown.Select(p => p.Hash));
        }
    }

    private static TimeSpan Arrival(EncodedVideo video, byte[] datagram) =>
        Start + TimeSpan.FromSeconds((int)(EncodedVideo.Timestamp(datagram) - video.Timestamps[0]) / 90_000.0);
}
