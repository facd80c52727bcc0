using System.Runtime.InteropServices;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Jitter;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Simulation;

/// <summary>What a meeting made of a story: its mix, where its packets lie, and what captions heard.</summary>
internal sealed class HeardMeeting : IDisposable
{
    private const int CaptionRate = 16000;
    private static readonly float[] CaptionChirp = [.. Sound.Chirps(1920, [0]).Where((_, i) => i % 3 == 0)];

    private readonly CollectingMix mix = new();
    private readonly Placements placements = new();
    private readonly Captions captions = new();
    private readonly MediaPipeline pipeline;

    private HeardMeeting(TimeSpan waits) => pipeline = new MediaPipeline(journal: null, mix, captions) { Delay = waits };

    public TrackQuality Quality => pipeline.Tracks[0].Quality();
    public int Duplicated { get; private set; }

    /// <summary>Takes the packets in as they arrive and has the meeting go on every 20 ms.</summary>
    /// <param name="waits">For packets; null: as long as a recording does.</param>
    public static HeardMeeting Play(
        Story story, int seed, TimeSpan delay, TimeSpan jitter, double reordering = 0, double duplication = 0, TimeSpan? waits = null)
    {
        var link = new SimulatedLink<SentPacket>(seed) { Delay = delay, Jitter = jitter, Reordering = reordering, Duplication = duplication, Holds = story.Holds, KeepsOrder = story.Delicate.Contains };
        foreach (var packet in story.Sent)
            if (!story.Lost.Contains(packet)) link.Send(packet, packet.At);
        var heard = new HeardMeeting(waits ?? MediaPipeline.RecordingDelay);
        ((AudioTrack)heard.pipeline.AddTrack(Track())).File = heard.placements;
        var now = TimeSpan.Zero;
        foreach (var (packet, arrival) in link.DeliverAll())
        {
            for (; now < arrival; now += Ms(20)) heard.pipeline.Advance(now);
            heard.pipeline.Receive(packet.Bytes, Loopback, arrival);
        }
        heard.pipeline.Finish(now + Ms(1000));
        heard.Duplicated = link.Duplicated;
        return heard;
    }

    public void Dispose() => pipeline.Dispose();

    /// <summary>What is said to be lost, and where, is what was lost; what was not sent is silence.</summary>
    public void AssertGaps(Story story, TimeSpan delay, string at)
    {
        var quality = Quality;
        Assert.True(quality.PacketsLost == story.Lost.Count + story.Skipped, $"{at}: {quality.PacketsLost} lost of {story.Lost.Count} and {story.Skipped} skipped");
        Assert.All(quality.Gaps, gap => Assert.Equal(GapKind.Loss, gap.Kind));
        var holes = story.Holes();
        string list = string.Join("; ", quality.Gaps.Select(g => $"{g.From.TotalSeconds:0.000}-{g.To.TotalSeconds:0.000}"));
        Assert.True(quality.Gaps.Count == holes.Count, $"{at}: {quality.Gaps.Count} gaps, {holes.Count} holes: {list} for {string.Join("; ", holes.Select(h => $"{(h.From + delay).TotalSeconds:0.000}-{(h.To + delay).TotalSeconds:0.000}"))}");
        foreach (var (gap, hole) in quality.Gaps.Zip(holes))
        {
            string where = $"{at}: {gap.From.TotalSeconds:0.000} … {gap.To.TotalSeconds:0.000} s for {(hole.From + delay).TotalSeconds:0.000} … {(hole.To + delay).TotalSeconds:0.000} s";
            Assert.True(gap.From >= hole.Earliest + delay - Ms(20) && gap.To <= hole.Latest + delay + Ms(20), where);
            Assert.True((gap.To - gap.From - (hole.To - hole.From)).Duration() <= Ms(1) + 300e-6 * (hole.To - hole.From), where);
        }
        Assert.True((quality.Dtx - story.Dtx).Duration() <= story.Silences.Count * Ms(2) + 300e-6 * story.Dtx, $"{at}: {quality.Dtx} of silence, {story.Dtx} sent");
    }

    /// <summary>In the file no packet is more than 60 ms away, and in the mix none more than 20.</summary>
    public void AssertPlaced(Story story, TimeSpan delay, string at)
    {
        int placed = 0;
        foreach (var packet in story.Sent)
        {
            if (!placements.TryGet(packet, out var place)) continue;
            placed++;
            double truth = Samples(packet.At + delay), inMix = (place.Start - truth) / 48.0, inFile = (place.FileStart - truth) / 48.0;
            if (story.Odd.Contains(packet)) continue;
            Assert.True(Math.Abs(inMix) <= 20, $"{at}: the packet of {packet.At.TotalSeconds:0.000} s lies {inMix:0.0} ms away in the mix");
            Assert.True(Math.Abs(inFile) <= 60, $"{at}: the packet of {packet.At.TotalSeconds:0.000} s lies {inFile:0.0} ms away in the file");
        }
        int arrived = story.Sent.Count(p => !story.Lost.Contains(p) && !story.Odd.Contains(p));
        Assert.True(placed >= arrived - arrived / 200 - 1, $"{at}: {placed} of {arrived} packets are in the file");
    }

    /// <summary>Each chirp that arrived is in the mix within 20 ms of its place, and captions heard it within 60.</summary>
    public void AssertHeard(Story story, TimeSpan delay, string at)
    {
        Assert.True(pipeline.MixIsWhole, $"{at}: the mix is not whole");
        var pcm = CollectionsMarshal.AsSpan(mix.Samples);
        int looked = 0;
        var unheard = new List<TimeSpan>();
        foreach (var chirp in story.Chirps())
        {
            if (chirp.Packets.Any(p => story.Lost.Contains(p) || story.Odd.Contains(p))) continue;
            looked++;
            long expected = Samples(chirp.At + delay);
            var (place, alike) = Sound.FindChirp(pcm, expected, reach: 25 * 48, step: 4);
            Assert.True(alike > 0.7, $"{at}: the chirp of {chirp.At.TotalSeconds:0.000} s is not in the mix ({alike:0.00})");
            Assert.True(Math.Abs(place - expected) <= 20 * 48, $"{at}: the chirp of {chirp.At.TotalSeconds:0.000} s lies {(place - expected) / 48.0:0.0} ms away in the mix");
            // A short jump of the sender's clock is believed when all of the last second says so.
            bool unnoticed = story.Stalls.Any(s => chirp.At >= s.Until - Ms(100) && chirp.At < s.Until + Ms(1100) && s.Length <= Ms(220));
            if (!unnoticed && captions.Find(expected / 3, CaptionChirp, 60 * 16) < 0.55) unheard.Add(chirp.At);
        }
        Assert.True(looked > 10, $"{at}: {looked} chirps");
        Assert.True(unheard.Count == 0, $"{at}: of {looked} chirps captions missed those of {string.Join(", ", unheard.Select(u => $"{u.TotalSeconds:0.000}"))} s");
    }

    /// <summary>Every packet lies where it lies in the other, and all that is counted is the same.</summary>
    public void AssertSameAs(HeardMeeting other, string at)
    {
        var (mine, others) = (placements.InOrder, other.placements.InOrder);
        for (int i = 0; i < Math.Min(mine.Count, others.Count); i++) Assert.True(mine[i] == others[i], $"{at}: {mine[i]} is not {others[i]}");
        Assert.Equal(mine.Count, others.Count);
        Assert.Equal(Quality.Gaps, other.Quality.Gaps);
        Assert.Equal(Quality with { Gaps = [] }, other.Quality with { Gaps = [] });
    }

    /// <summary>Where packets were placed, by what their headers say.</summary>
    private sealed class Placements : ITrackSink
    {
        public List<(ushort Sequence, uint Timestamp, long Start, long FileStart, int Missing)> InOrder { get; } = [];

        private readonly Dictionary<(uint Ssrc, ushort Sequence, uint Timestamp), (long Start, long FileStart)> places = [];
        private long end;

        public void Write(in PlacedPacket placed)
        {
            Assert.True(placed.FileStart >= end, $"a packet at {placed.FileStart} lies over the one before it, which ends at {end}");
            end = placed.FileStart + placed.Duration;
            InOrder.Add(((ushort)placed.Packet.Sequence, (uint)placed.Packet.Timestamp, placed.Start, placed.FileStart, placed.Missing));
            places[(placed.Packet.Ssrc, (ushort)placed.Packet.Sequence, (uint)placed.Packet.Timestamp)] = (placed.Start, placed.FileStart);
        }

        public bool TryGet(SentPacket packet, out (long Start, long FileStart) place) =>
            places.TryGetValue((packet.Ssrc, (ushort)packet.Sequence, (uint)packet.Timestamp), out place);
    }

    private sealed class Captions : ISpeechSink
    {
        private readonly List<float> heard = [];

        public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
        {
            Assert.True(firstSample >= heard.Count, $"sample {firstSample} comes after {heard.Count}");
            CollectionsMarshal.SetCount(heard, (int)firstSample);
            heard.AddRange(pcm);
        }

        public void Pause(int track) { }
        public void End(int track) { }

        /// <summary>How alike to the sound the best within reach is.</summary>
        public double Find(long expected, float[] sound, int reach)
        {
            var pcm = CollectionsMarshal.AsSpan(heard);
            double best = -1;
            for (long at = Math.Max(0, expected - reach); at <= expected + reach && at + sound.Length <= pcm.Length; at++)
                best = Math.Max(best, Sound.Correlation(pcm.Slice((int)at, sound.Length), sound));
            return best;
        }
    }
}
