using System.Buffers.Binary;

namespace Pipeline.Ingest.Rtp;

/// <summary>A sender says that it is about to leave (RFC 3550 §6.6).</summary>
public static class Goodbye
{
    private const byte PayloadType = 203;

    /// <summary>True where the compound packet says so of this source. Never throws: the wire is not trusted.</summary>
    public static bool IsSaid(ReadOnlySpan<byte> compound, uint ssrc)
    {
        while (compound.Length >= 4 && compound[0] >> 6 == 2)
        {
            int length = 4 * (BinaryPrimitives.ReadUInt16BigEndian(compound[2..]) + 1);
            if (length > compound.Length) return false;
            var packet = compound[..length];
            compound = compound[length..];
            if (packet[1] != PayloadType) continue;
            for (int n = 0, at = 4; n < (packet[0] & 0x1F) && at + 4 <= packet.Length; n++, at += 4)
                if (BinaryPrimitives.ReadUInt32BigEndian(packet[at..]) == ssrc) return true;
        }
        return false;
    }
}
