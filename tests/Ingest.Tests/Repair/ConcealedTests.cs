using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public class ConcealedTests
{
    private const int Packets = 500, Frame = 960;
    private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(Frame * Packets, seed: 11), expectedLossPercent: 20);

    [Fact]
    public void What_is_restored_made_up_and_left_silent_is_what_the_holes_and_the_packets_behind_them_say()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            bool[] lost = new bool[Packets];
            for (int n = 1, burst = 0; n < Packets - 1; n++)                         // bursts of 20 to 400 ms
            {
                if (burst == 0 && random.NextDouble() < 0.03) burst = random.Next(1, 21);
                if (burst > 0 && burst-- > 0) lost[n] = true;
            }
            var mix = new CollectingMix();
            using var pipeline = new MediaPipeline(journal: null, mix, speech: null);
            var track = (AudioTrack)pipeline.AddTrack(Track(ssrc: 7));
            for (int n = 0; n < Packets; n++)
            {
                if (!lost[n]) pipeline.Receive(Datagram(7, (ushort)n, (uint)(Frame * n), Voice[n]), Loopback, Ms(20 * n));
                pipeline.Advance(Ms(20 * n));
            }
            pipeline.Finish(Ms(20 * Packets));

            long concealed = 0, restored = 0, holes = 0, silent = 0;
            for (int n = 1; n < Packets; n++)
            {
                if (lost[n] || !lost[n - 1]) continue;
                int hole = 1;
                while (lost[n - hole - 1]) hole++;
                int copy = OpusPacket.HasInbandFec(Voice[n]) ? 1 : 0;
                holes++;
                restored += copy;
                concealed += Math.Min(Frame * (hole - copy), ConcealingDecoder.MaxConcealed);
                silent += Math.Max(0, Frame * (hole - copy) - ConcealingDecoder.MaxConcealed);
            }
            var quality = track.Quality();
            Assert.True((restored, concealed) == (quality.PacketsRecovered, OpusPacket.ToSamples(quality.Concealed)),
                $"seed {seed}: {quality.PacketsRecovered} restored and {quality.Concealed.TotalMilliseconds} ms made up, not {restored} and {concealed / 48} ms");
            Assert.True(restored > 0 && silent > 0, $"seed {seed}");
            Assert.Equal(holes, quality.Gaps.Count);
            Assert.Equal(lost.Count(l => l) * 20, quality.Gaps.Sum(gap => (gap.To - gap.From).TotalMilliseconds), tolerance: 0.001);
            Assert.Equal(lost.Count(l => l), quality.PacketsLost);
        }
    }

    [Theory]
    [InlineData(1, 960)]                                                             // the copy is of 60 ms, the hole of 20: no part of it can be had
    [InlineData(3, 0)]
    public void A_copy_restores_its_frame_whole_or_not_at_all(int lost, int concealed)
    {
        // SILK, 60 ms, one frame with its voice flags and the flag of its copy set (RFC 6716 §4.2.3); what it sounds like does not matter.
        byte[] next = [0x18, 0b_1111_0000, 1, 2, 3, 4, 5, 6, 7, 8];
        Assert.Equal((2880, 2880), (AudioCodec.Opus.Duration(next), AudioCodec.Opus.CopyDuration(next)));
        using var pipeline = new MediaPipeline(journal: null, new CollectingMix(), speech: null);
        var track = (AudioTrack)pipeline.AddTrack(Track(ssrc: 7));
        for (int n = 0; n < 20; n++) pipeline.Receive(Datagram(7, (ushort)n, (uint)(Frame * n), Voice[n]), Loopback, Ms(20 * n));
        pipeline.Receive(Datagram(7, (ushort)(20 + lost), (uint)(Frame * (20 + lost)), next), Loopback, Ms(20 * (20 + lost)));
        pipeline.Finish(Ms(1000));

        Assert.Equal(concealed, OpusPacket.ToSamples(track.Quality().Concealed));
        Assert.Equal(concealed == 0 ? 1 : 0, track.Recovered.Fec);
    }
}
