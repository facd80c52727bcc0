using System.Diagnostics;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Tests.Rtp;

public class RtcpWriterTests
{
    private static readonly ReportBlock Block = new(0x01020304, 64, -2, 0x0001_FFFE, 33, 0xAABBCCDD, 65536);

    [Fact]
    public void A_report_a_name_and_a_request_are_as_the_RFCs_draw_them()
    {
        Assert.Equal(
            "81C90007" + "0A0B0C0D" + "01020304" + "40FFFFFE" + "0001FFFE" + "00000021" + "AABBCCDD" + "00010000" +      // RFC 3550 §6.4.2
            "81CA0003" + "0A0B0C0D" + "0104" + "61626364" + "0000" +                                                        // §6.5
            "81CD0004" + "0A0B0C0D" + "01020304" + "FFFE0005" + "00140000" +                                                // RFC 4585 §6.2.1
            "81CE0002" + "0A0B0C0D" + "01020304",                                                                           // §6.3.1
            Convert.ToHexString(Compound()));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 3)]
    [InlineData(6, 4)]
    [InlineData(255, 66)]
    public void A_name_of_any_length_ends_with_a_zero_and_fills_its_words(int length, int words)
    {
        var buffer = new byte[400];
        var writer = new RtcpWriter(buffer, 7);
        writer.AddCanonicalName([.. Enumerable.Repeat((byte)'x', length)]);

        Assert.Equal((4 * (words + 1), words), (writer.Length, buffer[3]));
        Assert.Equal(0, buffer[10 + length]);
    }

    [Fact]
    public void Missing_packets_are_named_by_the_first_and_a_bit_for_each_of_the_next_sixteen()
    {
        Assert.Equal("FFFE8002" + "00100000", Nack(65534, 0, 14, 16));
        Assert.Equal("0001FFFF" + "00120000", Nack([.. Enumerable.Range(1, 18).Select(n => (ushort)n)]));
    }

    [Fact]
    public void A_goodbye_is_found_in_a_compound_packet_whoever_else_leaves()
    {
        byte[] compound = [.. Datagrams.Report(7, TimeSpan.Zero, 1), 0x82, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, 7];

        Assert.True(Goodbye.IsSaid(compound, 7));
        Assert.True(Goodbye.IsSaid(compound, 9));
        Assert.False(Goodbye.IsSaid(compound, 8));
        Assert.False(Goodbye.IsSaid(Compound(), 0x01020304));
        for (int length = 0; length < compound.Length; length++) Assert.False(Goodbye.IsSaid(compound.AsSpan(0, length), 7));
    }

    /// <summary>Another implementation's reader: aiortc's.</summary>
    [Fact]
    public async Task Somebody_elses_reader_reads_the_same()
    {
        const string Program = """
            import sys
            from aiortc.rtp import RtcpPacket
            rr, sdes, nack, pli = RtcpPacket.parse(bytes.fromhex(sys.argv[1]))
            b = rr.reports[0]
            print(rr.ssrc, b.ssrc, b.fraction_lost, b.packets_lost, b.highest_sequence, b.jitter, b.lsr, b.dlsr)
            print(sdes.chunks[0].ssrc, sdes.chunks[0].items)
            print(nack.fmt, nack.ssrc, nack.media_ssrc, [n & 0xFFFF for n in nack.lost])
            print(pli.fmt, pli.ssrc, pli.media_ssrc)
            """;
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Program, Convert.ToHexString(Compound())])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        Assert.True(process.WaitForExit(30_000) && process.ExitCode == 0, await errors);

        Assert.Equal(
            [
                $"{0x0A0B0C0D} {0x01020304} 64 -2 {0x1FFFE} 33 {0xAABBCCDD} 65536",
                $"{0x0A0B0C0D} [(1, b'abcd')]",
                $"1 {0x0A0B0C0D} {0x01020304} [65534, 65535, 1, 20]",
                $"1 {0x0A0B0C0D} {0x01020304}",
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static byte[] Compound()
    {
        var buffer = new byte[200];
        var writer = new RtcpWriter(buffer, 0x0A0B0C0D);
        writer.AddReceiverReport([Block]);
        writer.AddCanonicalName("abcd"u8);
        writer.AddNack(0x01020304, [65534, 65535, 1, 20]);
        writer.AddPictureLoss(0x01020304);
        return buffer[..writer.Length];
    }

    private static string Nack(params ushort[] missing)
    {
        var buffer = new byte[100];
        var writer = new RtcpWriter(buffer, 1);
        writer.AddNack(2, missing);
        return Convert.ToHexString(buffer[12..writer.Length]);
    }
}
