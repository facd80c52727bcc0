using Pipeline.Api.Replay;

namespace Pipeline.Api.Tests.Replay;

public sealed class PcapReaderTests
{
    private static readonly byte[] Payload = CaptureBytes.Rtp(ssrc: 7, sequence: 1);

    [Theory]
    [InlineData("orchard-opus")]
    [InlineData("orchard-opus-vp8")]
    [InlineData("orchard-opus-h264")]
    [InlineData("release-review-opus-vp8")]
    public void Finds_as_many_packets_of_each_stream_as_the_description_counts(string name)
    {
        var description = CaptureDescription.Parse(File.ReadAllBytes(Fixtures.Capture($"{name}.json")));
        var counts = new Dictionary<(uint, int), int>();
        foreach (var datagram in PcapReader.Read(File.ReadAllBytes(Fixtures.Capture($"{name}.pcap"))))
            if (RtpHeader.TryRead(datagram.Payload.Span, out var header))
                counts[(header.Ssrc, header.PayloadType)] = counts.GetValueOrDefault((header.Ssrc, header.PayloadType)) + 1;

        Assert.All(description.Streams, s => Assert.Equal(s.Packets, counts.GetValueOrDefault((s.Ssrc, s.Pt))));
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(101), InlineData(108), InlineData(113), InlineData(228), InlineData(229), InlineData(276)]
    public void Finds_udp_under_every_link_type(int linkType)
    {
        byte[] ip = linkType == 229 ? CaptureBytes.UdpInIPv6(Payload, 5004) : CaptureBytes.UdpInIPv4(Payload, 5004);
        byte[] frame = CaptureBytes.Frame(linkType, ip);
        foreach (byte[] file in new[] { CaptureBytes.Pcap(linkType, [(5, frame)]), CaptureBytes.Pcapng(linkType, [(5, frame)]) })
        {
            var datagram = Assert.Single(PcapReader.Read(file));
            Assert.Equal(5004, datagram.DestinationPort);
            Assert.Equal(Payload, datagram.Payload.ToArray());
        }
    }

    [Fact]
    public void Looks_behind_vlan_tags_and_ipv6_extension_headers()
    {
        byte[] ip = CaptureBytes.UdpInIPv6(Payload, 5004, withExtension: true);
        byte[] frame = [.. new byte[12], 0x81, 0x00, 0x00, 0x05, 0x86, 0xDD, .. ip];
        Assert.Equal(Payload, Assert.Single(PcapReader.Read(CaptureBytes.Pcap(1, [(0, frame)]))).Payload.ToArray());
    }

    [Theory]
    [InlineData(false, false, 1_000_000_123, 1_000_000_123 * 10L)]
    [InlineData(true, false, 1_000_000_123, 1_000_000_123 * 10L)]
    [InlineData(false, true, 2_000_000_300, 20_000_003)]
    [InlineData(true, true, 2_000_000_300, 20_000_003)]
    public void Reads_pcap_times_in_both_byte_orders_and_resolutions(bool bigEndian, bool nanoseconds, long time, long ticks)
    {
        byte[] file = CaptureBytes.Pcap(101, [(time, CaptureBytes.UdpInIPv4(Payload, 1))], bigEndian, nanoseconds);
        Assert.Equal(ticks, Assert.Single(PcapReader.Read(file)).Time.Ticks);
    }

    [Theory]
    [InlineData(false, null, 1_700_000_000_000_001, 17_000_000_000_000_010)]
    [InlineData(true, null, 1_700_000_000_000_001, 17_000_000_000_000_010)]
    [InlineData(false, (byte)9, 1_700_000_000_000_000_100, 17_000_000_000_000_001)]
    [InlineData(true, (byte)3, 1_500, 15_000_000)]
    [InlineData(false, (byte)(0x80 | 10), 1_536, 15_000_000)]   // 1/1024 s
    public void Reads_pcapng_times_in_the_interfaces_resolution(bool bigEndian, byte? resolution, long time, long ticks)
    {
        byte[] file = CaptureBytes.Pcapng(101, [(time, CaptureBytes.UdpInIPv4(Payload, 1))], bigEndian, resolution);
        Assert.Equal(ticks, Assert.Single(PcapReader.Read(file)).Time.Ticks);
    }

    [Fact]
    public void Reads_simple_packet_blocks()
    {
        byte[] file = CaptureBytes.Pcapng(1, [(0, CaptureBytes.Frame(1, CaptureBytes.UdpInIPv4(Payload, 9)))], simple: true);
        Assert.Equal(Payload, Assert.Single(PcapReader.Read(file)).Payload.ToArray());
    }

    [Fact]
    public void Leaves_out_what_is_no_whole_udp_datagram()
    {
        byte[] good = CaptureBytes.UdpInIPv4(Payload, 1);
        byte[] tcp = [.. good];
        tcp[9] = 6;
        byte[] snapped = good[..^1];
        byte[][] frames = [tcp, snapped, CaptureBytes.UdpInIPv4(Payload, 1, fragment: 0x2000), CaptureBytes.UdpInIPv4(Payload, 1, fragment: 5), [], good];
        Assert.Single(PcapReader.Read(CaptureBytes.Pcap(101, frames.Select(f => (0L, f)))));
    }

    [Fact]
    public void Names_a_link_type_that_it_does_not_read()
    {
        var refused = Assert.Throws<ReplayException>(() => PcapReader.Read(CaptureBytes.Pcap(105, [])));
        Assert.Contains("link type 105", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GIF89a and then some")]
    public void Says_that_other_files_are_no_captures(string content) =>
        Assert.Throws<ReplayException>(() => PcapReader.Read(System.Text.Encoding.ASCII.GetBytes(content)));
}
