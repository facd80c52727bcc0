using System.Text;
using Pipeline.Ingest.Jitter;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Mixing;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests;

/// <summary>Five seconds of a voice, with a pause from 2 s to 3 s in which every payload says so.</summary>
public sealed class PauseTests : IDisposable
{
    private const string Marker = "not to be recorded";
    private const int Packets = 250;
    private static readonly TimeSpan From = Ms(2000), To = Ms(3000), End = Ms(5000);
    private static readonly List<byte[]> Voice = Sound.Encode(Sound.Voice(48 * 5000, seed: 1));

    private readonly JournalFolder journal = new();
    private readonly CollectingMix mix = new();
    private readonly Heard heard = new();

    public void Dispose() => journal.Dispose();

    [Fact]
    public async Task Payloads_of_a_pause_are_nowhere_and_nothing_is_lost()
    {
        var live = await RecordAsync(n => n is 100 ? Change.Pause : n is 150 ? Change.Resume : Change.None);

        AssertNoMarker();
        AssertQuality(live);
        Assert.Equal(Packets, live.PacketsReceived);
        AssertSound([.. mix.Samples]);
        Assert.True(heard.Writes.Count > 150);
        Assert.DoesNotContain(heard.Writes, w => w.First + w.Count > 16 * 2020 && w.First < 16 * 2980);
        Assert.Equal(1, heard.Pauses);
    }

    [Fact]
    public async Task The_journal_played_again_has_the_same_pause()
    {
        await RecordAsync(n => n is 100 ? Change.Pause : n is 150 ? Change.Resume : Change.None);

        var again = new CollectingMix();
        var played = Play(again);

        AssertQuality(played);
        Assert.Equal(Packets, played.PacketsReceived);
        AssertSound([.. again.Samples]);
    }

    [Fact]
    public async Task A_pause_goes_on_over_a_crash_as_one_gap_and_no_outage()
    {
        await RecordAsync(n => n is 100 ? Change.Pause : Change.None, 0..110);
        await RecordAsync(n => n is 140 ? Change.Pause : n is 150 ? Change.Resume : Change.None, 140..Packets, run: 2);

        AssertNoMarker();
        var again = new CollectingMix();
        AssertQuality(Play(again));
        AssertSound([.. again.Samples]);
    }

    [Fact]
    public async Task What_the_network_lost_in_a_pause_is_the_pauses()
    {
        var live = await RecordAsync(n => n is 100 ? Change.Pause : n is 150 ? Change.Resume : Change.None, sent: n => n is < 90 or > 160);

        Assert.Equal([GapKind.Loss, GapKind.Pause, GapKind.Loss], live.Gaps.Select(g => g.Kind));
        Assert.Equal((From, To), (live.Gaps[1].From, live.Gaps[1].To));
        Assert.Equal((From, To), (live.Gaps[0].To, live.Gaps[2].From));
        Assert.Equal(TimeSpan.Zero, live.Concealed);
    }

    [Fact]
    public async Task Packets_that_nobody_has_claimed_yet_are_held_as_headers()
    {
        var live = await RecordAsync(n => n is 100 ? Change.Pause : n is 150 ? Change.Resume : n is 200 ? Change.AddTrack : Change.None);

        AssertNoMarker();
        Assert.Equal(Packets, live.PacketsReceived);
        Assert.DoesNotContain(live.Gaps, g => g.Kind == GapKind.Loss);
        AssertSound(Played());
    }

    [Fact]
    public async Task A_track_that_comes_in_a_pause_is_paused_from_then_on()
    {
        var live = await RecordAsync(n => n is 100 ? Change.Pause : n is 150 ? Change.Resume : n is 120 ? Change.AddTrack : Change.None, sent: n => n >= 120);

        AssertNoMarker();
        var gap = Assert.Single(live.Gaps);
        Assert.Equal((GapKind.Pause, To), (gap.Kind, gap.To));
        Assert.InRange(gap.From, Ms(2380), Ms(2420));
    }

    [Fact]
    public async Task What_lay_in_the_socket_when_the_pause_ended_is_of_the_pause()
    {
        await using var writer = journal.Open();
        using var pipeline = new MediaPipeline(writer, mix, heard);
        pipeline.AddTrack(Track(ssrc: 7));
        pipeline.Pause(Ms(0));
        pipeline.Resume(Ms(100));
        pipeline.Receive(Paused(4), Loopback, Ms(99));
        pipeline.Receive(Datagram(7, 5, 5 * 960, Voice[5]), Loopback, Ms(101));
        pipeline.Commit();
        await writer.DisposeAsync();

        AssertNoMarker();
        Assert.Equal(["RtpHeader", "Rtp"], journal.Read().Records.Where(r => r.StartsWith("Rtp", StringComparison.Ordinal)).Select(r => r.Split(' ')[0]));
    }

    [Fact]
    public void A_meeting_that_ends_before_what_was_mixed_and_withheld_keeps_neither()
    {
        using var pipeline = new MediaPipeline(journal: null, mix, heard);
        var track = pipeline.AddTrack(Track(ssrc: 7));
        pipeline.Advance(Ms(1000));
        pipeline.Pause(Ms(1500));
        pipeline.Resume(Ms(2500));
        pipeline.Pause(Ms(3000));
        pipeline.Advance(Ms(5000));

        pipeline.Finish(Ms(2000));                                                   // the clock on the wall was set back

        Assert.False(pipeline.MixIsWhole);
        Assert.Equal([new Gap(Ms(1500), Ms(2000), GapKind.Pause)], track.Quality().Gaps);
    }

    [Fact]
    public async Task A_track_that_comes_late_in_a_pause_is_withheld_from_then_on_when_the_journal_is_played()
    {
        await using (var writer = journal.Open())
        {
            _ = writer.AppendAsync(new MeetingOpened("m", 1, DateTimeOffset.UnixEpoch), Ms(0));
            _ = writer.AppendAsync(new Paused(1_000_000), Ms(1000));
            _ = writer.AppendAsync(JournalFolder.Added(Track(ssrc: 7)), Ms(4000));
            _ = writer.AppendAsync(new Resumed(4_500_000), Ms(4500));
            await writer.AppendAsync(new MeetingClosed((long)End.TotalMicroseconds), End);
        }

        Assert.Equal([new Gap(Ms(4000), Ms(4500), GapKind.Pause)], Play(new CollectingMix()).Gaps);
    }

    [Fact]
    public void A_header_alone_is_read_with_extension_and_without_its_padding()
    {
        byte[] whole = Paused(1);
        Assert.True(RtpPacket.TryParse(whole, out var packet));
        Assert.Equal(28, packet.HeaderLength);
        Assert.True(RtpPacket.TryParseHeader(whole.AsSpan(0, packet.HeaderLength), out var header));
        Assert.True(header.Payload.IsEmpty);
        Assert.Equal((packet.SequenceNumber, packet.Timestamp, packet.Ssrc), (header.SequenceNumber, header.Timestamp, header.Ssrc));
        Assert.True(header.TryGetExtension(1, out var level));
        Assert.Equal(42, level[0]);
    }

    private enum Change { None, Pause, Resume, AddTrack }

    private async Task<TrackQuality> RecordAsync(Func<int, Change> change, Range? range = null, int run = 1, Func<int, bool>? sent = null)
    {
        var (first, last) = ((range ?? ..Packets).Start.Value, range?.End.Value ?? Packets);
        await using var writer = journal.Open(run);
        using var pipeline = new MediaPipeline(writer, mix, heard);
        _ = writer.AppendAsync(new MeetingOpened("m", run, DateTimeOffset.UnixEpoch), Ms(20 * first));
        bool addedLater = Enumerable.Range(first, last - first).Any(n => change(n) == Change.AddTrack);
        if (!addedLater) AddTrack(first);
        for (int n = first; n < last; n++)
        {
            var at = Ms(20 * n);
            switch (change(n))
            {
                case Change.Pause:
                    pipeline.Pause(at);
                    _ = writer.AppendAsync(new Paused((long)at.TotalMicroseconds), at);
                    break;
                case Change.Resume:
                    pipeline.Resume(at);
                    _ = writer.AppendAsync(new Resumed((long)at.TotalMicroseconds), at);
                    break;
                case Change.AddTrack:
                    AddTrack(n);
                    break;
            }
            if (sent?.Invoke(n) ?? true)
            {
                pipeline.Receive(n is >= 100 and < 150 ? Paused(n) : Datagram(7, (ushort)n, (uint)(960 * n), Voice[n]), Loopback, at + Ms(5));
                if (n is >= 100 and < 150) pipeline.Receive([0x80, 200, 0, 1, 0, 0, 0, 7, .. Encoding.ASCII.GetBytes(Marker)], Loopback, at + Ms(6));
            }
            pipeline.Commit();
            pipeline.Advance(at + Ms(20));
        }
        if (last == Packets)
        {
            pipeline.Finish(End);
            _ = writer.AppendAsync(new MeetingClosed((long)End.TotalMicroseconds), End);
        }
        return pipeline.Tracks[0].Quality();

        void AddTrack(int n)
        {
            _ = writer.AppendAsync(JournalFolder.Added(Track(ssrc: 7)), Ms(20 * n));
            pipeline.AddTrack(Track(ssrc: 7));
        }
    }

    /// <summary>With an audio level, and padded by two octets.</summary>
    private static byte[] Paused(int n)
    {
        byte[] plain = Datagram(7, (ushort)n, (uint)(960 * n), []);
        plain[0] |= 0x30;
        byte[] extension = [0xBE, 0xDE, 0, 3, 0x10, 42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        return [.. plain, .. extension, 0xF8, .. Encoding.ASCII.GetBytes(Marker), 0, 2];
    }

    private void AssertNoMarker()
    {
        var (records, damage) = journal.Read();
        Assert.Empty(damage);
        string marker = Convert.ToHexString(Encoding.ASCII.GetBytes(Marker));
        Assert.DoesNotContain(records, r => r.Contains(marker, StringComparison.Ordinal));
        Assert.Contains(records, r => r.StartsWith("RtpHeader", StringComparison.Ordinal));
        Assert.DoesNotContain(records, r => r.StartsWith("Rtcp", StringComparison.Ordinal));
    }

    private static void AssertQuality(TrackQuality quality)
    {
        var gap = Assert.Single(quality.Gaps);
        Assert.Equal(new Gap(From, To, GapKind.Pause), gap);
        Assert.Equal((0, 0, TimeSpan.Zero, TimeSpan.Zero), (quality.PacketsLost, quality.PacketsLate, quality.Concealed, quality.Dtx));
    }

    private static void AssertSound(float[] sound)
    {
        Assert.Equal(48 * 5000, sound.Length);
        Assert.True(Sound.Rms(sound.AsSpan(48 * 500, 48 * 1400)) > 0.02, "silent before the pause");
        Assert.True(Sound.Rms(sound.AsSpan(48 * 3100, 48 * 1800)) > 0.02, "silent after the pause");
        Assert.True(sound.AsSpan(48 * 2040, 48 * 920).IndexOfAnyExceptInRange(-1e-6f, 1e-6f) < 0, "the pause can be heard");
    }

    private float[] Played()
    {
        var again = new CollectingMix();
        Play(again);
        return [.. again.Samples];
    }

    private TrackQuality Play(CollectingMix into)
    {
        using var pipeline = new MediaPipeline(null, into, speech: null) { Delay = MediaPipeline.ReplayDelay };
        var playback = new JournalPlayback(pipeline);
        foreach (var block in journal.Reader().ReadBlocks()) playback.Play(block);
        playback.Finish(End);
        return pipeline.Tracks[0].Quality();
    }

    private sealed class Heard : ISpeechSink
    {
        public List<(long First, int Count)> Writes { get; } = [];
        public int Pauses { get; private set; }

        public void Write(int track, long firstSample, ReadOnlySpan<float> pcm) => Writes.Add((firstSample, pcm.Length));
        public void Pause(int track) => Pauses++;
        public void End(int track) { }
    }
}
