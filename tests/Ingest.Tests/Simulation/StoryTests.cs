using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Jitter;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Simulation;

/// <summary>Whole meetings of one participant whose network and browser do what they do, compared with the account of it.</summary>
public class StoryTests
{
    private static readonly TimeSpan Delay = Ms(30);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Everything_at_once(int part)
    {
        var failures = new List<string>();
        foreach (int seed in Environment.GetEnvironmentVariable("SEEDS") is { } e1 ? e1.Split(',').Select(int.Parse).Where(x => x % 4 == part) : Enumerable.Range(10 * part, 10))
        {
            var random = new Random(seed);
            var story = new Story(seed, driftPpm: random.Next(-300, 301), wraps: seed % 4 == 0);
            story.Talk(Ms(4000));
            for (int n = 0; n < 12; n++)
            {
                switch (random.Next(13))
                {
                    case 0: story.TalkOver(Ms(3000), loss: new[] { 0.01, 0.05, 0.1, 0.2 }[random.Next(4)]); break;
                    case 1: story.TalkOverBursts(Ms(4000)); break;
                    case 2: story.TalkInFramesOfEveryLength(Ms(4000)); break;
                    case 3: story.FallSilent(random.Next(2, 12), loss: 0.2); break;
                    case 4: story.Mute(Ms(random.Next(1000, 20_000))); break;
                    case 5: story.Stall(Ms(random.Next(60, 12_000))); break;
                    case 6: story.LoseAll(Ms(random.Next(500, 5000))); break;
                    case 7: story.HoldBack(Ms(random.Next(100, 1600))); break;
                    case 8: story.ChangeSsrc(after: Ms(random.Next(0, 3000))); break;
                    case 9: story.BeginAnew(after: Ms(random.Next(0, 3000))); break;
                    case 10: story.JumpSequence(random.Next(2) == 0 ? random.Next(1, 2900) : -random.Next(1, 2900)); break;
                    case 11: story.JumpTimestamp(random.NextInt64(-(1L << 31), 1L << 31)); break;
                    default: story.Bomb(random.NextInt64(-(1L << 31), 1L << 31)); break;
                }
                story.Talk(Ms(random.Next(1200, 4000)));
            }
            try { Check(story, seed); } catch (Exception e) { failures.Add(e.Message); }
        }
        Assert.True(failures.Count == 0, string.Join("\n", failures));
    }

    private static void Check(Story story, int seed)
    {
        string at = $"seed {seed} ({story.Acts}; {story.DriftPpm} ppm)";
        using var heard = HeardMeeting.Play(story, seed, Delay, jitter: Ms(new Random(seed).Next(20)), reordering: 0.01, duplication: 0.01);
        heard.AssertGaps(story, Delay, at);
        heard.AssertPlaced(story, Delay, at);
        heard.AssertHeard(story, Delay, at);
    }
}
