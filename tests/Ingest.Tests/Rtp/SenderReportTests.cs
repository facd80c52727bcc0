using Pipeline.Ingest.Rtp;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Rtp;

public class SenderReportTests
{
    private static readonly byte[] Receiver = [0x81, 201, 0, 7, .. new byte[28]];
    private static readonly byte[] Description = [0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, (byte)'a', 0];

    [Fact]
    public void A_report_is_found_in_a_compound_packet_wherever_it_stands()
    {
        byte[] report = Report(0xCAFE, Ms(1500), 0xFEDCBA98), other = Report(7, Ms(2500), 3);
        ReadOnlySpan<byte> compound = (byte[])[.. Receiver, .. report, .. Description, .. other];

        Assert.True(SenderReport.TryReadNext(ref compound, out var first));
        Assert.True(SenderReport.TryReadNext(ref compound, out var second));
        Assert.False(SenderReport.TryReadNext(ref compound, out _));

        Assert.Equal(new SenderReport(0xCAFE, Ntp(Ms(1500)), 0xFEDCBA98), first);
        Assert.Equal(new SenderReport(7, Ntp(Ms(2500)), 3), second);
    }

    [Fact]
    public void A_sender_without_a_wall_clock_reports_nothing()
    {
        byte[] report = Report(7, Ms(0), 3);
        report.AsSpan(8, 8).Clear();
        ReadOnlySpan<byte> compound = report;
        Assert.False(SenderReport.TryReadNext(ref compound, out _));
    }

    [Fact]
    public void No_packet_however_broken_is_read_past_its_end_or_without_one()
    {
        byte[] whole = [.. Report(7, Ms(20), 960), .. Receiver, .. Report(8, Ms(40), 1920), .. Description];
        for (int length = 0; length <= whole.Length; length++) Assert.InRange(Count(whole.AsSpan(0, length)), 0, 2);
        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            byte[] broken = [.. whole];
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.InRange(Count(broken), 0, whole.Length / 28);
        }
        var random = new Random(4);
        var noise = new byte[1500];
        for (int n = 0; n < 2000; n++)
        {
            random.NextBytes(noise);
            for (int at = 0; at < noise.Length; at += 4) (noise[at], noise[at + 2]) = (0x80, 0);
            Assert.InRange(Count(noise), 0, noise.Length / 28);
        }
    }

    private static int Count(ReadOnlySpan<byte> compound)
    {
        int count = 0;
        while (SenderReport.TryReadNext(ref compound, out _)) count++;
        return count;
    }
}
