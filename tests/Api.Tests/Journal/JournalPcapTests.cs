using Pipeline.Api.Commands;
using Pipeline.Api.Replay;
using Pipeline.Api.Tests.Replay;
using Pipeline.Ingest.Journal;

namespace Pipeline.Api.Tests.Journal;

public sealed class JournalPcapTests
{
    private static readonly TimeSpan Noon = WrittenJournal.Noon - DateTimeOffset.UnixEpoch;

    [Fact]
    public async Task Reads_back_as_what_was_sent_when_it_was_sent()
    {
        using var journal = new WrittenJournal();
        var sent = await journal.WriteAsync();
        string file = journal.File("meeting.pcap");
        var (exit, output, error) = journal.Run("pcap", "-o", file);

        Assert.Equal((0, ""), (exit, error));
        Assert.Equal($"{file}: 250 RTP packets, 0 RTCP packets; 0 left out of which only the header was kept.\n", output);
        Assert.Equal(
            sent.Select(s => (Noon + s.Arrival, (ushort)20002, Convert.ToHexString(s.Packet))),
            PcapReader.Read(File.ReadAllBytes(file)).Select(d => (d.Time, d.DestinationPort, Convert.ToHexString(d.Payload.Span))));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public async Task Rtcp_has_the_port_above_and_packets_without_payload_are_counted()
    {
        using var journal = new WrittenJournal();
        await using (var writer = journal.Open())
        {
            writer.AddPacket(RecordKind.Rtp, 3, TimeSpan.FromSeconds(1), CaptureBytes.Rtp(ssrc: 9, sequence: 5));
            writer.AddPacket(RecordKind.RtpHeader, 3, TimeSpan.FromSeconds(1), CaptureBytes.Rtp(ssrc: 9, sequence: 6, payloadLength: 0));
            writer.AddPacket(RecordKind.Rtcp, 3, TimeSpan.FromSeconds(2), [0x80, 200, 0, 1, 0, 0, 0, 9]);
            writer.Commit();
            await writer.AppendAsync(new ClockAnchor("boot", 500_000, 1, WrittenJournal.Noon), TimeSpan.FromSeconds(2));   // late: the first is taken for what was before
        }
        string file = journal.File("meeting.pcap");
        var (_, output, _) = journal.Run("pcap", "-o", file);
        Assert.EndsWith(": 1 RTP packets, 1 RTCP packets; 1 left out of which only the header was kept.\n", output, StringComparison.Ordinal);
        Assert.Equal(
            [(Noon + TimeSpan.FromSeconds(0.5), 20006), (Noon + TimeSpan.FromSeconds(1.5), 20007)],
            PcapReader.Read(File.ReadAllBytes(file)).Select(d => (d.Time, (int)d.DestinationPort)));
    }

    [Fact]
    public async Task Each_run_has_its_own_clock()
    {
        using var journal = new WrittenJournal();
        for (int run = 1; run <= 2; run++)
            await using (var writer = journal.Open(run))
            {
                var at = TimeSpan.FromSeconds(run);
                await writer.AppendAsync(new ClockAnchor($"boot {run}", (long)at.TotalMicroseconds, 0, WrittenJournal.Noon.AddHours(run)), at);
                writer.AddPacket(RecordKind.Rtp, 1, at, CaptureBytes.Rtp(ssrc: 9, sequence: (ushort)run));
                writer.Commit();
            }
        string file = journal.File("meeting.pcap");
        journal.Run("pcap", "-o", file);
        Assert.Equal([Noon + TimeSpan.FromHours(1), Noon + TimeSpan.FromHours(2)], PcapReader.Read(File.ReadAllBytes(file)).Select(d => d.Time));
    }

    [Fact]
    public async Task Says_when_no_clock_could_be_read()
    {
        using var journal = new WrittenJournal();
        await using (var writer = journal.Open())
        {
            writer.AddPacket(RecordKind.Rtp, 1, TimeSpan.FromSeconds(3), CaptureBytes.Rtp(ssrc: 9, sequence: 1));
            writer.Commit();
        }
        string file = journal.File("meeting.pcap");
        Assert.Contains("No clock anchor", journal.Run("pcap", "-o", file).Error, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromSeconds(3), Assert.Single(PcapReader.Read(File.ReadAllBytes(file))).Time);
    }

    [Fact]
    public void Every_track_has_an_even_port_and_the_odd_one_above()
    {
        for (int track = 0; track <= ushort.MaxValue; track++)
        {
            ushort port = JournalCapture.Port(track);
            Assert.True(port >= 20000 && port % 2 == 0 && port < ushort.MaxValue, $"track {track} has port {port}");
        }
        Assert.Equal(22768, Enumerable.Range(0, 22768).Select(JournalCapture.Port).Distinct().Count());
    }

    /// <summary>RFC 1071: with its checksum the header's sum is all ones.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1172)]
    [InlineData(PcapWriter.MaxPayload)]
    public void Ip_checksums_are_right_for_every_length(int length)
    {
        using var file = new MemoryStream();
        var writer = new PcapWriter(file);
        writer.WriteHeader();
        writer.Write(TimeSpan.Zero, 1, 2, new byte[length]);
        byte[] ip = file.ToArray()[40..60];
        int sum = Enumerable.Range(0, 10).Sum(i => (ip[2 * i] << 8) + ip[2 * i + 1]);
        Assert.Equal(0xFFFF, (sum & 0xFFFF) + (sum >> 16));
        Assert.Equal(length, Assert.Single(PcapReader.Read(file.ToArray())).Payload.Length);
    }

    [Fact]
    public async Task Writes_nothing_into_the_meetings_folder()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        byte[] before = File.ReadAllBytes(journal.Segment(1));
        var (exit, _, error) = journal.Run("pcap", "-o", journal.Segment(1));
        Assert.Equal(1, exit);
        Assert.Contains("the meeting's own folder", error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(journal.Segment(1)));
    }

    [Fact]
    public async Task Says_in_a_sentence_that_the_file_cannot_be_written()
    {
        using var journal = new WrittenJournal();
        await journal.WriteAsync();
        var (exit, _, error) = journal.Run("pcap", "-o", journal.File("no-such-folder/x.pcap"));
        Assert.Equal(1, exit);
        Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
