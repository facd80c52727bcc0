using Pipeline.Ingest.Srtp;
using Pipeline.Ingest.Tests.Journal;
using static Pipeline.Ingest.Tests.Datagrams;
using static Pipeline.Ingest.Tests.Srtp.SrtpSenders;

namespace Pipeline.Ingest.Tests.Srtp;

/// <summary>What of a protected meeting is in its journal, and what a next run makes of it.</summary>
public sealed class SrtpJournalTests : IDisposable
{
    private readonly JournalFolder journal = new();

    public void Dispose() => journal.Dispose();

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public async Task Packets_are_in_the_journal_as_they_were_before_they_were_protected(string suite)
    {
        var key = Parameters(suite);
        var sender = new ReferenceSrtp(key);
        await RunAsync(run: 1, key, pipeline => Send(pipeline, sender, 65_500..65_600, Ms(0)));

        var stored = journal.Read().Records.Where(r => r.StartsWith("Rtp 1 ", StringComparison.Ordinal)).Select(r => r.Split(' ')[^1]);
        Assert.Equal(Enumerable.Range(65_500, 100).Select(n => Convert.ToHexString(Plain(n))), stored);
        Assert.DoesNotContain(journal.Read().Records, r => r.Contains(Convert.ToHexString(key.Master.Span), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_pause_there_are_plain_headers_and_no_payload()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        await RunAsync(run: 1, key, pipeline =>
        {
            Send(pipeline, sender, 0..5, Ms(0));
            pipeline.Pause(Ms(100));
            Send(pipeline, sender, 5..10, Ms(100));
            pipeline.Receive(Plain(10), Loopback, Ms(190));
            pipeline.Resume(Ms(200));
            Send(pipeline, sender, 10..15, Ms(200));
        });

        var records = journal.Read().Records;
        Assert.Equal(Enumerable.Range(5, 5).Select(n => Convert.ToHexString(Plain(n).AsSpan(0, 12))), Ending(records, "RtpHeader 1 "));
        Assert.Equal([.. Enumerable.Range(0, 5), .. Enumerable.Range(10, 5)], Ending(records, "Rtp 1 ").Select(SequenceOf));
    }

    [Theory]
    [InlineData(3, 200)]                                                             // in the same count
    [InlineData(3, 65_530)]                                                          // the last before the crash; it wrapped meanwhile
    [InlineData(0, 40_000)]
    [InlineData(0, 65_535)]
    public async Task After_a_crash_the_next_run_goes_on_where_the_sender_is(int rollOver, int sequence)
    {
        var key = Parameters("AEAD_AES_128_GCM");
        var sender = new ReferenceSrtp(key);
        int crash = rollOver * 65_536 + sequence;
        await RunAsync(run: 1, key with { RollOver = (uint)rollOver }, pipeline => Send(pipeline, sender, (crash - 100)..(crash + 1), Ms(0)));

        await RunAsync(run: 2, key, pipeline =>                                      // what the platform said then is long out of date
        {
            Assert.True(pipeline.HasVerified(1));
            Send(pipeline, sender, (crash + 300)..(crash + 400), Ms(10_000));

            Assert.Equal((100, 0, 0), (pipeline.Tracks[0].Quality().PacketsReceived, pipeline.Refused()["srtp_auth"], pipeline.Refused()["srtp_replay"]));
        });
    }

    [Fact]
    public async Task What_was_recorded_before_a_crash_is_a_replay_after_it()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        await RunAsync(run: 1, key, pipeline => Send(pipeline, sender, 65_400..65_700, Ms(0)));

        await RunAsync(run: 2, key, pipeline =>
        {
            Send(pipeline, sender, 65_400..65_700, Ms(10_000));
            Assert.Equal((0, 300), (pipeline.Tracks[0].Quality().PacketsReceived, pipeline.Refused()["srtp_replay"]));
            Send(pipeline, sender, 65_710..65_720, Ms(17_000));
            Send(pipeline, sender, 65_690..65_710, Ms(18_000));                      // ten of before, ten that are late
            Assert.Equal((20, 310), (pipeline.Tracks[0].Quality().PacketsReceived, pipeline.Refused()["srtp_replay"]));
        });
    }

    [Fact]
    public async Task A_sender_that_was_silent_for_long_is_known_to_every_run()
    {
        var key = Parameters();
        var sender = new ReferenceSrtp(key);
        await RunAsync(run: 1, key, pipeline =>
        {
            Send(pipeline, sender, (5 * 65_536)..(5 * 65_536 + 10), Ms(0));
            for (int second = 1; second < 300; second++)
            {
                pipeline.Advance(Ms(1000 * second));
                pipeline.Commit();
            }
        });
        for (int run = 2; run < 12; run++) await RunAsync(run, key, pipeline => pipeline.Advance(Ms(300_000)));

        await RunAsync(run: 12, key, pipeline =>
        {
            Send(pipeline, sender, (5 * 65_536 + 5)..(5 * 65_536 + 10), Ms(400_000));
            Assert.Equal(5, pipeline.Refused()["srtp_replay"]);
            Send(pipeline, sender, (5 * 65_536 + 10)..(5 * 65_536 + 20), Ms(401_000));
            Assert.Equal(10, pipeline.Tracks[0].Quality().PacketsReceived);
        });
    }

    [Theory]
    [MemberData(nameof(SrtpSenders.Suites), MemberType = typeof(SrtpSenders))]
    public async Task RTCP_is_kept_plain_once_and_only_if_it_verifies(string suite)
    {
        var key = Parameters(suite);
        var sender = new ReferenceSrtp(key);
        await RunAsync(run: 1, key, pipeline =>
        {
            pipeline.Receive(sender.ProtectRtcp(Report(7), 1), Loopback, Ms(0));     // of nobody yet
            Send(pipeline, sender, 0..5, Ms(0));
            pipeline.Receive(Report(7), Loopback, Ms(100));
            pipeline.Receive(sender.ProtectRtcp(Report(7), 2), Loopback, Ms(100));
            pipeline.Receive(sender.ProtectRtcp(Report(7), 2), Loopback, Ms(100));
            byte[] forged = sender.ProtectRtcp(Report(7), 3);
            forged[10] ^= 1;
            pipeline.Receive(forged, Loopback, Ms(100));
            pipeline.Receive(forged.AsSpan(0, 9).ToArray(), Loopback, Ms(100));

            Assert.Equal((3, 1), (pipeline.Refused()["srtp_auth"], pipeline.Refused()["srtp_replay"]));
        });

        Assert.Equal(Convert.ToHexString(Report(7)), Assert.Single(Ending(journal.Read().Records, "Rtcp 1 ")));
    }

    private async Task RunAsync(int run, SrtpParameters key, Action<MediaPipeline> media)
    {
        var indexes = run > 1 ? SrtpIndexes.Read(journal.Reader()) : null;
        await using var writer = journal.Open(run);
        using var pipeline = new MediaPipeline(writer, mix: null, speech: null) { SrtpIndexes = indexes };
        pipeline.AddTrack(Track(ssrc: 7, srtp: key));
        media(pipeline);
        pipeline.Commit();
    }

    private static void Send(MediaPipeline pipeline, ReferenceSrtp sender, Range indexes, TimeSpan from)
    {
        for (int n = indexes.Start.Value; n < indexes.End.Value; n++, from += Ms(20))
        {
            pipeline.Receive(sender.Protect(Plain(n), (uint)(n >> 16)), Loopback, from);
            pipeline.Commit();
            pipeline.Advance(from);
        }
    }

    private static byte[] Plain(int index) => Datagram(7, (ushort)index, (uint)(960 * index), Payload(index));

    private static IEnumerable<string> Ending(List<string> records, string beginning) =>
        records.Where(r => r.StartsWith(beginning, StringComparison.Ordinal)).Select(r => r.Split(' ')[^1]);

    private static int SequenceOf(string hexadecimal) => Convert.ToInt32(hexadecimal[4..8], 16);
}
