using System.Buffers.Binary;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Tests.Rtp;

public class RtpPacketTests
{
    [Fact]
    public void Reads_the_fixed_header_and_the_payload()
    {
        byte[] datagram = Convert.FromHexString("80EF" + "FFFE" + "DEADBEEF" + "01020304" + "AABBCC");

        Assert.True(RtpPacket.TryParse(datagram, out var packet));
        Assert.True(packet.Marker);
        Assert.Equal(111, packet.PayloadType);
        Assert.Equal(0xFFFE, packet.SequenceNumber);
        Assert.Equal(0xDEADBEEF, packet.Timestamp);
        Assert.Equal(0x01020304u, packet.Ssrc);
        Assert.Equal("AABBCC", Convert.ToHexString(packet.Payload));
    }

    [Theory]
    // first octet, what follows the fixed header, payload expected; null: refused
    [InlineData(0x80, "", "")]                                      // nothing inside is still a packet
    [InlineData(0x82, "1111111122222222AB", "AB")]                  // two contributing sources
    [InlineData(0x82, "11111111222222", null)]                      // … the second cut short
    [InlineData(0x8F, "AB", null)]                                  // fifteen promised, none there
    [InlineData(0x90, "BEDE0001" + "10FF0000" + "AB", "AB")]        // one extension word
    [InlineData(0x90, "BEDE0000AB", "AB")]                          // an extension of no words
    [InlineData(0x90, "BEDE0002" + "10FF0000" + "AB", null)]        // says two words, has one and a bit
    [InlineData(0x90, "BEDE00", null)]                              // not even its header
    [InlineData(0x90, "BEDEFFFF00000000", null)]
    [InlineData(0xA0, "ABCD000003", "ABCD")]
    [InlineData(0xA0, "ABCD01", "ABCD")]                            // padding of one octet: the count itself
    [InlineData(0xA0, "02FF02", "02")]
    [InlineData(0xA0, "000003", "")]                                // padding only
    [InlineData(0xA0, "000004", null)]                              // more padding than packet
    [InlineData(0xA0, "ABCDFF", null)]
    [InlineData(0xA0, "ABCD00", null)]                              // padding of none: the count would not count itself
    [InlineData(0xB1, "11111111" + "BEDE0001" + "10FF0000" + "AB02" + "0002", "AB02")]   // all of it at once
    [InlineData(0x00, "AB", null)]                                  // versions 0, 1 and 3
    [InlineData(0x40, "AB", null)]
    [InlineData(0xC0, "AB", null)]
    public void Finds_the_payload_or_refuses(int first, string rest, string? payload)
    {
        byte[] datagram = [(byte)first, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, .. Convert.FromHexString(rest)];

        bool good = RtpPacket.TryParse(datagram, out var packet);

        Assert.Equal(payload, good ? Convert.ToHexString(packet.Payload) : null);
    }

    [Theory]
    // profile, extension words, id, data expected; null: not found
    [InlineData("BEDE", "10FF0000", 1, "FF")]
    [InlineData("BEDE", "10FF0000", 2, null)]
    [InlineData("BEDE", "0010FF00", 1, "FF")]                       // padding before
    [InlineData("BEDE", "11AABB20CC000000", 2, "CC")]               // after another
    [InlineData("BEDE", "F0FF10AA", 1, null)]                       // id 15: reading stops
    [InlineData("BEDE", "1FAABBCC", 1, null)]                       // says sixteen octets, has three
    [InlineData("BEDE", "00000000", 1, null)]
    [InlineData("BEDE", "", 1, null)]
    [InlineData("1000", "0101FF00", 1, "FF")]                       // two-byte headers
    [InlineData("100F", "0101FF00", 1, "FF")]                       // … the low four bits are the application's
    [InlineData("1000", "01000201CC000000", 1, "")]                 // an element of no data
    [InlineData("1000", "01000201CC000000", 2, "CC")]
    [InlineData("1000", "FF02AABB", 255, "AABB")]
    [InlineData("1000", "0105FF00", 1, null)]
    [InlineData("1000", "00000001", 1, null)]                       // an id without a length
    [InlineData("ABCD", "10FF0000", 1, null)]                       // some other profile
    public void Finds_a_header_extension_or_says_it_is_not_there(string profile, string words, int id, string? data)
    {
        byte[] extension = Convert.FromHexString(words);
        byte[] datagram = [0x90, 111, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, .. Convert.FromHexString(profile), 0, (byte)(extension.Length / 4), .. extension, 0xF8];

        Assert.True(RtpPacket.TryParse(datagram, out var packet));

        Assert.Equal(data, packet.TryGetExtension((byte)id, out var found) ? Convert.ToHexString(found) : null);
    }

    [Fact]
    public void Reads_every_packet_of_a_real_capture()
    {
        foreach (var (_, _, datagram) in Capture.Read("orchard-opus.pcap").Where(d => !RtpPacket.IsRtcp(d.Datagram)))
        {
            Assert.True(RtpPacket.TryParse(datagram, out var packet));
            Assert.Equal(111, packet.PayloadType);
            Assert.True(packet.TryGetExtension(1, out var level));
            Assert.Equal(1, level.Length);
        }
    }

    [Fact]
    public void Never_throws_for_a_packet_cut_short_or_with_a_bit_flipped()
    {
        foreach (var (_, _, datagram) in Capture.Read("orchard-opus.pcap").Take(40))
        {
            for (int length = 0; length <= datagram.Length; length++) Touch(datagram.AsSpan(0, length));
            for (int bit = 0; bit < 8 * datagram.Length; bit++)
            {
                datagram[bit / 8] ^= (byte)(1 << (bit % 8));
                Touch(datagram);
                datagram[bit / 8] ^= (byte)(1 << (bit % 8));
            }
        }
    }

    [Theory]
    [InlineData(0x80, 200, 8, true)]
    [InlineData(0x81, 201, 32, true)]
    [InlineData(0x80, 192, 8, true)]
    [InlineData(0x80, 223, 8, true)]
    [InlineData(0x80, 191, 12, false)]
    [InlineData(0x80, 224, 12, false)]
    [InlineData(0x80, 111, 12, false)]
    [InlineData(0x80, 239, 12, false)]                              // Opus with its marker
    [InlineData(0x40, 200, 8, false)]
    [InlineData(0x80, 200, 7, false)]                               // no room for an SSRC
    [InlineData(0x80, 200, 0, false)]
    public void Tells_RTCP_from_RTP(int first, int second, int length, bool rtcp)
    {
        byte[] datagram = [(byte)first, (byte)second, .. new byte[30]];

        Assert.Equal(rtcp, RtpPacket.IsRtcp(datagram.AsSpan(0, length)));
    }

    /// <summary>Reads all there is: what must hold is only that what was found lies inside and nothing throws.</summary>
    private static void Touch(ReadOnlySpan<byte> datagram)
    {
        _ = RtpPacket.IsRtcp(datagram);
        if (!RtpPacket.TryParse(datagram, out var packet)) return;
        Assert.True(packet.Payload.Length <= datagram.Length - RtpPacket.FixedHeaderLength);
        Assert.Equal(BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]), packet.SequenceNumber);
        for (int id = 0; id < 17; id++) packet.TryGetExtension((byte)id, out _);
    }
}
