using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Jitter;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Streams;

/// <summary>What is said to be missing, against what the network did.</summary>
public class GapTests
{
    private static readonly TimeSpan Delay = Ms(30);

    [Fact]
    public void Gaps_are_what_was_lost_whatever_else_happened()
    {
        for (int seed = 0; seed < 80; seed++) Check(seed);
    }

    private static void Check(int seed)
    {
        var random = new Random(seed);
        var sender = new SimulatedSender(sequence: random.Next(65536), timestamp: random.NextInt64(1L << 32)) { Now = Ms(100 + random.Next(500)), DriftPpm = random.Next(-100, 100) };
        var sent = sender.Sent;
        var lost = new HashSet<SentPacket>();
        var silences = new List<(TimeSpan From, TimeSpan To)>();
        sender.Talk(Ms(3000));
        for (int n = 0; n < 12; n++)
        {
            int before = sent.Count;
            switch (random.Next(4))
            {
                case 0:                                                              // a burst
                    sender.Talk(Ms(2000));
                    int first = before + random.Next(10, 40);
                    for (int i = first; i < first + random.Next(1, 20); i++) lost.Add(sent[i]);
                    break;
                case 1:                                                              // nobody speaks: a packet each 400 ms, some of them lost
                    var from = sender.Now;
                    for (int i = random.Next(2, 6); i > 0; i--)
                    {
                        var comfort = sender.Send(payload: [0xF8]);
                        sender.Pause(Ms(380));
                        if (random.Next(4) == 0) lost.Add(comfort);
                    }
                    silences.Add((from, sender.Now));
                    sender.Talk(Ms(1500));
                    break;
                case 2:                                                              // a microphone stalls
                    sender.Stall(Ms(90 + random.Next(3000)));
                    sender.Talk(Ms(2000));
                    break;
                default:                                                             // single packets
                    sender.Talk(Ms(2000));
                    foreach (var packet in sent.Skip(before + 5).Take(80))
                        if (random.Next(12) == 0) lost.Add(packet);
                    break;
            }
        }
        sender.Talk(Ms(2000));
        var link = new SimulatedLink<SentPacket>(seed) { Delay = Delay, Jitter = Ms(random.Next(15)), Reordering = 0.02, Duplication = 0.03 };

        using var played = SimulatedTrack.Play(sent.Where(p => !lost.Contains(p)), link);

        string at = $"seed {seed}";
        var quality = played.Quality;
        Assert.True(quality.PacketsLost == lost.Count, $"{at}: {quality.PacketsLost} lost of {lost.Count}");
        Assert.True(quality.Duplicates == link.Duplicated, $"{at}: {quality.Duplicates} duplicates of {link.Duplicated}");
        Assert.All(quality.Gaps, gap => Assert.Equal(GapKind.Loss, gap.Kind));
        double missing = quality.Gaps.Sum(g => (g.To - g.From).TotalMilliseconds);
        Assert.True(Math.Abs(missing - 20 * lost.Count) < 0.1 * quality.Gaps.Count, $"{at}: {missing:0.00} ms missing, {lost.Count} packets lost");

        var holes = Holes(sent, lost);
        Assert.True(quality.Gaps.Count == holes.Count, $"{at}: {quality.Gaps.Count} gaps, {holes.Count} holes");
        foreach (var (gap, hole) in quality.Gaps.Zip(holes))
        {
            // Beside silence nobody can know where in it the packet was.
            bool silent = silences.Any(s => s.From <= hole.Until && s.To >= hole.From);
            var earliest = silent ? hole.After : hole.From;
            var latest = silent ? hole.Before : hole.Until;
            string where = $"{at}: {gap.From.TotalSeconds:0.000} … {gap.To.TotalSeconds:0.000} s for {(hole.From + Delay).TotalSeconds:0.000} … {(hole.Until + Delay).TotalSeconds:0.000} s";
            Assert.True(gap.From >= earliest + Delay - Ms(20) && gap.To <= latest + Delay + Ms(20), where);
            if (!silent) Assert.True((gap.To - gap.From - (hole.Until - hole.From)).Duration() < Ms(1), where);
        }
    }

    /// <summary>Runs of packets that never came: from where to where, and the ends of those that came around them.</summary>
    private static List<(TimeSpan From, TimeSpan Until, TimeSpan After, TimeSpan Before)> Holes(List<SentPacket> sent, HashSet<SentPacket> lost)
    {
        var holes = new List<(TimeSpan, TimeSpan, TimeSpan, TimeSpan)>();
        for (int i = 1; i < sent.Count; i++)
        {
            if (!lost.Contains(sent[i])) continue;
            int end = i;
            while (lost.Contains(sent[end])) end++;
            holes.Add((sent[i].At, sent[end - 1].At + Ms(20), sent[i - 1].At + Ms(20), sent[end].At));
            i = end;
        }
        return holes;
    }
}
