using System.Buffers.Binary;

namespace Pipeline.Ingest.Rtp;

//   0                   1                   2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |V=2|P|   RC    |   PT = 200    |   length in 32-bit words − 1  |
//  |                        SSRC of sender                         |
//  |        NTP timestamp, seconds since 1900                      |
//  |        NTP timestamp, fraction                                |
//  |                         RTP timestamp                         |
//  |        packet count, octet count, report blocks ...           |

/// <summary>The same instant on a sender's wall clock and on its media clock (RFC 3550 §6.4.1).</summary>
/// <param name="NtpTime">Seconds since 1900 with 32 bits of fraction; wraps in 2036.</param>
/// <param name="Timestamp">In ticks of the stream's media clock; wraps at 2^32.</param>
public readonly record struct SenderReport(uint Ssrc, ulong NtpTime, uint Timestamp)
{
    private const byte PayloadType = 200;
    private const int Length = 28;                                                   // through the octet count

    /// <summary>Finds the next sender report of a compound RTCP packet (§6.1). Never throws: the wire is not trusted.</summary>
    /// <param name="compound">What is not read yet; moved behind the report.</param>
    /// <returns>False where there is none, or what follows is malformed; of a sender that has no wall clock there is none.</returns>
    public static bool TryReadNext(ref ReadOnlySpan<byte> compound, out SenderReport report)
    {
        report = default;
        while (compound.Length >= 4 && compound[0] >> 6 == 2)
        {
            int length = 4 * (BinaryPrimitives.ReadUInt16BigEndian(compound[2..]) + 1);
            if (length > compound.Length) return false;
            var packet = compound[..length];
            compound = compound[length..];
            if (packet[1] != PayloadType || length < Length) continue;
            report = new SenderReport(
                BinaryPrimitives.ReadUInt32BigEndian(packet[4..]), BinaryPrimitives.ReadUInt64BigEndian(packet[8..]),
                BinaryPrimitives.ReadUInt32BigEndian(packet[16..]));
            if (report.NtpTime != 0) return true;
        }
        return false;
    }
}
