using System.Buffers.Binary;

namespace Pipeline.Ingest.Rtp;

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|X|  CC   |M|     PT      |       sequence number         |
//  |                           timestamp                           |
//  |           synchronization source (SSRC) identifier            |
//  |        contributing sources (CSRC), CC of them ...            |
//  |  profile (X only)             |   length in 32-bit words      |
//  |                    header extension ...                       |

/// <summary>One RTP packet, read in place (RFC 3550 §5.1). Copies nothing; lives no longer than its datagram.</summary>
public readonly ref struct RtpPacket
{
    public const int FixedHeaderLength = 12;
    private const ushort OneByteProfile = 0xBEDE;                                    // RFC 8285 §4.2
    private const ushort TwoByteProfile = 0x1000, TwoByteMask = 0xFFF0;              // RFC 8285 §4.3

    public ushort SequenceNumber { get; private init; }
    /// <summary>Sampling instant of the first payload octet, in ticks of the payload's clock; wraps at 2^32.</summary>
    public uint Timestamp { get; private init; }
    public uint Ssrc { get; private init; }
    public byte PayloadType { get; private init; }
    public bool Marker { get; private init; }
    public ReadOnlySpan<byte> Payload { get; private init; }
    /// <summary>Octets before the payload: fixed header, CSRC list and header extension.</summary>
    public int HeaderLength { get; private init; }
    /// <summary>It came on its way before, and was lost: this is what was sent again.</summary>
    public bool IsRetransmitted { get; private init; }
    private ushort ExtensionProfile { get; init; }
    private ReadOnlySpan<byte> Extension { get; init; }

    /// <summary>True for a datagram that is RTCP on a port shared with RTP (RFC 5761 §4: second octet 192–223).</summary>
    public static bool IsRtcp(ReadOnlySpan<byte> datagram) => datagram.Length >= 8 && datagram[0] >> 6 == 2 && datagram[1] is >= 192 and <= 223;

    /// <summary>False unless the datagram is one whole version 2 packet. Never throws: the wire is not trusted.</summary>
    public static bool TryParse(ReadOnlySpan<byte> datagram, out RtpPacket packet) => TryParse(datagram, hasPayload: true, out packet);

    /// <summary>The same for the first <see cref="HeaderLength"/> octets of a packet, all that was kept of it.</summary>
    public static bool TryParseHeader(ReadOnlySpan<byte> header, out RtpPacket packet) => TryParse(header, hasPayload: false, out packet);

    private static bool TryParse(ReadOnlySpan<byte> datagram, bool hasPayload, out RtpPacket packet)
    {
        packet = default;
        if (datagram.Length < FixedHeaderLength || datagram[0] >> 6 != 2) return false;

        int start = FixedHeaderLength + 4 * (datagram[0] & 0x0F);                    // CSRC list
        ushort profile = 0;
        ReadOnlySpan<byte> extension = default;
        if ((datagram[0] & 0x10) != 0)                                               // header extension, §5.3.1
        {
            if (datagram.Length < start + 4) return false;
            profile = BinaryPrimitives.ReadUInt16BigEndian(datagram[start..]);
            int length = 4 * BinaryPrimitives.ReadUInt16BigEndian(datagram[(start + 2)..]);
            if (datagram.Length < start + 4 + length) return false;
            extension = datagram.Slice(start + 4, length);
            start += 4 + length;
        }

        bool padded = hasPayload && (datagram[0] & 0x20) != 0;
        int padding = padded ? datagram[^1] : 0;                                     // the last octet counts itself
        if ((padded && padding == 0) || start + padding > datagram.Length) return false;

        packet = new RtpPacket
        {
            Marker = datagram[1] >> 7 != 0,
            PayloadType = (byte)(datagram[1] & 0x7F),
            SequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]),
            Timestamp = BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]),
            Ssrc = BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]),
            Payload = hasPayload ? datagram[start..^padding] : default,
            HeaderLength = start,
            ExtensionProfile = profile,
            Extension = extension,
        };
        return true;
    }

    /// <summary>The packet that this one sends again (RFC 4588 §4): its payload behind its sequence number. False for one that only fills the wire.</summary>
    /// <param name="ssrc">Of the stream it was lost from.</param>
    /// <param name="payloadType">That it had there.</param>
    public bool TryGetOriginal(uint ssrc, byte payloadType, out RtpPacket original)
    {
        original = default;
        if (Payload.Length < 2) return false;
        original = this with
        {
            Ssrc = ssrc,
            PayloadType = payloadType,
            SequenceNumber = BinaryPrimitives.ReadUInt16BigEndian(Payload),
            Payload = Payload[2..],
            IsRetransmitted = true,
        };
        return true;
    }

    /// <summary>The data of one header extension element (RFC 8285 §4.2, §4.3). False where it is absent or the block is malformed.</summary>
    /// <param name="id">As negotiated: 1–14, with two-byte headers 1–255.</param>
    public bool TryGetExtension(byte id, out ReadOnlySpan<byte> data)
    {
        data = default;
        bool oneByte = ExtensionProfile == OneByteProfile;
        if (!oneByte && (ExtensionProfile & TwoByteMask) != TwoByteProfile) return false;

        for (int at = 0; at < Extension.Length;)
        {
            byte head = Extension[at];
            if (head == 0) { at++; continue; }                                       // padding between elements
            int elementId, length;
            if (oneByte)
            {
                if (head >> 4 == 15) return false;                                   // reserved: stop reading, §4.2
                (elementId, length) = (head >> 4, (head & 0x0F) + 1);
                at += 1;
            }
            else
            {
                if (at + 1 >= Extension.Length) return false;
                (elementId, length) = (head, Extension[at + 1]);
                at += 2;
            }
            if (at + length > Extension.Length) return false;
            if (elementId == id)
            {
                data = Extension.Slice(at, length);
                return true;
            }
            at += length;
        }
        return false;
    }
}
