using System.Buffers.Binary;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Srtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public class RetransmissionTests
{
    private const byte RtxType = 112;
    private const uint RtxSsrc = 8;
    private const int Packets = 500;
    private static readonly TrackDescription Declared = Track(ssrc: 7, from: "127.0.0.0/8") with { Rtx = new RtxParameters(RtxType, RtxSsrc) };

    [Fact]
    public void A_sender_that_answers_leaves_nothing_missing_and_each_packet_is_as_it_was_sent()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var run = new Run(Declared, seed, loss: 0.01 + 0.01 * (seed % 10));
            run.Play();

            Assert.True(Run.Sent.SequenceEqual(run.File.Places.Select(p => p.Payload)), $"seed {seed}: {run.File.Places.Count} of {Packets} are there");
            Assert.All(run.File.Places, p => Assert.Equal(run.Lost.Contains((int)(p.Timestamp / 960)) ? Recovery.Retransmission : Recovery.None, p.Recovery));
            var quality = run.Track.Quality();
            Assert.Equal((Packets - run.Lost.Count, run.Lost.Count, run.Lost.Count), (quality.PacketsReceived, quality.PacketsLost, quality.PacketsRecovered));
            Assert.Equal(new RecoveredCounts(0, 0, run.Lost.Count), run.Track.Recovered);
            Assert.Empty(quality.Gaps);
            run.Dispose();
        }
    }

    [Fact]
    public void The_same_under_SRTP_where_the_requests_are_protected_too()
    {
        var key = SrtpSenders.Parameters();
        var run = new Run(Track(ssrc: 7, srtp: key) with { Rtx = new RtxParameters(RtxType, RtxSsrc) }, seed: 4, loss: 0.05);
        run.Play();

        Assert.True(run.Lost.Count > 10);
        Assert.Equal(Run.Sent, run.File.Places.Select(p => p.Payload));
        run.Dispose();
    }

    [Fact]
    public void A_repair_stream_that_nobody_named_is_known_by_its_payload_type_and_address()
    {
        var run = new Run(Declared with { Rtx = new RtxParameters(RtxType, null) }, seed: 5, loss: 0.05);
        run.Play();
        Assert.Equal(Run.Sent, run.File.Places.Select(p => p.Payload));
        run.Dispose();
    }

    [Fact]
    public async Task The_journal_has_the_packets_as_they_came_and_gives_the_same_again()
    {
        using var journal = new JournalFolder();
        Run live;
        await using (var writer = journal.Open())
        {
            _ = writer.AppendAsync(JournalFolder.Added(Declared) with { Rtx = new RtxAdded(RtxType, RtxSsrc) }, Ms(0));
            live = new Run(Declared, seed: 6, loss: 0.06, writer);
            live.Play();
            await writer.AppendAsync(new MeetingClosed(12_000_000), Ms(12_000));
        }

        var again = new PlacedPackets();
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false, Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        playback.TrackAdded += track => ((AudioTrack)track).File = again;
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(Ms(12_000));

        Assert.Contains(live.File.Places, p => p.Recovery == Recovery.Retransmission);
        Assert.Equal(live.File.Places, again.Places);
        Assert.Equal(live.Track.Quality().PacketsRecovered, pipeline.Tracks[0].Quality().PacketsRecovered);
        live.Dispose();
    }

    [Fact]
    public void What_comes_again_and_was_not_missing_changes_nothing()
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null);
        var track = (AudioTrack)pipeline.AddTrack(Declared);
        var file = track.File = new PlacedPackets();
        for (int n = 0; n < 10; n++) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
        int repair = 0;
        void Again(params byte[] payload) => pipeline.Receive(Datagram(RtxSsrc, (ushort)repair++, 960, payload, RtxType), Loopback, Ms(200));
        Again(0, 5, 0xF8, 1, 2);                                                     // there already
        Again(0, 50, 0xF8, 1, 2);                                                    // not sent yet
        Again(0xFF, 0xFE, 0xF8, 1, 2);                                               // before all that came
        Again(0);                                                                    // half a number
        Again();                                                                     // only fills the wire
        for (int now = 200; now < 5000; now += 20) pipeline.Advance(Ms(now));

        Assert.Equal(10, ((PlacedPackets)file).Places.Count);
        Assert.Equal((10, 0, 0), (track.Quality().PacketsReceived, track.Quality().PacketsRecovered, track.Quality().Duplicates));
    }

    [Fact]
    public async Task What_was_sent_in_a_pause_is_not_taken_when_it_comes_again_after_it()
    {
        using var journal = new JournalFolder();
        byte[] secret = Payload(777_777), allowed = Payload(888_888);
        await using (var writer = journal.Open())
        {
            using var pipeline = new MediaPipeline(writer, mix: null, speech: null);
            var track = (AudioTrack)pipeline.AddTrack(Declared);
            void Receive(int n) => pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
            for (int n = 0; n < 10; n++) Receive(n);
            pipeline.Pause(Ms(199));
            for (int n = 10; n < 20; n++) if (n != 15) Receive(n);
            pipeline.Resume(Ms(399));
            for (int n = 20; n < 30; n++) if (n != 25) Receive(n);
            pipeline.Receive(Datagram(RtxSsrc, 1, 960 * 15, [0, 15, .. secret], RtxType), Loopback, Ms(600));
            pipeline.Receive(Datagram(RtxSsrc, 2, 960 * 25, [0, 25, .. allowed], RtxType), Loopback, Ms(601));
            pipeline.Commit();
            for (int now = 620; now < 5000; now += 20) pipeline.Advance(Ms(now));
            Assert.Equal(1, track.Recovered.Rtx);
        }
        var records = journal.Read().Records;
        Assert.DoesNotContain(records, r => r.Contains(Convert.ToHexString(secret), StringComparison.Ordinal));
        Assert.Contains(records, r => r.Contains(Convert.ToHexString(allowed), StringComparison.Ordinal));
    }

    /// <summary>Ten seconds of a sender that keeps what it sent, and a network that loses media, requests and what comes again alike.</summary>
    private sealed class Run : IDisposable
    {
        private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(960 * Packets, seed: 9));
        public static readonly List<string> Sent = [.. Voice.Select(p => Convert.ToHexString(p))];

        private readonly SentFeedback feedback = new();
        private readonly MediaPipeline pipeline;
        private readonly Random random;
        private readonly double loss;
        private readonly SrtpSender? media, repair;
        private readonly SrtpStream? requests;
        private ushort repairSequence = 65530;

        public Run(TrackDescription description, int seed, double loss, JournalWriter? journal = null)
        {
            (random, this.loss) = (new Random(seed), loss);
            pipeline = new MediaPipeline(journal, mix: null, speech: null) { Decodes = false };
            pipeline.SpeakThrough(feedback, new Random(seed));
            Track = (AudioTrack)pipeline.AddTrack(description);
            Track.File = File;
            if (description.Srtp is not { } key) return;
            (media, repair) = (new SrtpSender(key, 7), new SrtpSender(key, RtxSsrc));
            requests = new SrtpStream(key, OurSsrc(seed), floor: -1);
        }

        public AudioTrack Track { get; }
        public PlacedPackets File { get; } = new();
        public HashSet<int> Lost { get; } = [];

        public void Play()
        {
            var underWay = new PriorityQueue<byte[], TimeSpan>();
            for (int n = 0; n < Packets + 150; n++)
            {
                var now = Ms(20 * n);
                if (n < Packets)
                {
                    byte[] packet = Datagram(7, (ushort)(65500 + n), (uint)(960 * n), Voice[n]);
                    packet = media?.Protect(packet) ?? packet;
                    bool isLost = n > 0 && n < Packets - 1 && random.NextDouble() < loss;
                    if (isLost) Lost.Add(n);
                    else underWay.Enqueue(packet, now + Ms(30 + random.Next(15)));
                }
                while (underWay.TryPeek(out _, out var arrival) && arrival <= now) pipeline.Receive(underWay.Dequeue(), Loopback, arrival);
                pipeline.Commit();
                pipeline.Advance(now);
                foreach (var (compound, to) in feedback.Compounds)
                {
                    Assert.Equal(Loopback, to.Peer);
                    if (random.NextDouble() >= loss) Answer(compound, now + Ms(60), underWay);
                }
                feedback.Compounds.Clear();
            }
        }

        public void Dispose()
        {
            pipeline.Dispose();
            media?.Dispose();
            repair?.Dispose();
            requests?.Dispose();
        }

        private void Answer(byte[] compound, TimeSpan at, PriorityQueue<byte[], TimeSpan> underWay)
        {
            if (requests is not null)
            {
                Span<byte> plain = compound;
                Assert.Equal(SrtpProof.Verified, requests.UnprotectRtcp(ref plain));
                compound = plain.ToArray();
            }
            foreach (var nack in SentFeedback.Read(compound).Where(p => p.Type == 205))
            {
                Assert.Equal(7u, nack.Word(2));
                foreach (ushort asked in SentFeedback.Asked(nack))
                {
                    int n = (ushort)(asked - 65500);
                    Assert.Contains(n, Lost);                                        // nothing is asked for that came
                    byte[] again = Datagram(RtxSsrc, repairSequence++, (uint)(960 * n), [.. Number(asked), .. Voice[n]], RtxType);
                    again = repair?.Protect(again) ?? again;
                    if (random.NextDouble() >= loss) underWay.Enqueue(again, at);
                }
            }
        }

        private static byte[] Number(ushort sequence)
        {
            var number = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(number, sequence);
            return number;
        }

        /// <summary>The first thing it draws.</summary>
        private static uint OurSsrc(int seed) => (uint)new Random(seed).NextInt64(1L << 32);
    }
}
