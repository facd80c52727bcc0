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
        for (int seed = 10 * part; seed < 10 * part + 10; seed++) Check(Everything(seed), seed);
    }

    [Fact]
    public void Who_waits_longer_as_the_journal_does_finds_every_packet_at_the_same_place()
    {
        for (int seed = 100; seed < 112; seed++)
        {
            var story = Everything(seed);
            using var live = HeardMeeting.Play(story, seed, Delay, jitter: Ms(15), reordering: 0.01, duplication: 0.01);
            using var again = HeardMeeting.Play(story, seed, Delay, jitter: Ms(15), reordering: 0.01, duplication: 0.01, waits: MediaPipeline.ReplayDelay);
            again.AssertSameAs(live, $"seed {seed} ({story.Acts}; {story.DriftPpm} ppm)");
        }
    }

    private static Story Everything(int seed)
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
        return story;
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.05)]
    [InlineData(0.1)]
    [InlineData(0.2)]
    public void Packets_lost_at_random(double loss) => Tell(seed: (int)(1000 * loss), story => story.TalkOver(Ms(40_000), loss));

    [Fact]
    public void Packets_lost_in_bursts() => Tell(seed: 1, story => story.TalkOverBursts(Ms(40_000)));

    [Fact]
    public void Numbers_that_wrap_within_a_loss() => Tell(seed: 2, wraps: true, tell: story =>
    {
        for (int n = 0; n < 4; n++) story.LoseAll(Ms(700));
    });

    [Fact]
    public void An_outage_of_the_network_longer_than_sequence_numbers_tell() => Tell(seed: 3, story => story.LoseAll(Ms(75_000)));

    [Fact]
    public void A_network_that_keeps_packets_back_and_gives_them_in_bursts() => Tell(seed: 4, story =>
    {
        foreach (int length in (int[])[150, 400, 900, 1200, 1500])
        {
            story.HoldBack(Ms(length));
            story.Talk(Ms(3000));
        }
    });

    [Fact]
    public void Twenty_minutes_of_silence_and_twenty_more_without_a_packet() => Tell(seed: 5, driftPpm: 60, tell: story =>
    {
        story.Talk(Ms(30_000));
        story.FallSilent(3000, loss: 0.01);
        story.Talk(Ms(10_000));
        story.Mute(TimeSpan.FromMinutes(20));
    });

    [Fact]
    public void Microphones_that_stall_and_browsers_that_freeze() => Tell(seed: 6, driftPpm: -120, tell: story =>
    {
        foreach (int length in (int[])[90, 90, 180, 300, 4000, 12_000])
        {
            story.Stall(Ms(length));
            story.Talk(Ms(2500));
        }
    });

    [Fact]
    public void Frames_of_every_length_with_losses_between() => Tell(seed: 7, story =>
    {
        for (int n = 0; n < 8; n++)
        {
            story.TalkInFramesOfEveryLength(Ms(4000));
            story.TalkOver(Ms(2000), loss: 0.05);
        }
    });

    [Fact]
    public void Senders_that_begin_anew_or_become_others() => Tell(seed: 8, story =>
    {
        foreach (int after in (int[])[0, 20, 500, 3000, 20_000])
        {
            story.ChangeSsrc(Ms(after));
            story.Talk(Ms(2500));
            story.BeginAnew(Ms(after));
            story.Talk(Ms(2500));
        }
    });

    [Theory]
    [InlineData(-20)]
    [InlineData(-500)]
    [InlineData(-2000)]
    [InlineData(-20_000)]
    [InlineData(90)]
    [InlineData(2900)]
    public void Sequence_numbers_that_jump(int by) => Tell(seed: 9, story => story.JumpSequence(by));

    [Theory]
    [InlineData(1L << 31)]
    [InlineData(-(1L << 31))]
    [InlineData(10 * 48000)]
    [InlineData(-10 * 48000)]
    [InlineData(3 * 3600 * 48000)]
    public void Timestamps_that_jump(long by) => Tell(seed: 10, story =>
    {
        story.JumpTimestamp(by);
        story.Talk(Ms(4000));
        story.Bomb(by);
    });

    private static void Tell(int seed, Action<Story> tell, double driftPpm = 0, bool wraps = false)
    {
        var story = new Story(seed, driftPpm, wraps);
        story.Talk(Ms(5000));
        tell(story);
        story.Talk(Ms(8000));
        Check(story, seed);
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
