using System.Net;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Video;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Repair;

/// <summary>Of what comes again, what is taken.</summary>
public class RepairAdmissionTests
{
    private const byte RtxType = 112, Vp8 = 96, Last = 0x80;
    private const uint RtxSsrc = 8;
    private static readonly TrackDescription Voice = Track(ssrc: 7, from: "127.0.0.0/8") with { Rtx = new RtxParameters(RtxType, RtxSsrc) };
    private static readonly TrackDescription Camera = new TrackDescription(1, "alice", "Alice", "vp8", Vp8, 90000, 1, 7, null, IPNetwork.Parse("127.0.0.0/8"))
    {
        Kind = MediaKind.Video,
        Rtx = new RtxParameters(RtxType, RtxSsrc),
    };
    private static readonly byte[] Key = [0x10, 0x00, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00, 1], Delta = [0x10, 0x01, 1, 2];

    [Theory]
    [InlineData("again")]
    [InlineData("late")]
    [InlineData("again, late")]
    public void A_picture_that_comes_more_than_once_is_one_and_none_behind_it_is_lost(string after)
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null);
        var track = (VideoTrack)pipeline.AddTrack(Camera);
        var shown = new Shown();
        track.Pictures = shown;
        int repair = 0;
        void Send(int n) => pipeline.Receive(Datagram(7, (ushort)n, (uint)(3600 * n), n == 0 ? Key : Delta, Vp8 | Last), Loopback, Ms(40 * n + 10));
        void Again(int n, int at) => pipeline.Receive(Datagram(RtxSsrc, (ushort)repair++, (uint)(3600 * n), [0, (byte)n, .. Delta], RtxType | Last), Loopback, Ms(at));
        for (int n = 0; n < 100; n++)
        {
            if (n != 50) Send(n);
            if (n == 52) Again(50, 40 * n + 20);
            if (n == 53 && after.Contains("again", StringComparison.Ordinal)) Again(50, 40 * n + 20);
            if (n == 54 && after.Contains("late", StringComparison.Ordinal)) pipeline.Receive(Datagram(7, 50, 3600 * 50, Delta, Vp8 | Last), Loopback, Ms(40 * n + 30));
            pipeline.Advance(Ms(40 * n + 40));
        }
        pipeline.Finish(Ms(6000));

        Assert.Equal(100, shown.Count);
        Assert.False(track.NeedsKeyFrameOf(7));
        bool late = after.Contains("late", StringComparison.Ordinal);
        Assert.Equal((late ? 100 : 99, late ? 0 : 1, 0), (track.Quality().PacketsReceived, track.Quality().PacketsLost, track.Quality().Duplicates));
        Assert.Equal(1, track.Recovered.Rtx);
    }

    [Fact]
    public void What_comes_again_with_a_timestamp_far_from_those_around_it_is_not_taken()
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null) { Decodes = false };
        var track = (AudioTrack)pipeline.AddTrack(Voice);
        var file = new PlacedPackets();
        track.File = file;
        for (int n = 0; n < 100; n++)
        {
            if (n != 50) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
            if (n == 55) pipeline.Receive(Datagram(RtxSsrc, 1, 48_000 * 3600, [0, 50, .. Payload(777)], RtxType), Loopback, Ms(20 * n + 1));
            if (n == 56) pipeline.Receive(Datagram(RtxSsrc, 2, 960 * 50, [0, 50, .. Payload(50)], RtxType), Loopback, Ms(20 * n + 1));
            pipeline.Advance(Ms(20 * n));
        }
        for (int now = 2000; now < 6000; now += 20) pipeline.Advance(Ms(now));

        Assert.Equal(Enumerable.Range(0, 100).Select(n => Convert.ToHexString(Payload(n))), file.Places.Select(p => p.Payload));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_was_lost_at_the_end_of_a_pause_is_neither_asked_for_nor_kept_when_it_comes(bool denied)
    {
        using var journal = new JournalFolder();
        var asked = new SentFeedback();
        await using (var writer = journal.Open())
        {
            using var pipeline = new MediaPipeline(writer, mix: null, speech: null) { Decodes = false };
            pipeline.SpeakThrough(asked, new Random(1));
            var track = (AudioTrack)pipeline.AddTrack(Voice);
            for (int n = 0; n < 100; n++)
            {
                if (n == 30 && denied) pipeline.SetConsent("alice", denied: true, Ms(599));
                else if (n == 30) pipeline.Pause(Ms(599));
                if (n == 50 && denied) pipeline.SetConsent("alice", denied: false, Ms(999));
                else if (n == 50) pipeline.Resume(Ms(999));
                if (n is not (>= 45 and <= 51 or 60)) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), Loopback, Ms(20 * n));
                pipeline.Commit();
                pipeline.Advance(Ms(20 * n));
            }
            foreach (int n in (int[])[45, 49, 50, 60])
                pipeline.Receive(Datagram(RtxSsrc, (ushort)n, (uint)(960 * n), [0, (byte)n, .. Payload(n)], RtxType), Loopback, Ms(2000 + n));
            pipeline.Commit();
            Assert.Equal([60], asked.Of(205).SelectMany(SentFeedback.Asked).Distinct().Select(s => (int)s));
        }

        var records = journal.Read().Records;
        for (int n = 30; n < 52; n++) Assert.DoesNotContain(records, r => r.Contains(Convert.ToHexString(Payload(n)), StringComparison.Ordinal));
        Assert.Contains(records, r => r.Contains(Convert.ToHexString(Payload(60)), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("red", true)]
    [InlineData("opus", false)]
    public async Task Redundancy_that_comes_again_has_nothing_of_a_pause_however_late_it_is(string codec, bool isKnownToBeRed)
    {
        using var journal = new JournalFolder();
        var description = codec == "red"
            ? Voice with { Codec = "red", PayloadType = Red.PayloadType, Fmtp = "111/111" }
            : Voice with { RedPayloadType = Red.PayloadType };
        static byte[] Redundant(int n) => n < 3 ? Red.Payload([], Payload(n)) : Red.Payload([(1920, Payload(n - 2)), (960, Payload(n - 1))], Payload(n));
        await using (var writer = journal.Open())
        {
            using var pipeline = new MediaPipeline(writer, mix: null, speech: null) { Decodes = false };
            pipeline.AddTrack(description);
            for (int n = 0; n < 150; n++)
            {
                if (n == 30) pipeline.Pause(Ms(599));
                if (n == 50) pipeline.Resume(Ms(999));
                if (n is not (51 or 52 or 80)) pipeline.Receive(Datagram(7, (ushort)n, (uint)(960 * n), Redundant(n), Red.PayloadType), Loopback, Ms(20 * n));
                pipeline.Commit();
                pipeline.Advance(Ms(20 * n));
            }
            foreach (int n in (int[])[51, 52, 80])                                   // up to two seconds later
                pipeline.Receive(Datagram(RtxSsrc, (ushort)n, (uint)(960 * n), [0, (byte)n, .. Redundant(n)], RtxType), Loopback, Ms(3000 + n));
            pipeline.Commit();
        }

        var again = journal.Read().Records.Where(r => r.StartsWith("Rtp ", StringComparison.Ordinal) && r.Split(' ')[^1][16..24] == "00000008").ToList();   // RtxSsrc
        Assert.Equal(isKnownToBeRed ? 3 : 1, again.Count);
        for (int n = 30; n < 50; n++) Assert.DoesNotContain(again, r => r.Contains(Convert.ToHexString(Payload(n)), StringComparison.Ordinal));
        if (isKnownToBeRed) Assert.Contains(Convert.ToHexString(Payload(50)), again[0], StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexString(Payload(79)), again[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_sender_with_ever_new_SSRCs_is_seen_and_only_the_last_few_are_followed()
    {
        using var pipeline = new MediaPipeline(journal: null, mix: null, speech: null);
        var track = (VideoTrack)pipeline.AddTrack(Camera);
        var shown = new Shown();
        track.Pictures = shown;
        for (int n = 0; n < 40; n++)
        {
            pipeline.Replay(1, Datagram((uint)(100 + n), 1, 5, Key, Vp8 | Last), Ms(1500 * n));
            pipeline.Advance(Ms(1500 * n));
        }
        pipeline.Finish(Ms(70_000));

        Assert.Equal((40, 16), (shown.Count, track.Followed));
    }

    private sealed class Shown : IFrameSink
    {
        public int Count { get; private set; }
        public void Write(in VideoFrame frame) => Count++;
    }
}
