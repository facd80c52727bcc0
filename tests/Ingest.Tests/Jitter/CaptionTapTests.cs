using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Jitter;

public class CaptionTapTests
{
    private const int Rate = 16000;
    private static readonly TimeSpan Delay = Ms(30);
    private static readonly float[] Chirp = [.. Sound.Chirps(1920, [0]).Where((_, i) => i % 3 == 0)];

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(50, 0, 0)]      // ms of jitter
    [InlineData(20, 0.2, 0)]    // share overtaken
    [InlineData(20, 0.1, 0.2)]  // share doubled
    public void What_comes_within_120_ms_is_given_in_order_and_once(int jitter, double reordering, double duplication)
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(20_000));
        var link = new SimulatedLink<SentPacket>(seed: 42) { Delay = Delay, Jitter = Ms(jitter), Reordering = reordering, Duplication = duplication };

        using var heard = HeardTrack.Play(sender, link);

        heard.AssertAll(sender, Delay, toleranceMs: 15 + jitter);
        Assert.InRange(heard.Given, 19.9 * Rate, 20.1 * Rate);                      // neither doubled nor left out
    }

    [Fact]
    public void A_packet_waits_for_one_before_it_and_no_longer_than_120_ms()
    {
        var sender = new SimulatedSender();
        sender.Talk(Ms(200));
        var sink = new HearingSink();
        using var track = new AudioTrack(Track(), sink);
        foreach (int n in new[] { 0, 1, 3, 4 }) Take(track, sender.Sent[n], Ms(120 + 20 * n));
        track.Advance(Ms(240));                                              // the first is waited for too

        track.Advance(Ms(299));
        Assert.Equal(2 * 320, sink.Samples);
        Take(track, sender.Sent[2], Ms(299));
        track.Advance(Ms(299));
        Assert.Equal(5 * 320, sink.Samples);

        Take(track, sender.Sent[6], Ms(300));
        track.Advance(Ms(419));
        Assert.Equal(5 * 320, sink.Samples);
        track.Advance(Ms(420));
        Assert.Equal(7 * 320, sink.Samples);                                         // the lost one is concealed
        Take(track, sender.Sent[5], Ms(420));
        track.Advance(Ms(620));
        Assert.Equal(7 * 320, sink.Samples);                                         // late is worse than lost
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.15)]
    public void Lost_packets_are_restored_or_concealed_and_shift_nothing(double loss)
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(30_000));
        var link = new SimulatedLink<SentPacket>(seed: 7) { Delay = Delay, Loss = loss };

        using var heard = HeardTrack.Play(sender, link);

        Assert.InRange(link.Lost.Count, 50, 300);
        int found = sender.Chirps.Count(chirp => heard.Finds(chirp + Delay, toleranceMs: 5));
        Assert.True(found >= sender.Chirps.Count * (1 - 2 * loss), $"seed 7: {found} of {sender.Chirps.Count} chirps were found");
        Assert.InRange(heard.Given, 29.7 * Rate, 30.1 * Rate);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(1000)]
    [InlineData(3000)]
    public void A_burst_after_the_network_stood_still_loses_nothing_that_arrived(int stall)
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(15_000));
        var link = new SimulatedLink<SentPacket>(seed: 1) { Delay = Delay, Jitter = Ms(10), Holds = [(Ms(5000), Ms(5000 + stall))] };

        using var heard = HeardTrack.Play(sender, link);

        heard.AssertAll(sender, Delay);
        Assert.InRange(heard.Given, 14.95 * Rate, 15.05 * Rate);
    }

    [Theory]
    [InlineData(90)]
    [InlineData(300)]
    [InlineData(12_000)]
    public void A_sender_that_stood_still_goes_on_at_the_time_it_is(int stall)
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(6000));
        sender.Stall(Ms(stall));
        var again = sender.Now;
        sender.Talk(Ms(6000));

        using var heard = HeardTrack.Play(sender, new SimulatedLink<SentPacket>(seed: 3) { Delay = Delay, Jitter = Ms(5) });

        // A short jump is believed when all of the last second says so.
        heard.AssertAll(sender, Delay, except: chirp => stall < 200 && chirp >= again && chirp < again + Ms(1100));
        Assert.InRange(heard.Given, 11.8 * Rate, 12.1 * Rate);
    }

    [Fact]
    public void Silence_that_the_sender_announced_is_left_out()
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(2000));
        sender.Pause(Ms(20 * 60_000));                                               // twenty minutes without a packet
        sender.Talk(Ms(2000));

        using var heard = HeardTrack.Play(sender, new SimulatedLink<SentPacket>(seed: 4) { Delay = Delay });

        heard.AssertAll(sender, Delay);
        Assert.Equal(4 * Rate, heard.Given);
    }

    [Fact]
    public void Another_SSRC_and_a_sender_that_begins_again_go_on_where_they_belong()
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(3000));
        sender.Restart(ssrc: 8);
        sender.Talk(Ms(3000));
        sender.Restart(ssrc: 8, sequence: 20_000);                                   // far from where it was, timestamps too
        sender.Talk(Ms(3000));

        using var heard = HeardTrack.Play(sender, new SimulatedLink<SentPacket>(seed: 5) { Delay = Delay, Jitter = Ms(5) });

        // Of a jump of the sequence the first packet is not believed.
        heard.AssertAll(sender, Delay, except: chirp => chirp >= Ms(6000) && chirp < Ms(6020));
        Assert.InRange(heard.Given, 8.9 * Rate, 9.02 * Rate);
    }

    [Theory]
    [InlineData(1L << 30)]
    [InlineData(-(1L << 30))]
    [InlineData(48000 * 3600L)]
    public void A_timestamp_that_cannot_be_costs_its_own_packet(long bomb)
    {
        var sender = new TalkingSender();
        sender.Talk(Ms(3000));
        sender.Send(payload: null, timestampBomb: bomb);
        var after = sender.Now;
        sender.Talk(Ms(3000));

        using var heard = HeardTrack.Play(sender, new SimulatedLink<SentPacket>(seed: 6) { Delay = Delay });

        heard.AssertAll(sender, Delay, except: chirp => chirp >= after - Ms(40) && chirp < after);
        Assert.InRange(heard.Given, 5.95 * Rate, 6.05 * Rate);
        Assert.InRange(heard.LastSample, 5.9 * Rate, 6.2 * Rate);
    }

    [Fact]
    public void The_end_of_a_track_gives_all_that_waits_and_says_so_once()
    {
        var sender = new SimulatedSender();
        sender.Talk(Ms(200));
        var sink = new HearingSink();
        using var track = new AudioTrack(Track(), sink);
        foreach (int n in new[] { 0, 2, 4, 5 }) Take(track, sender.Sent[n], Ms(20 + 20 * n));

        track.End(Ms(0));
        track.End(Ms(0));

        Assert.Equal(6 * 320, sink.Samples);
        Assert.Equal(1, sink.Ends);
    }

    [Fact]
    public void Nothing_is_given_while_nothing_comes()
    {
        var sender = new SimulatedSender();
        sender.Talk(Ms(1000));
        var sink = new HearingSink();
        using var track = new AudioTrack(Track(), sink);
        foreach (var packet in sender.Sent) Take(track, packet, packet.At + Delay);
        track.Advance(Ms(1200));
        long given = sink.Samples;

        for (int ms = 1200; ms < 60_000; ms += 20) track.Advance(Ms(ms));

        Assert.Equal((Rate, Rate), (given, sink.Samples));
    }

    private static void Take(AudioTrack track, SentPacket packet, TimeSpan arrival)
    {
        Assert.True(RtpPacket.TryParse(packet.Bytes, out var parsed));
        track.Receive(parsed, arrival);
    }

    /// <summary>A sender whose sound is chirps at known times, five a second.</summary>
    private sealed class TalkingSender
    {
        private static readonly List<byte[]> Packets = Sound.Encode(Sound.Chirps(48000, [1200, 10800, 20400, 30000, 39600]));
        private SimulatedSender sender = new();
        private readonly List<SentPacket> earlier = [];
        private int at;

        public TimeSpan Now => sender.Now;
        public IEnumerable<SentPacket> Sent => [.. earlier, .. sender.Sent];
        /// <summary>When each began, where it was.</summary>
        public List<TimeSpan> Chirps { get; } = [];

        public void Talk(TimeSpan length)
        {
            for (var until = sender.Now + length; sender.Now < until; at = (at + 1) % 50)
            {
                if (at % 10 == 1) Chirps.Add(sender.Now + Ms(5));
                sender.Send(payload: Packets[at]);
            }
        }

        public void Send(byte[]? payload, long timestampBomb) => sender.Send(payload: payload ?? Packets[0], timestampBomb: timestampBomb);
        public void Stall(TimeSpan length) => sender.Stall(length);
        public void Pause(TimeSpan length) => sender.Pause(length);

        public void Restart(uint ssrc, long sequence = 100)
        {
            earlier.AddRange(sender.Sent);
            sender = new SimulatedSender(ssrc, sequence, timestamp: 12345 + 7919 * sequence) { Now = sender.Now };
        }
    }

    /// <summary>What captions hear of a track: blocks that rise and do not overlap.</summary>
    private sealed class HearingSink : ISpeechSink
    {
        private readonly List<(long First, float[] Pcm)> blocks = [];

        public long Samples { get; private set; }
        public long Next { get; private set; }
        public int Ends { get; private set; }

        public void Write(int track, long firstSample, ReadOnlySpan<float> pcm)
        {
            Assert.True(firstSample >= Next, $"sample {firstSample} comes after {Next}");
            Assert.InRange(pcm.Length, 1, 1920);
            blocks.Add((firstSample, pcm.ToArray()));
            (Next, Samples) = (firstSample + pcm.Length, Samples + pcm.Length);
        }

        public void Pause(int track) { }
        public void End(int track) => Ends++;

        /// <summary>How alike to a chirp the best of what was given is, within <paramref name="reach"/> samples of one.</summary>
        public double Alike(long sample, int reach)
        {
            var pcm = new float[Chirp.Length + 2 * reach];
            foreach (var (first, block) in blocks)
                for (long i = Math.Max(0, sample - reach - first); i < block.Length && first + i - sample + reach < pcm.Length; i++)
                    pcm[first + i - sample + reach] = block[i];
            return Enumerable.Range(0, 2 * reach).Max(at => Sound.Correlation(pcm.AsSpan(at, Chirp.Length), Chirp));
        }
    }

    private sealed class HeardTrack : IDisposable
    {
        private readonly HearingSink sink = new();
        private readonly AudioTrack track;

        private HeardTrack() => track = new AudioTrack(Track(), sink);

        public long Given => sink.Samples;
        public long LastSample => sink.Next;

        /// <summary>Takes the packets in as a media loop does: every 20 ms what has come.</summary>
        public static HeardTrack Play(TalkingSender sender, SimulatedLink<SentPacket> link)
        {
            foreach (var packet in sender.Sent) link.Send(packet, packet.At);
            var heard = new HeardTrack();
            var now = TimeSpan.Zero;
            foreach (var (packet, arrival) in link.DeliverAll())
            {
                for (; now < arrival; now += Ms(20)) heard.track.Advance(now);
                Take(heard.track, packet, arrival);
            }
            heard.track.Advance(now);
            heard.track.End(Ms(0));
            return heard;
        }

        public bool Finds(TimeSpan chirp, double toleranceMs)
        {
            return sink.Alike(Samples(chirp) / 3, (int)(toleranceMs * Rate / 1000)) > 0.75;
        }

        public void AssertAll(TalkingSender sender, TimeSpan delay, double toleranceMs = 15, Func<TimeSpan, bool>? except = null)
        {
            var missing = sender.Chirps.Where(chirp => except?.Invoke(chirp) != true && !Finds(chirp + delay, toleranceMs)).ToList();
            Assert.True(missing.Count == 0, $"{missing.Count} of {sender.Chirps.Count} chirps are not there: {string.Join(", ", missing.Take(12).Select(c => $"{c.TotalSeconds:0.000}"))} s");
        }

        public void Dispose() => track.Dispose();
    }
}
