using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public class RedTrackTests
{
    private const int Packets = 300;
    private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(960 * Packets, seed: 3), expectedLossPercent: 0);
    private static readonly TrackDescription RedBeside = Track(ssrc: 7) with { RedPayloadType = Red.PayloadType };
    private static readonly TrackDescription RedAlone = Track(ssrc: 7, payloadType: Red.PayloadType) with { Codec = "red", Fmtp = "111/111" };

    [Fact]
    public void What_was_lost_and_a_later_packet_carries_is_in_its_place_as_it_was_sent()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            int copies = random.Next(1, 4);
            var link = new SimulatedLink<int>(seed)
            {
                Loss = random.NextDouble() * 0.2,
                Duplication = random.NextDouble() * 0.05,
                Reordering = random.NextDouble() * 0.1,
                Jitter = Ms(random.Next(40)),
            };
            var datagrams = Chromium(copies);
            for (int n = 0; n < Packets; n++) link.Send(n, Ms(20 * n));
            var delivered = link.DeliverAll().ToList();

            using var meeting = new RedMeeting(RedBeside, decodes: false);
            meeting.Play(delivered.Select(d => (datagrams[d.Packet], d.Arrival)));

            var came = delivered.Select(d => d.Packet).ToHashSet();
            int first = delivered[0].Packet;                                         // what is older than that nobody waits for
            var carried = link.Lost.Where(n => n > came.Min() && n > first && Enumerable.Range(1, copies).Any(k => came.Contains(n + k))).ToHashSet();
            var expected = Enumerable.Range(0, Packets).Where(n => n > first && (came.Contains(n) || carried.Contains(n))).Select(n => Convert.ToHexString(Voice[n]));
            Assert.True(expected.SequenceEqual(meeting.File.Places.Where(p => p.Timestamp > 960 * first).Select(p => p.Payload)), $"seed {seed}");
            Assert.All(meeting.File.Places, place => Assert.Equal(Convert.ToHexString(Voice[(int)(place.Timestamp / 960)]), place.Payload));

            var quality = meeting.Track.Quality();
            int last = came.Max();
            Assert.True(carried.Count == quality.PacketsRecovered, $"seed {seed}: {quality.PacketsRecovered} were recovered, not {carried.Count}");
            Assert.True(link.Lost.Count(n => n > came.Min() && n < last) == quality.PacketsLost, $"seed {seed}");
            Assert.Equal(carried.Count, meeting.Track.Recovered.Red);
        }
    }

    [Fact]
    public void With_every_loss_recovered_the_mix_and_the_captions_hear_what_they_hear_without_loss()
    {
        var datagrams = Chromium(copies: 2);
        var (whole, lossy) = (new RedMeeting(RedBeside), new RedMeeting(RedBeside));
        var all = Enumerable.Range(0, Packets).Select(n => (n, Ms(20 * n + 5))).ToList();
        whole.Play(all.Select(p => (datagrams[p.n], p.Item2)));
        lossy.Play(all.Where(p => p.n % 5 is not (2 or 3)).Select(p => (datagrams[p.n], p.Item2)));

        Assert.Equal(Packets / 5 * 2, lossy.Track.Quality().PacketsRecovered);
        Assert.Empty(lossy.Track.Quality().Gaps);
        Assert.Equal(TimeSpan.Zero, lossy.Track.Quality().Concealed);
        Assert.Equal(whole.Mix, lossy.Mix);
        Assert.Equal(whole.Speech, lossy.Speech);
        whole.Dispose();
        lossy.Dispose();
    }

    [Fact]
    public void Packets_with_and_without_redundancy_are_one_stream()
    {
        var red = Chromium(copies: 1);
        using var meeting = new RedMeeting(RedBeside);
        meeting.Play(Enumerable.Range(0, Packets).Where(n => n % 25 != 24).Select(n => (n / 50 % 2 == 0 ? Plain(n) : red[n], Ms(20 * n))));

        Assert.Single(meeting.File.Places, p => p.Fresh);
        Assert.Equal(Packets / 25 - 1, meeting.Track.Quality().PacketsLost);
        int carried = Enumerable.Range(0, Packets - 1).Count(n => n % 25 == 24 && (n + 1) / 50 % 2 == 1);
        Assert.Equal(carried, meeting.Track.Quality().PacketsRecovered);
    }

    [Theory]
    [InlineData("111/111")]
    [InlineData(null)]
    public void A_track_that_is_RED_altogether_has_the_Opus_inside(string? fmtp)
    {
        var red = Chromium(copies: 1);
        using var meeting = new RedMeeting(RedAlone with { Fmtp = fmtp });
        meeting.Play(Enumerable.Range(0, 100).Where(n => n % 10 != 5).Select(n => (red[n], Ms(20 * n))));

        Assert.Equal(Voice.Take(100).Select(p => Convert.ToHexString(p)), meeting.File.Places.Select(p => p.Payload));
        Assert.Equal(10, meeting.Track.Quality().PacketsRecovered);
    }

    [Fact]
    public void It_takes_the_Opus_by_itself_too_where_it_said_which_type_that_is()
    {
        using var meeting = new RedMeeting(RedAlone);
        meeting.Play(Enumerable.Range(0, 50).Select(n => (Plain(n), Ms(20 * n))));
        Assert.Equal(50, meeting.File.Places.Count);

        using var silent = new RedMeeting(RedAlone with { Fmtp = null });
        silent.Play(Enumerable.Range(0, 50).Select(n => (Plain(n), Ms(20 * n))));
        Assert.Empty(silent.File.Places);
    }

    [Fact]
    public void An_original_that_comes_late_takes_the_place_of_its_copy()
    {
        byte[] copy = Payload(900), own = Payload(901);
        using var meeting = new RedMeeting(RedBeside);
        meeting.Play(
        [
            (Plain(0), Ms(0)), (Plain(1), Ms(20)),
            (Datagram(7, 3, 960 * 3, Red.Payload([(960, copy)], Voice[3]), Red.PayloadType), Ms(60)),
            (Datagram(7, 2, 960 * 2, own), Ms(300)),
            (Datagram(7, 4, 960 * 4, Red.Payload([(1920, copy), (960, copy)], Voice[4]), Red.PayloadType), Ms(320)),
        ]);

        Assert.Equal(Convert.ToHexString(own), meeting.File.Places[2].Payload);
        Assert.Equal(Convert.ToHexString(Voice[3]), meeting.File.Places[3].Payload);
        Assert.Equal((0, 0), (meeting.Track.Quality().PacketsRecovered, meeting.Track.Quality().PacketsLost));
    }

    [Fact]
    public void Of_a_sender_that_carries_each_packet_three_later_all_that_was_lost_is_in_its_place()
    {
        using var meeting = new RedMeeting(RedBeside);
        meeting.Play(Enumerable.Range(0, Packets).Where(n => n < 5 || n % 7 is not (3 or 4)).Select(n =>
            (Datagram(7, (ushort)n, (uint)(960 * n), n < 3 ? Red.Payload([], Voice[n]) : Red.Payload([(3 * 960, Voice[n - 3])], Voice[n]), Red.PayloadType), Ms(20 * n))));

        Assert.All(meeting.File.Places, place => Assert.Equal(Convert.ToHexString(Voice[(int)(place.Timestamp / 960)]), place.Payload));
        Assert.InRange(meeting.File.Places.Count, Packets - 2, Packets);             // the last ones nobody carried
    }

    [Fact]
    public void Blocks_of_another_type_and_packets_that_are_not_RED_bring_nothing()
    {
        byte[] telephoneEvent = Datagram(7, 3, 960 * 3, Red.Payload([(960, Payload(1))], Voice[3], blocks: 101), Red.PayloadType);
        byte[] broken = Datagram(7, 5, 960 * 5, [0xEF, 0xFF, 0xFF, 0xFF], Red.PayloadType);
        using var meeting = new RedMeeting(RedBeside);
        meeting.Play([.. Enumerable.Range(0, 20).Where(n => n is not 2).Select(n => (n == 3 ? telephoneEvent : n == 5 ? broken : Plain(n), Ms(20 * n)))]);

        Assert.Equal(Enumerable.Range(0, 20).Where(n => n is not (2 or 3 or 5)).Select(n => Convert.ToHexString(Voice[n])), meeting.File.Places.Select(p => p.Payload));
    }

    [Fact]
    public async Task The_journal_has_the_packets_as_they_came_and_gives_the_same_again()
    {
        using var journal = new JournalFolder();
        var datagrams = Chromium(copies: 2);
        var arrivals = Enumerable.Range(0, Packets).Where(n => n % 6 is not (1 or 2)).Select(n => (datagrams[n], Ms(20 * n))).ToList();
        RedMeeting live;
        await using (var writer = journal.Open())
        {
            _ = writer.AppendAsync(JournalFolder.Added(RedBeside) with { RedPayloadType = Red.PayloadType }, Ms(0));
            live = new RedMeeting(RedBeside, writer);
            live.Play(arrivals);
            await writer.AppendAsync(new MeetingClosed(6_000_000), Ms(6000));
        }

        Assert.Equal(
            arrivals.Select(a => Convert.ToHexString(a.Item1)),
            journal.Read().Records.Where(r => r.StartsWith("Rtp ", StringComparison.Ordinal)).Select(r => r.Split(' ')[^1]));
        var again = new PlacedPackets();
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false, Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        playback.TrackAdded += track => ((AudioTrack)track).File = again;
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(Ms(6000));

        Assert.Equal(live.File.Places, again.Places);
        Assert.Equal(live.Track.Recovered, pipeline.Tracks[0].Recovered);
        live.Dispose();
    }

    [Fact]
    public async Task What_was_said_in_a_pause_is_taken_out_of_what_comes_after_it()
    {
        using var journal = new JournalFolder();
        var datagrams = Chromium(copies: 3);
        await using (var writer = journal.Open())
        {
            using var meeting = new RedMeeting(RedBeside, writer);
            meeting.Play(
                Enumerable.Range(0, 100).Where(n => n is not (49 or 56)).Select(n => (datagrams[n], Ms(20 * n))),   // the pause's last, and one after it, are lost
                n =>
                {
                    if (n == 30) meeting.Pipeline.Pause(Ms(599));
                    if (n == 50) meeting.Pipeline.Resume(Ms(999));
                });
            Assert.DoesNotContain(meeting.File.Places, p => p.Timestamp is >= 960 * 30 and < 960 * 50);
            Assert.Equal(1, meeting.Track.Recovered.Red);                            // the one after it
        }

        var records = journal.Read().Records;
        for (int n = 30; n < 50; n++) Assert.DoesNotContain(records, r => r.Contains(Convert.ToHexString(Voice[n]), StringComparison.Ordinal));
        Assert.Contains(records, r => r.Contains(Convert.ToHexString(Voice[56]), StringComparison.Ordinal));
    }

    private static byte[] Plain(int n) => Datagram(7, (ushort)n, (uint)(960 * n), Voice[n]);

    private static List<byte[]> Chromium(int copies)
    {
        var red = new ChromiumRed(copies);
        return [.. Enumerable.Range(0, Packets).Select(n => Datagram(7, (ushort)n, (uint)(960 * n), red.Next(960 * n, Voice[n]), Red.PayloadType))];
    }

    /// <summary>A meeting of one track, and what became of it.</summary>
    private sealed class RedMeeting : IDisposable, ISpeechSink
    {
        private readonly CollectingMix mix = new();

        public RedMeeting(TrackDescription track, JournalWriter? journal = null, bool decodes = true)
        {
            Pipeline = new MediaPipeline(journal, mix, decodes ? this : null) { Decodes = decodes };
            Track = (AudioTrack)Pipeline.AddTrack(track);
            Track.File = File;
        }

        public MediaPipeline Pipeline { get; }
        public AudioTrack Track { get; }
        public PlacedPackets File { get; } = new();
        public List<float> Mix => mix.Samples;
        public List<(long, float)> Speech { get; } = [];

        /// <param name="before">Called with the sequence number before each packet.</param>
        public void Play(IEnumerable<(byte[] Datagram, TimeSpan Arrival)> packets, Action<int>? before = null)
        {
            var now = TimeSpan.Zero;
            foreach (var (datagram, arrival) in packets)
            {
                for (; now + Ms(20) <= arrival; now += Ms(20)) Pipeline.Advance(now);
                before?.Invoke(datagram[2] << 8 | datagram[3]);
                Pipeline.Receive([.. datagram], Loopback, arrival);
                Pipeline.Commit();
            }
            for (var end = now + Ms(4000); now < end; now += Ms(20)) Pipeline.Advance(now);
        }

        void ISpeechSink.Write(int track, long firstSample, ReadOnlySpan<float> pcm)
        {
            foreach (float sample in pcm) Speech.Add((firstSample++, sample));
        }

        void ISpeechSink.Pause(int track) { }
        void ISpeechSink.End(int track) { }

        public void Dispose() => Pipeline.Dispose();
    }
}
