using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Journal;

public sealed class JournalPlaybackTests : IDisposable
{
    private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(480_000, seed: 1));
    private readonly JournalFolder journal = new();

    public void Dispose() => journal.Dispose();

    [Fact]
    public async Task What_was_held_until_a_track_claimed_it_is_in_the_mix_at_its_time()
    {
        var live = new CollectingMix();
        await using (var writer = journal.Open())
        {
            using var pipeline = new MediaPipeline(writer, live, speech: null);
            for (int n = 0; n < 500; n++)
            {
                if (n == 400)                                                        // eight seconds after its first packet
                {
                    _ = writer.AppendAsync(JournalFolder.Added(Track(ssrc: 7)), Ms(20 * n));
                    pipeline.AddTrack(Track(ssrc: 7));
                }
                pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Voice[n]), Loopback, Ms(20 * n + 5));
                pipeline.Commit();
                pipeline.Advance(Ms(20 * n + 20));
            }
            pipeline.Finish(Ms(10_000));
            Assert.False(pipeline.MixIsWhole);
        }

        float[] again = Play(Ms(10_000), out var quality);

        Assert.True(Sound.Rms(live.Samples.Take(200_000).ToArray()) < 1e-6);
        Assert.Equal(480_000, again.Length);
        for (int second = 0; second < 10; second++) Assert.True(Sound.Rms(again.AsSpan(48000 * second, 48000)) > 0.02, $"second {second} is silent");
        Assert.Equal((500, 0, 0), (quality.PacketsReceived, quality.PacketsLost, quality.PacketsLate));
    }

    [Fact]
    public void A_mix_that_waited_long_enough_is_whole()
    {
        using var pipeline = new MediaPipeline(null, new CollectingMix(), speech: null);
        pipeline.AddTrack(Track(ssrc: 7));
        for (int n = 0; n < 500; n++)
        {
            if (n % 7 != 3) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Voice[n]), Loopback, Ms(20 * n + 5));
            pipeline.Advance(Ms(20 * n + 20));
        }
        pipeline.Finish(Ms(10_000));
        Assert.True(pipeline.MixIsWhole);
    }

    [Fact]
    public async Task What_was_sent_during_an_outage_is_the_outages_and_not_lost()
    {
        await WriteRunAsync(1, 0..100);
        await WriteRunAsync(2, 300..400);                                            // the sender went on with its numbers

        Play(Ms(8000), out var quality);

        var gap = Assert.Single(quality.Gaps, g => g.From < Ms(7900));
        Assert.Equal(GapKind.Outage, gap.Kind);
        Assert.InRange(gap.From, Ms(1980), Ms(2000));
        Assert.InRange(gap.To, Ms(5990), Ms(6010));
        Assert.Equal((200, 0), (quality.PacketsReceived, quality.PacketsLost));
    }

    [Fact]
    public async Task When_each_run_began_is_read_from_the_segments()
    {
        await WriteRunAsync(1, 0..100);
        await WriteRunAsync(2, 300..400);
        await WriteRunAsync(3, 900..901);

        Assert.Equal([(1, Ms(0)), (2, Ms(6000)), (3, Ms(18_000))], journal.Reader().Runs());
    }

    private async Task WriteRunAsync(int run, Range numbers)
    {
        var began = Ms(20 * numbers.Start.Value);
        await using var writer = journal.Open(run);
        _ = writer.AppendAsync(new MeetingOpened("m", run, DateTimeOffset.UnixEpoch), began);
        _ = writer.AppendAsync(JournalFolder.Added(Track(ssrc: 7)), began);
        for (int n = numbers.Start.Value; n < numbers.End.Value; n++)
        {
            writer.AddPacket(RecordKind.Rtp, 1, Ms(20 * n + 5), Datagram(7, (ushort)n, (uint)(960 * n), Voice[n % Voice.Count]));
            writer.Commit();
        }
    }

    private float[] Play(TimeSpan duration, out TrackQuality quality)
    {
        var mix = new CollectingMix();
        using var pipeline = new MediaPipeline(null, mix, speech: null) { Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(duration);
        quality = pipeline.Tracks[0].Quality();
        return [.. mix.Samples];
    }
}
