using Pipeline.Ingest.Net;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Srtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

public sealed class FeedbackTests : IDisposable
{
    private static readonly byte[] Key = [0x10, 0x00, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 1], Delta = [0x10, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];   // VP8, RFC 7741 §4
    private const byte ReceiverReport = 201, SourceDescription = 202, TransportFeedback = 205;
    private readonly SentFeedback feedback = new();
    private readonly List<(int At, uint Ssrc)> pictures = [];                        // asked for, in milliseconds
    private readonly Dictionary<uint, ushort> numbers = [];
    private readonly MediaPipeline pipeline = new(journal: null, mix: null, speech: null) { Decodes = false };

    public FeedbackTests() => pipeline.SpeakThrough(feedback, new Random(1));

    public void Dispose() => pipeline.Dispose();

    [Fact]
    public void Reports_say_what_the_link_did()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var link = new SimulatedLink<int>(seed) { Loss = 0.1, Duplication = 0.03, Reordering = 0.1, Jitter = Ms(20) };
            const int First = 65000;                                                 // wraps
            for (int n = 0; n < 1500; n++) link.Send(n, Ms(20 * n));
            var delivered = link.DeliverAll().ToList();
            var sent = new SentFeedback();
            using var meeting = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false };
            meeting.SpeakThrough(sent, new Random(seed));
            meeting.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8"));

            int next = 0, reported = 0, expectedBefore = 0, receivedBefore = 0;
            for (int now = 20; now < 31_000; now += 20)
            {
                for (; next < delivered.Count && delivered[next].Arrival <= Ms(now); next++)
                    meeting.Receive(Datagram(7, (ushort)(First + delivered[next].Packet), (uint)(960 * delivered[next].Packet), Payload(1)), Loopback, delivered[next].Arrival);
                meeting.Advance(Ms(now));
                var reports = sent.Of(ReceiverReport);
                if (reports.Count == reported) continue;
                reported = reports.Count;

                var came = delivered.Take(next).Select(d => d.Packet).ToList();      // A.3, from the link's own account
                int highest = came.Max(), expected = highest - came.Min() + 1, lost = expected - came.Count;
                int newlyExpected = expected - expectedBefore, newlyLost = newlyExpected - (came.Count - receivedBefore);
                (expectedBefore, receivedBefore) = (expected, came.Count);
                var block = reports[^1];
                Assert.Equal(1, block.Count);
                Assert.Equal(7u, block.Word(2));
                Assert.True(((uint)Math.Max(0, (newlyLost << 8) / newlyExpected) << 24 | ((uint)lost & 0xFFFFFF)) == block.Word(3), $"seed {seed}, report {reported}");
                Assert.Equal((uint)(First + highest), block.Word(4));
                Assert.InRange(block.Word(5), 1u, 48u * 40);
                Assert.Equal(0u, block.Word(6));
            }
            Assert.InRange(reported, 5, 13);                                         // of thirty seconds, every 2 to 6.2
        }
    }

    [Fact]
    public void A_report_tells_the_sender_when_its_own_came()
    {
        pipeline.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8"));
        int reported = -1;
        for (int n = 0; n < 400 && reported < 0; n++)
        {
            Receive(n);
            if (n == 5) pipeline.Receive(Report(7, Ms(1500), 1), Loopback, Ms(100));
            if (feedback.Compounds.Count > 0) reported = n;
        }

        var first = feedback.Of(ReceiverReport)[0];
        Assert.Equal((uint)(Ntp(Ms(1500)) >> 16), first.Word(6));
        Assert.Equal((20 * reported - 100) / 1000.0, first.Word(7) / 65536.0, tolerance: 1e-4);
    }

    [Fact]
    public void Each_packet_begins_with_a_report_and_names_the_same_receiver()
    {
        pipeline.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8") with { Rtx = new RtxParameters(112, 8) });
        for (int n = 0; n < 600; n++) if (n % 50 != 10) Receive(n);

        Assert.True(feedback.Compounds.Count > 10);
        Assert.All(feedback.Compounds, c => Assert.Equal([ReceiverReport, SourceDescription], SentFeedback.Read(c.Compound).Take(2).Select(p => p.Type)));
        Assert.Single(feedback.Of(SourceDescription).Select(p => Convert.ToHexString(p.Bytes)).Distinct());
        Assert.NotEmpty(feedback.Of(TransportFeedback));
    }

    [Theory]
    [InlineData(null, false)]                                                        // on the same machine, and yet not declared
    [InlineData("127.0.0.0/8", true)]
    public void Only_to_a_declared_network_anything_is_sent(string? from, bool isSpokenTo)
    {
        pipeline.AddTrack(Track(ssrc: 7, from: from) with { Rtx = new RtxParameters(112, 8) });
        for (int n = 0; n < 600; n++) if (n % 50 != 10) Receive(n);

        Assert.Equal(isSpokenTo, feedback.Compounds.Count > 0);
        Assert.All(feedback.Compounds, c => Assert.Equal(new ReturnPath(Loopback, OddPort: false), c.To));
    }

    [Fact]
    public void To_an_SRTP_sender_nothing_is_sent_before_a_packet_verified()
    {
        pipeline.AddTrack(Track(ssrc: 7, srtp: SrtpSenders.Parameters()) with { Rtx = new RtxParameters(112, 8) });
        for (int n = 0; n < 600; n++) if (n % 50 != 10) Receive(n);

        Assert.Empty(feedback.Compounds);
    }

    [Fact]
    public void Strangers_are_not_answered_whatever_they_ask_or_send()
    {
        pipeline.AddTrack(Track(ssrc: 7, from: "192.0.2.0/24"));
        for (int n = 0; n < 600; n++) Receive(n);
        pipeline.Receive(Report(7, Ms(0), 1), Loopback, Ms(12_000));
        pipeline.Receive([0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 7], Loopback, Ms(12_001));
        pipeline.Advance(Ms(12_020));

        Assert.Empty(feedback.Compounds);
        Assert.Equal(2, pipeline.Repairs().RefusedRtcp);
    }

    [Fact]
    public void A_sender_that_reports_from_a_port_of_its_own_is_answered_there()
    {
        var rtcp = Loopback with { Port = 5001 };
        pipeline.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8"));
        Receive(0);
        pipeline.Receive(Report(7, Ms(0), 1), rtcp, Ms(1), oddPort: true);
        for (int n = 1; n < 600; n++) Receive(n);

        Assert.NotEmpty(feedback.Compounds);
        Assert.All(feedback.Compounds, c => Assert.Equal(new ReturnPath(rtcp, OddPort: true), c.To));
    }

    [Fact]
    public void A_report_from_another_machine_leads_nobody_there()
    {
        pipeline.AddTrack(Track(ssrc: 7, from: "0.0.0.0/0"));
        Receive(0);
        pipeline.Receive(Report(7, Ms(0), 1), Peer("203.0.113.9", 53), Ms(1));
        for (int n = 1; n < 600; n++) Receive(n);

        Assert.NotEmpty(feedback.Compounds);
        Assert.All(feedback.Compounds, c => Assert.Equal(Loopback, c.To.Peer));
    }

    [Fact]
    public void Where_a_forwarder_told_of_an_address_it_is_spoken_to_there_and_plainly()
    {
        var address = PeerAddress.Of(System.Net.IPEndPoint.Parse("127.0.0.1:57401"));
        pipeline.AddTrack(Track(ssrc: 7, srtp: SrtpSenders.Parameters()));
        pipeline.SetFeedback(1, address);
        using var sender = new Pipeline.Ingest.Srtp.SrtpSender(SrtpSenders.Parameters(), 7);
        for (int n = 0; n < 600; n++)
        {
            pipeline.Receive(sender.Protect(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n))), Loopback, Ms(20 * n));
            pipeline.Advance(Ms(20 * n));
        }

        Assert.NotEmpty(feedback.Of(ReceiverReport));
        Assert.All(feedback.Compounds, c => Assert.Equal(address, c.To.Peer));
    }

    [Fact]
    public void Nobody_is_told_of_what_is_missing_from_a_pause_nor_told_anything_after_a_goodbye_or_the_tracks_end()
    {
        pipeline.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8") with { Rtx = new RtxParameters(112, 8) });
        for (int n = 0; n < 50; n++) Receive(n);
        pipeline.Pause(Ms(1000));
        for (int n = 51; n < 100; n++) if (n % 10 != 0) Receive(n);
        pipeline.Resume(Ms(1999));
        for (int n = 100; n < 150; n++) Receive(n);
        Assert.Empty(feedback.Of(TransportFeedback));

        pipeline.Receive([.. Report(7, Ms(0), 1), 0x81, 203, 0, 1, 0, 0, 0, 7], Loopback, Ms(3000));
        int said = feedback.Compounds.Count;
        for (int now = 3000; now < 20_000; now += 20) pipeline.Advance(Ms(now));
        Assert.Equal(said, feedback.Compounds.Count);

        for (int n = 1000; n < 1500; n++) Receive(n);                                // it came back
        Assert.True(feedback.Compounds.Count > said);
        pipeline.EndTrack(1);
        said = feedback.Compounds.Count;
        for (int now = 30_000; now < 50_000; now += 20) pipeline.Advance(Ms(now));
        Assert.Equal(said, feedback.Compounds.Count);
    }

    [Fact]
    public void A_whole_picture_is_asked_for_at_the_start_and_after_a_loss_and_not_while_pictures_come()
    {
        pipeline.AddTrack(new TrackDescription(1, "alice", "Alice", "vp8", 96, 90000, 1, 7, null, System.Net.IPNetwork.Parse("127.0.0.0/8")) { Kind = MediaKind.Video });
        var asked = new List<int>();
        for (int n = 0; n < 300; n++)
        {
            if (n != 150) pipeline.Receive(Datagram(7, (ushort)n, (uint)(3600 * n), n is 50 or 250 ? Key : Delta, 96), Loopback, Ms(40 * n));
            feedback.Compounds.Clear();
            pipeline.Advance(Ms(40 * n));
            foreach (var pli in feedback.Of(206))
            {
                asked.Add(40 * n);
                Assert.Equal((1, 7u, 12), (pli.Count, pli.Word(2), pli.Bytes.Length));
            }
        }

        Assert.Equal([0, 520, 1520], asked.Where(at => at < 2000));                  // until the key frame of the second 2
        Assert.DoesNotContain(asked, at => at is >= 2000 and < 6000);
        Assert.InRange(asked.First(at => at >= 6000), 6040, 6560);                   // once it was missing for too long to be repaired
        Assert.DoesNotContain(asked, at => at >= 10_000);
    }

    [Fact]
    public void Each_encoding_is_asked_at_once_however_often_another_was_asked_in_vain()
    {
        pipeline.AddTrack(Layered());
        Play(Enumerable.Range(0, 200), n => [(11, Delta), .. n >= 100 ? [(12, Delta)] : Array.Empty<(uint, byte[])>()]);

        Assert.Equal([0, 520, 1520, 3520, 7520], pictures.Where(p => p.Ssrc == 11).Select(p => p.At));
        Assert.Equal([4000, 4520, 5520, 7520], pictures.Where(p => p.Ssrc == 12).Select(p => p.At));
    }

    [Fact]
    public void What_could_not_be_asked_is_asked_as_soon_as_there_is_a_way()
    {
        pipeline.AddTrack(Layered() with { From = null });
        Play(Enumerable.Range(0, 100), _ => [(11, Delta)]);
        Assert.Empty(pictures);
        pipeline.SetFeedback(1, PeerAddress.Of(System.Net.IPEndPoint.Parse("127.0.0.1:57401")));
        Play(Enumerable.Range(100, 5), _ => [(11, Delta)]);

        Assert.Equal([(4000, 11u)], pictures);
    }

    [Fact]
    public void When_the_encoding_that_was_shown_stops_the_one_that_goes_on_is_asked_for_a_key_frame_until_one_comes()
    {
        pipeline.AddTrack(Layered());
        Play(Enumerable.Range(0, 250), n => [(11, n is 0 or 140 ? Key : Delta), .. n < 75 ? [(12, n == 0 ? Key : Delta)] : Array.Empty<(uint, byte[])>()]);

        Assert.Equal([4080, 4600], pictures.Select(p => p.At));                      // the other one's last came at 2960
        Assert.All(pictures, p => Assert.Equal(11u, p.Ssrc));
    }

    [Fact]
    public void When_all_encodings_rest_for_a_while_none_is_asked_for_anything()
    {
        pipeline.AddTrack(Layered());
        Play(Enumerable.Range(0, 250), n => n is >= 75 and < 150 ? [] : n == 150 ? [(11, Delta)] : [(11, n == 0 ? Key : Delta), (12, n == 0 ? Key : Delta)]);

        Assert.Empty(pictures);
    }

    [Fact]
    public void A_forwarder_is_asked_for_a_picture_before_anything_came()
    {
        var address = PeerAddress.Of(System.Net.IPEndPoint.Parse("127.0.0.1:57401"));
        pipeline.AddTrack(new TrackDescription(1, "alice", "Alice", "vp8", 96, 90000, 1, 7, null, null) { Kind = MediaKind.Video });
        pipeline.SetFeedback(1, address);
        pipeline.Advance(Ms(20));

        Assert.Equal(address, Assert.Single(feedback.Compounds).To.Peer);
        Assert.Equal(7u, Assert.Single(feedback.Of(206)).Word(2));
    }

    [Fact]
    public void What_cannot_be_sent_is_counted_and_nothing_else()
    {
        using var mute = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false };
        mute.SpeakThrough(new SentFeedback { Fails = true }, new Random(1));
        mute.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8"));
        for (int n = 0; n < 600; n++)
        {
            mute.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
            mute.Advance(Ms(20 * n));
        }

        Assert.Equal(0, mute.Repairs().Said.Reports);
        Assert.True(mute.Repairs().Said.Failed > 0);
        Assert.Equal(600, mute.Tracks[0].Quality().PacketsReceived);
    }

    private static TrackDescription Layered() => new(1, "alice", "Alice", "vp8", 96, 90000, 1, null, null, System.Net.IPNetwork.Parse("127.0.0.0/8"))
    {
        Kind = MediaKind.Video,
        Layers = [new LayerParameters("l", 11), new LayerParameters("h", 12)],
    };

    /// <summary>25 pictures a second, of those SSRCs that have one then.</summary>
    private void Play(IEnumerable<int> range, Func<int, (uint Ssrc, byte[] Payload)[]> sent)
    {
        foreach (int n in range)
        {
            foreach (var (ssrc, payload) in sent(n))
                pipeline.Receive(Datagram(ssrc, numbers[ssrc] = (ushort)(numbers.GetValueOrDefault(ssrc) + 1), (uint)(3600 * n), payload, 0x80 | 96), Loopback, Ms(40 * n));
            feedback.Compounds.Clear();
            pipeline.Advance(Ms(40 * n));
            foreach (var pli in feedback.Of(206)) pictures.Add((40 * n, pli.Word(2)));
        }
    }

    private void Receive(int n)
    {
        pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
        pipeline.Advance(Ms(20 * n));
    }
}
