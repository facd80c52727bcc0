using System.Net;
using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class ReplaySessionTests
{
    // Few enough for a socket's buffer, however late the receiver comes.
    private const int PerStream = 60;
    private static readonly NetworkConditions Bad = new() { Loss = 0.1, Jitter = TimeSpan.FromMilliseconds(40), Reorder = 0.05, Duplicate = 0.05, Seed = 3 };

    [Fact]
    public async Task Everything_logged_as_sent_arrives_byte_for_byte_in_the_logs_order()
    {
        using var sink = new UdpSink();
        var source = Source("alice", "bob");
        var session = new ReplaySession(source, Bad, new JumpingClock());
        var log = await session.RunAsync(sink.Address);
        var arrived = await sink.AllAsync();

        Assert.True(log.Complete);
        var expected = log.Packets.Where(p => p.Sent is not null).Select(p => BytesOf(source, p)).ToList();
        Assert.Equal(expected, arrived.Select(a => a.Bytes));
        var statistics = session.Network.Statistics;
        Assert.Equal((statistics.Lost, statistics.Duplicated), (log.Count(DeliveryKind.Lost), log.Count(DeliveryKind.Duplicate)));
        Assert.Equal(source.Packets.Count - statistics.Lost, log.Count(DeliveryKind.Sent));
        Assert.True(statistics is { Lost: > 0, Duplicated: > 0, Reordered: > 0 });
        Assert.All(log.Packets.Where(p => p.Action == DeliveryKind.Lost), p => Assert.Null(p.Sent));
    }

    [Fact]
    public async Task Without_impairment_everything_arrives_in_the_sources_order()
    {
        using var sink = new UdpSink();
        var source = Source("alice", "bob");
        await new ReplaySession(source, clock: new JumpingClock()).RunAsync(sink.Address);
        Assert.Equal(source.Packets.Select(p => p.Bytes.ToArray()), (await sink.AllAsync()).Select(a => a.Bytes));
    }

    [Fact]
    public async Task Each_participant_sends_from_a_port_of_its_own()
    {
        using var sink = new UdpSink();
        var source = Source("alice", "bob", "alice");              // alice has two streams
        await new ReplaySession(source, clock: new JumpingClock()).RunAsync(sink.Address);
        var ports = (await sink.AllAsync())
            .Select(a => (Ssrc: RtpHeader.TryRead(a.Bytes, out var header) ? header.Ssrc : 0, a.FromPort)).Distinct().ToDictionary();
        Assert.Equal(ports[100], ports[102]);
        Assert.NotEqual(ports[100], ports[101]);
    }

    [Theory]
    [InlineData(1), InlineData(4)]
    public async Task Packets_leave_at_their_times_and_never_early(double speed)
    {
        using var sink = new UdpSink();
        var clock = new JumpingClock();
        var source = Source("alice");
        var log = await new ReplaySession(source, clock: clock).RunAsync(sink.Address, speed);

        // The waits are whole milliseconds; the next one is shorter by what the last one was too long.
        Assert.All(log.Packets, p => Assert.InRange(p.Sent!.Value - log.Started - p.Media / speed, TimeSpan.Zero, TimeSpan.FromMilliseconds(1)));
        Assert.InRange(clock.Elapsed, source.Duration / speed, source.Duration / speed + TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task A_cancelled_run_says_so_and_keeps_what_it_did()
    {
        using var sink = new UdpSink();
        var log = await new ReplaySession(Source("alice"), clock: new JumpingClock()).RunAsync(sink.Address, ct: new CancellationToken(canceled: true));
        Assert.False(log.Complete);
        Assert.Empty(log.Packets);
    }

    [Fact]
    public async Task Goes_on_sending_where_nobody_listens()
    {
        IPEndPoint nobody;
        using (var gone = new UdpSink()) nobody = gone.Address;
        var log = await new ReplaySession(Source("alice"), clock: new JumpingClock()).RunAsync(nobody);
        Assert.Equal(PerStream, log.Count(DeliveryKind.Sent));
    }

    [Fact]
    public async Task The_log_can_be_read_again()
    {
        using var sink = new UdpSink();
        using var folder = new TemporaryFolder();
        var source = Source("alice", "bob") with { };
        var log = await new ReplaySession(source, Bad, new JumpingClock()).RunAsync(sink.Address);
        await using (var file = File.Create(folder["log.jsonl"])) log.Write(file, "mtg_1");

        var (header, lines) = SendLog.Read(folder["log.jsonl"]);
        Assert.Equal("mtg_1", header.MeetingId);
        Assert.Equal(["alice", "bob"], header.Streams.Select(s => s.Participant));
        Assert.All(header.Streams, s => Assert.Equal(header.StartedUnixUs - 5_000, s.OriginUnixUs));   // the origin lies 5 ms before
        Assert.Equal(log.Packets.Select(p => (source.Streams[p.Stream].Ssrc, p.Sequence, p.Timestamp, p.Media.TotalMilliseconds)), lines.Select(l => (l.Ssrc, l.Seq, l.Ts, l.MediaMs)));
        Assert.Equal(log.Packets.Select(p => p.Sent is null), lines.Select(l => l.Action == "lost"));
        Assert.Equal(lines.Select(l => l.SentUnixUs is null), lines.Select(l => l.Action == "lost"));
        Assert.Contains("\"sent_unix_us\":null", File.ReadAllText(folder["log.jsonl"]), StringComparison.Ordinal);
    }

    private static ReplaySource Source(params string[] participants)
    {
        var packets = Enumerable.Range(0, PerStream).SelectMany(n => participants.Select((_, s) =>
            new ReplayPacket(s, TimeSpan.FromMilliseconds(20 * n + 0.3 * s), CaptureBytes.Rtp((uint)(100 + s), (ushort)(65530 + n))))).ToList();
        return new ReplaySource("test", [.. participants.Select((name, s) => new ReplayStream
        {
            Participant = ReplayParticipant.Named(name),
            Kind = "audio",
            Codec = "opus",
            PayloadType = 111,
            ClockRate = 48000,
            Ssrc = (uint)(100 + s),
            Origin = TimeSpan.FromMilliseconds(-5),
        })], packets, TimeSpan.FromMilliseconds(20 * PerStream));
    }

    private static byte[] BytesOf(ReplaySource source, SentPacket sent) => source.Packets.Single(p =>
        p.Stream == sent.Stream && RtpHeader.TryRead(p.Bytes.Span, out var header) && header.SequenceNumber == sent.Sequence).Bytes.ToArray();
}
