using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Mixing;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Repair;
using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Repair;
using Pipeline.Ingest.Tests.Srtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests;

/// <summary>A packet costs no garbage: the collector would stop every meeting of the node at once.</summary>
public class AllocationTests
{
    private const int Tracks = 20, WarmUp = 300, Ticks = 500, Stretches = 5;        // 10,000 packets

    [Fact]
    public void A_packet_on_its_way_to_mix_and_captions_allocates_nothing()
    {
        using var pipeline = new MediaPipeline(journal: null, new NoMix(), new NoSpeech()) { Waveform = new Waveform(), Levels = new NoListener() };
        Assert.Equal(0, Run(pipeline, () => { }));
    }

    [Fact]
    public async Task Nor_does_it_with_a_journal_on_the_loops_thread()
    {
        using var journal = new JournalFolder();
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, new NoMix(), new NoSpeech()) { Waveform = new Waveform(), Levels = new NoListener() };

        // The disk's thread is given time to write, as the 20 ms between ticks do; what waiting itself allocates does not count.
        Assert.Equal(0, Run(pipeline, () => writer.AppendAsync(new TrackEnded(99, 0), Ms(0)).Wait(), everyTicks: 3));
        Assert.False(writer.IsFailing);
    }

    [Theory]
    [InlineData("vp8", new byte[] { 0x10, 0 }, new byte[] { 0x10, 1 })]
    [InlineData("vp9", new byte[] { 0x0C, 0x82 }, new byte[] { 0x4C, 0x86 })]
    [InlineData("h264", new byte[] { 0x65, 0x80 }, new byte[] { 0x61, 0x80 })]
    [InlineData("av1", new byte[] { 0x18, 0x0A }, new byte[] { 0x10, 0x32 })]
    public async Task Nor_does_a_picture_s_whole_or_with_holes(string codec, byte[] key, byte[] delta)
    {
        using var journal = new JournalFolder();
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, new NoMix(), speech: null);
        pipeline.AddTrack(Track(1, ssrc: 7) with { Kind = MediaKind.Video, Codec = codec, ClockRate = 90_000 });
        var letWrite = () => writer.AppendAsync(new TrackEnded(99, 0), Ms(0)).Wait();
        byte[][] datagrams = [.. Enumerable.Range(0, 6000).Select(n => Datagram(7, (ushort)n, (uint)(3000 * (n / 5)), [.. n % 300 == 0 ? key : delta, .. new byte[1000]]))];

        long[] allocated = new long[Stretches];
        for (int n = 0; n < datagrams.Length; n++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            if (n < 2000 || n % 50 != 0) pipeline.Receive(datagrams[n], Loopback, Ms(6.6 * n));
            if (n % 3 == 2)
            {
                pipeline.Commit();
                pipeline.Advance(Ms(6.6 * n));
            }
            if (n >= 1000) allocated[(n - 1000) * Stretches / 5000] += GC.GetAllocatedBytesForCurrentThread() - before;
            if (n % 30 == 0) letWrite();
        }
        Assert.Equal(0, allocated.Order().ElementAt(Stretches / 2));
        Assert.False(writer.IsFailing);
    }

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public async Task Nor_does_it_when_packets_are_protected(string suite)
    {
        using var journal = new JournalFolder();
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, new NoMix(), new NoSpeech());

        var key = SrtpSenders.Parameters(suite);
        Assert.Equal(0, Run(pipeline, () => writer.AppendAsync(new TrackEnded(99, 0), Ms(0)).Wait(), everyTicks: 3, key));
        Assert.All(pipeline.Tracks, track => Assert.Equal(WarmUp + Ticks, track.Quality().PacketsReceived));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Nor_does_it_when_a_network_is_declared_whether_it_is_from_there_or_not(bool isFromThere)
    {
        using var pipeline = new MediaPipeline(journal: null, new NoMix(), new NoSpeech());

        Assert.Equal(0, Run(pipeline, () => { }, key: SrtpSenders.Parameters(), from: isFromThere ? "127.0.0.0/8" : "192.0.2.0/24"));
        Assert.Equal(isFromThere ? 0 : Tracks * (WarmUp + Ticks), pipeline.Refused()["wrong_address"]);
    }

    [Fact]
    public void Nor_does_it_when_packets_are_lost_asked_for_and_found_in_later_ones()
    {
        using var pipeline = new MediaPipeline(journal: null, new NoMix(), new NoSpeech());
        var listener = new Listener();
        pipeline.SpeakThrough(listener, new Random(1));

        Assert.Equal(0, Run(pipeline, () => { }, from: "127.0.0.0/8", loseEvery: 10));
        Assert.InRange(pipeline.Repairs().Recovered.Red, Tracks * (WarmUp + Ticks - 200) / 10, Tracks * (WarmUp + Ticks) / 10);   // the last wait for their place
        Assert.True(listener.Heard > 100);
    }

    /// <returns>
    /// Bytes allocated by receiving, journaling, mixing and giving captions, after the warm-up: in the middle one of five stretches, for
    /// on a busy machine the runtime does some things of its own for the first time late, and once.
    /// </returns>
    private static long Run(MediaPipeline pipeline, Action betweenTicks, int everyTicks = 1000, SrtpParameters? key = null, string? from = null, int loseEvery = 0)
    {
        var packets = Enumerable.Range(0, Tracks).Select(t => Sound.Encode(Sound.Voice(48000, seed: t))).ToArray();
        byte[][][] datagrams = [.. packets.Select((p, t) => Enumerable.Range(0, WarmUp + Ticks)
            .Select(n => Datagram((uint)(100 + t), (ushort)n, (uint)(960 * n), p[n % p.Count])).ToArray())];
        for (int t = 0; t < Tracks; t++)
        {
            var track = Track(t + 1, ssrc: (uint)(100 + t), from: from, srtp: key);
            pipeline.AddTrack(loseEvery == 0 ? track : track with { RedPayloadType = Red.PayloadType, Rtx = new RtxParameters(112, null) });
            var red = new ChromiumRed(copies: 2);
            for (int n = 0; loseEvery > 0 && n < WarmUp + Ticks; n++)
                datagrams[t][n] = Datagram((uint)(100 + t), (ushort)n, (uint)(960 * n), red.Next(960 * n, packets[t][n % packets[t].Count]), Red.PayloadType);
            if (key is null) continue;
            using var sender = new SrtpSender(key, (uint)(100 + t));
            for (int n = 0; n < WarmUp + Ticks; n++) datagrams[t][n] = sender.Protect(datagrams[t][n]);
        }

        long[] allocated = new long[Stretches];
        for (int n = 0; n < WarmUp + Ticks; n++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            bool isLost = loseEvery > 0 && n % loseEvery == loseEvery - 1;
            for (int t = 0; t < Tracks && !isLost; t++) pipeline.Receive(datagrams[t][n], Loopback, Ms(20 * n + 1));
            pipeline.Commit();
            pipeline.Advance(Ms(20 * n + 20));
            if (n >= WarmUp) allocated[(n - WarmUp) * Stretches / Ticks] += GC.GetAllocatedBytesForCurrentThread() - before;
            if (n % everyTicks == 0) betweenTicks();
        }
        return allocated.Order().ElementAt(Stretches / 2);
    }

    private sealed class NoMix : IMixSink
    {
        public void Write(ReadOnlySpan<float> frame) { }
    }

    private sealed class Listener : IFeedbackSink
    {
        public int Heard { get; private set; }
        public bool Send(int track, ReadOnlySpan<byte> packet, ReturnPath to) => ++Heard > 0;
    }

    private sealed class NoListener : ILevelSink
    {
        public bool IsWanted => false;
        public void Write(LevelReading reading) => Assert.Fail("nobody listens");
    }

    private sealed class NoSpeech : ISpeechSink
    {
        public void Write(int track, long firstSample, ReadOnlySpan<float> pcm) { }
        public void Pause(int track) { }
        public void End(int track) { }
    }
}
