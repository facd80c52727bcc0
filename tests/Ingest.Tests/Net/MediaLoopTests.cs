using System.Net;
using System.Net.Sockets;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Net;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Tests.Journal;
using Pipeline.Ingest.Tests.Repair;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Net;

public sealed class MediaLoopTests : IDisposable
{
    private readonly JournalFolder journal = new();
    private readonly JournalWriter writer;
    private readonly MediaLoop loop;
    private readonly DatagramBatch batch = new();
    private readonly Socket sender = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public MediaLoopTests()
    {
        writer = journal.Open();
        var pipeline = new MediaPipeline(writer, mix: null, speech: null);
        loop = new MediaLoop(UdpReceiver.TryBind(IPAddress.Loopback, 0)!, rtcp: null, pipeline, writer, BootClock.Now);
        sender.Connect(IPAddress.Loopback, loop.Port);
    }

    public void Dispose()
    {
        loop.Dispose();
        loop.Pipeline.Dispose();
        batch.Dispose();
        sender.Dispose();
        writer.DisposeAsync().AsTask().Wait();                                       // bounded by the writer itself
        journal.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task What_comes_to_the_port_is_in_the_tracks_stream_and_in_the_journal()
    {
        var adding = loop.InvokeAsync(() => loop.Pipeline.AddTrack(Track(ssrc: 7)));
        var sent = Enumerable.Range(0, 1000).Select(n => Datagram(7, (ushort)n, (uint)(960 * n), Payload(n))).ToList();
        foreach (byte[] datagram in sent) sender.Send(datagram);

        loop.Tick(batch);

        var track = await adding;
        Assert.Equal((1000, 0), (track.Quality().PacketsReceived, track.Quality().PacketsLost));
        await writer.DisposeAsync();
        var stored = journal.Read().Records.Where(r => r.StartsWith("Rtp 1 ", StringComparison.Ordinal)).Select(r => r.Split(' ')[^1]);
        Assert.Equal(sent.Select(Convert.ToHexString), stored);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RTCP_of_a_bound_SSRC_and_its_host_is_in_the_journal_from_either_port(bool oddPort)
    {
        using var odd = UdpReceiver.TryBind(IPAddress.Loopback, 0)!;
        var receiver = UdpReceiver.TryBind(IPAddress.Loopback, 0)!;
        using var both = new MediaLoop(receiver, odd, new MediaPipeline(writer, mix: null, speech: null), writer, BootClock.Now);
        _ = both.InvokeAsync(() => both.Pipeline.AddTrack(Track(ssrc: 7)));
        using var reports = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);      // a port of its own
        reports.Connect(IPAddress.Loopback, oddPort ? odd.Port : receiver.Port);
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        stranger.Connect(IPAddress.Loopback, oddPort ? odd.Port : receiver.Port);
        using var media = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        media.Connect(IPAddress.Loopback, receiver.Port);

        reports.Send(Report(7));                                                     // not bound yet
        both.Tick(batch);
        media.Send(Datagram(7, 1, 960, Payload(1)));
        both.Tick(batch);
        stranger.Send(Report(7));
        reports.Send(Report(8));
        reports.Send(Report(7));
        both.Tick(batch);

        await writer.DisposeAsync();
        var stored = Assert.Single(journal.Read().Records, r => r.StartsWith("Rtcp ", StringComparison.Ordinal));
        Assert.EndsWith(Convert.ToHexString(Report(7)), stored);
        Assert.StartsWith("Rtcp 1 ", stored);
        both.Pipeline.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task What_comes_to_a_tracks_own_port_is_its_and_what_comes_to_the_meetings_is_not()
    {
        var (rtp, rtcp) = (UdpReceiver.TryBind(IPAddress.Loopback, 0)!, UdpReceiver.TryBind(IPAddress.Loopback, 0)!);
        var adding = loop.InvokeAsync(() =>
        {
            loop.OpenPort(2, rtp, rtcp);
            return new[] { loop.Pipeline.AddTrack(Track(1)), loop.Pipeline.AddTrack(Track(2) with { OwnPort = true }) };
        });
        using var own = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        own.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        for (int n = 0; n < 100; n++)                                                // the same SSRC and payload type on both
        {
            sender.Send(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)));
            if (n < 60) own.SendTo(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)), new IPEndPoint(IPAddress.Loopback, rtp.Port));
        }
        loop.Tick(batch);
        own.SendTo(Report(7), new IPEndPoint(IPAddress.Loopback, rtcp.Port));
        loop.Tick(batch);

        Assert.Equal([100, 60], (await adding).Select(track => track.Quality().PacketsReceived));
        _ = loop.InvokeAsync(() =>
        {
            loop.Pipeline.EndTrack(2);
            loop.ClosePort(2);
            return true;
        });
        loop.Tick(batch);
        using var again = UdpReceiver.TryBind(IPAddress.Loopback, rtp.Port);
        Assert.NotNull(again);
        await writer.DisposeAsync();
        Assert.StartsWith("Rtcp 2 ", Assert.Single(journal.Read().Records, r => r.StartsWith("Rtcp ", StringComparison.Ordinal)));
    }

    private static byte[] Report(byte ssrc)
    {
        var report = new byte[28];                                                   // a sender report without blocks
        (report[0], report[1], report[3], report[7]) = (0x80, 200, 6, ssrc);
        return report;
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_said_to_a_sender_leaves_from_the_port_its_reports_come_to(bool oddPort)
    {
        var odd = UdpReceiver.TryBind(IPAddress.Loopback, 0)!;
        var even = UdpReceiver.TryBind(IPAddress.Loopback, 0)!;
        using var both = new MediaLoop(even, odd, new MediaPipeline(writer, mix: null, speech: null), writer, BootClock.Now);
        _ = both.InvokeAsync(() => both.Pipeline.AddTrack(Track(ssrc: 7, from: "127.0.0.0/8") with { Rtx = new RtxParameters(112, 8) }));
        using var reports = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        reports.Connect(IPAddress.Loopback, oddPort ? odd.Port : even.Port);         // and so takes nothing from any other port
        using var media = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        media.Connect(IPAddress.Loopback, even.Port);

        media.Send(Datagram(7, 1, 960, Payload(1)));
        both.Tick(batch);
        reports.Send(Report(7));
        media.Send(Datagram(7, 3, 960 * 3, Payload(3)));
        var answer = new byte[2000];
        var received = reports.ReceiveAsync(answer.AsMemory(), SocketFlags.None).AsTask();
        while (!received.IsCompleted)
        {
            both.Tick(batch);                                                        // the request waits for what may only be late
            await Task.WhenAny(received, Task.Delay(TimeSpan.FromMilliseconds(5)));
        }

        var nack = Assert.Single(SentFeedback.Read(answer[..await received]), p => p.Type == 205);
        Assert.Equal([2], SentFeedback.Asked(nack));
        Assert.Equal(1, both.Pipeline.Repairs().Said.Requested);
        both.Pipeline.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_kernel_dropped_is_a_gap_of_every_track_and_a_record_of_the_journal()
    {
        var adding = loop.InvokeAsync(() => loop.Pipeline.AddTrack(Track(ssrc: 7)));
        var large = new byte[1400];
        for (int n = 0; n < 12_000; n++) sender.Send(Datagram(7, (ushort)n, (uint)n, large));
        for (int n = 0; n < 8; n++) loop.Tick(batch);                                // more than a tick may take at once waits
        sender.Send(large);
        loop.Tick(batch);

        var track = await adding;
        Assert.Contains(track.Quality().Gaps, g => g.Kind == GapKind.Overrun);
        await writer.DisposeAsync();
        Assert.Contains(journal.Read().Records, r => r.StartsWith("PacketsMissed { Kind = overrun", StringComparison.Ordinal));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_was_lost_at_one_port_is_a_gap_of_its_tracks_alone()
    {
        var adding = loop.InvokeAsync(() => new[] { loop.Pipeline.AddTrack(Track(1)), loop.Pipeline.AddTrack(Track(2) with { OwnPort = true }), loop.Pipeline.AddTrack(Track(3) with { OwnPort = true }) });
        loop.Tick(batch);
        var tracks = await adding;
        loop.Pipeline.NoteMissed(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), GapKind.Overrun, ownPort: 2);
        loop.Pipeline.NoteMissed(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4), GapKind.Overrun, ownPort: 0);
        loop.Pipeline.NoteMissed(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(6), GapKind.Storage);
        Assert.Equal(["3 5", "1 5", "5"], tracks.Select(track => string.Join(' ', track.Quality().Gaps.Select(gap => gap.From.TotalSeconds))));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_flood_on_one_meeting_gets_its_share_of_each_turn_and_another_meeting_all_of_its_packets()
    {
        using var other = Meeting(out var otherJournal, out var otherWriter);
        using var otherSender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        otherSender.Connect(IPAddress.Loopback, other.Port);
        var adding = other.InvokeAsync(() => other.Pipeline.AddTrack(Track(ssrc: 7)));
        var flooded = loop.InvokeAsync(() => loop.Pipeline.AddTrack(Track(ssrc: 7)));

        long before = 0;
        for (int n = 0; n < 50; n++)
        {
            for (int k = 0; k < 3000; k++) sender.Send(Datagram(7, (ushort)(3000 * n + k), (uint)k, Payload(k)));
            otherSender.Send(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)));
            loop.Tick(batch);
            other.Tick(batch);
            Assert.Equal(n + 1, (await adding).Quality().PacketsReceived);
            var quality = (await flooded).Quality();
            long taken = quality.PacketsReceived + quality.Duplicates + (await flooded).OutOfRange;
            Assert.InRange(taken - before, 0, 2048);
            before = taken;
        }

        var whole = (await adding).Quality();
        Assert.Equal(0, whole.PacketsLost);
        Assert.Empty(whole.Gaps);
        await otherWriter.DisposeAsync();
        Assert.Equal(50, otherJournal.Read().Records.Count(r => r.StartsWith("Rtp 1 ", StringComparison.Ordinal)));
        other.Pipeline.Dispose();
        otherJournal.Dispose();
    }

    [Fact(Timeout = 120_000)]
    public async Task While_one_meeting_is_flooded_another_on_the_same_thread_is_recorded_whole()
    {
        const int Packets = 150;
        using var other = Meeting(out var otherJournal, out var otherWriter);
        using var otherSender = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        otherSender.Connect(IPAddress.Loopback, other.Port);
        using var scheduler = new MediaScheduler(threads: 1);
        scheduler.Add(loop);
        scheduler.Add(other);
        var track = await other.InvokeAsync(() => other.Pipeline.AddTrack(Track(ssrc: 7)));
        _ = await loop.InvokeAsync(() => loop.Pipeline.AddTrack(Track(ssrc: 7)));

        long heard = 0, refused = 0;
        for (int n = 0; n < Packets; n++)
        {
            for (int k = 0; k < 400; k++) sender.Send(Datagram((uint)(k % 5 == 0 ? 7 : 1000 + n + k), (ushort)(400 * n + k), (uint)(960 * k), Payload(k)));
            otherSender.Send(Datagram(7, (ushort)n, (uint)(960 * n), Payload(n)));
            if (n % 10 == 9) heard = await other.InvokeAsync(() => track.Quality().PacketsReceived);   // the thread comes round while the flood goes on
        }
        while (heard < Packets) heard = await other.InvokeAsync(() => track.Quality().PacketsReceived);
        refused = await loop.InvokeAsync(() => loop.Pipeline.Refused()["unknown_ssrc"]);
        await scheduler.RemoveAsync(loop);
        await scheduler.RemoveAsync(other);

        Assert.Equal((Packets, 0), (heard, track.Quality().PacketsLost));
        Assert.DoesNotContain(track.Quality().Gaps, g => g.Kind is GapKind.Overrun or GapKind.Storage);
        Assert.True(refused > 0);
        await otherWriter.DisposeAsync();
        var stored = otherJournal.Read();
        Assert.Equal(Packets, stored.Records.Count(r => r.StartsWith("Rtp 1 ", StringComparison.Ordinal)));
        Assert.Empty(stored.Damage);
        other.Pipeline.Dispose();
        otherJournal.Dispose();
    }

    private static MediaLoop Meeting(out JournalFolder folder, out JournalWriter writer)
    {
        folder = new JournalFolder();
        writer = folder.Open();
        return new MediaLoop(UdpReceiver.TryBind(IPAddress.Loopback, 0)!, rtcp: null, new MediaPipeline(writer, mix: null, speech: null), writer, BootClock.Now);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_bug_ends_this_loop_and_whoever_waits_for_it_hears_of_it()
    {
        var broken = loop.InvokeAsync<int>(() => throw new InvalidOperationException("a bug"));
        var behind = loop.InvokeAsync(() => 1);

        loop.Tick(batch);
        loop.Tick(batch);

        Assert.Equal("a bug", (await Assert.ThrowsAsync<InvalidOperationException>(() => loop.Faulted)).Message);
        await Assert.ThrowsAsync<InvalidOperationException>(() => broken);
        await Assert.ThrowsAsync<InvalidOperationException>(() => behind);
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.InvokeAsync(() => 2));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_scheduler_turns_loops_until_they_are_taken_off()
    {
        using var scheduler = new MediaScheduler(threads: 2);
        scheduler.Add(loop);

        Assert.Equal(1, await loop.InvokeAsync(() => 1));
        await scheduler.RemoveAsync(loop);

        var never = loop.InvokeAsync(() => 2);
        Assert.False(never.IsCompleted);
        loop.Tick(batch);                                                            // ours now
        Assert.Equal(2, await never);
    }
}
