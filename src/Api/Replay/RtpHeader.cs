using System.Buffers.Binary;

namespace Pipeline.Api.Replay;

/// <summary>The fixed part of an RTP header (RFC 3550 §5.1): as much as a sender needs to name what it sends.</summary>
/// <param name="Timestamp">In ticks of the payload's clock; wraps at 2^32.</param>
public readonly record struct RtpHeader(byte PayloadType, bool Marker, ushort SequenceNumber, uint Timestamp, uint Ssrc)
{
    public const int Length = 12;

    //  0                   1                   2                   3
    //  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    //  |                           timestamp                           |
    //  |                             SSRC                              |

    /// <summary>False for anything that is not RTP version 2, and for RTCP on the same port (RFC 5761 §4).</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out RtpHeader header)
    {
        header = default;
        if (datagram.Length < Length || datagram[0] >> 6 != 2 || datagram[1] is >= 192 and <= 223) return false;
        header = new RtpHeader(
            (byte)(datagram[1] & 0x7F), (datagram[1] & 0x80) != 0,
            BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]));
        return true;
    }

    /// <param name="packet">At least <see cref="Length"/> bytes.</param>
    /// <param name="extended">Whether a header extension follows.</param>
    public void Write(Span<byte> packet, bool extended)
    {
        packet[0] = (byte)(0x80 | (extended ? 0x10 : 0));
        packet[1] = (byte)((Marker ? 0x80 : 0) | PayloadType);
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], SequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], Timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], Ssrc);
    }
}
