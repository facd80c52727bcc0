using System.Buffers.Binary;

namespace Pipeline.Ingest.Srtp;

/// <summary>What one protected packet proved to be.</summary>
internal enum SrtpProof
{
    /// <summary>Its sender has the key; it is plain now.</summary>
    Verified,
    /// <summary>Forged, plain, or under another key: which, nobody can tell.</summary>
    Forged,
    /// <summary>It came before, or is too old to say whether it did.</summary>
    Replayed,
}

/// <summary>
/// One SSRC's packets, verified and decrypted where they lie (RFC 3711 §3.3, RFC 7714). It finds out the sender's roll-over count by
/// itself, as long as it is told nearly. A packet that does not verify changes nothing. Holds native memory; not thread-safe.
/// </summary>
/// <param name="floor">The index of the newest packet that an earlier run verified; −1: none did.</param>
internal sealed unsafe class SrtpStream(SrtpParameters parameters, uint ssrc, long floor) : IDisposable
{
    /// <summary>Wraps that may have been missed: five hours of speech in packets of 20 ms.</summary>
    private const int MaxAhead = 16;

    private readonly SrtpSession session = SrtpSession.Create(parameters, ssrc);
    private long highest = -1;                                                       // of this run

    /// <summary>Packets of this run have been verified.</summary>
    public bool IsEstablished => highest >= 0;
    /// <summary>The newest verified packet's, of any run; −1: there was none.</summary>
    public long Index => Math.Max(floor, highest);

    /// <param name="packet">Becomes shorter by the tag.</param>
    /// <param name="headerLength">Up to the payload, octets.</param>
    public SrtpProof Unprotect(ref Span<byte> packet, int headerLength)
    {
        if (packet.Length < headerLength + parameters.Suite.TagLength) return SrtpProof.Forged;
        long index = PacketIndex.Nearest(Math.Max(highest, 0), SequenceOf(packet));
        if (index <= floor) return SrtpProof.Replayed;
        var proof = Open(ref packet);
        if (proof == SrtpProof.Verified && index > highest) highest = index;
        return proof;
    }

    /// <summary>
    /// The same for the first packet, and for one that follows a silence in which wraps may have been missed: tries roll-over counts near
    /// the one that was told or is known, behind it only at first. Costs some twenty times as much.
    /// </summary>
    /// <param name="packet">Stays as it is unless it verifies.</param>
    /// <param name="copy">Room for the packet.</param>
    public SrtpProof Search(ref Span<byte> packet, int headerLength, Span<byte> copy)
    {
        if (packet.Length < headerLength + parameters.Suite.TagLength) return SrtpProof.Forged;
        packet.CopyTo(copy);
        var original = copy[..packet.Length];
        bool anew = Index < 0;
        uint near = anew ? parameters.RollOver : PacketIndex.RollOver(Index);
        bool found = TryNear(near, ref packet, original) || (anew && near > 0 && TryNear(0, ref packet, original));
        if (found) return SrtpProof.Verified;
        original.CopyTo(packet);
        _ = LibSrtp.SetRollOver(session.DangerousGetHandle(), ssrc, 0);
        return !anew && PacketIndex.Nearest(Index, SequenceOf(packet)) <= Index ? SrtpProof.Replayed : SrtpProof.Forged;
    }

    /// <param name="packet">A compound packet; becomes shorter by index and tag.</param>
    public SrtpProof UnprotectRtcp(ref Span<byte> packet)
    {
        const int Header = 8, Index = 4;
        if (packet.Length < Header + Index + parameters.Suite.RtcpTagLength) return SrtpProof.Forged;
        int length = packet.Length, result;
        fixed (byte* first = packet) result = LibSrtp.UnprotectRtcp(session.DangerousGetHandle(), first, ref length);
        if (result == LibSrtp.Ok) packet = packet[..length];
        return ProofOf(result);
    }

    public void Dispose() => session.Dispose();

    private bool TryNear(uint near, ref Span<byte> packet, ReadOnlySpan<byte> original)
    {
        for (int ahead = -1; ahead <= MaxAhead; ahead++)
        {
            long rollOver = near + (ahead switch { -1 => 0, 0 => 1, 1 => -1, _ => ahead });   // the likely ones first
            if (rollOver is < 0 or > uint.MaxValue) continue;
            long index = PacketIndex.Of((uint)rollOver, SequenceOf(original));
            if (index <= Index) continue;                                            // not behind what is known: that would be a replay
            original.CopyTo(packet);
            _ = LibSrtp.SetRollOver(session.DangerousGetHandle(), ssrc, (uint)rollOver);
            if (Open(ref packet) != SrtpProof.Verified) continue;
            _ = LibSrtp.SetRollOver(session.DangerousGetHandle(), ssrc, 0);
            highest = index;
            return true;
        }
        return false;
    }

    private SrtpProof Open(ref Span<byte> packet)
    {
        int length = packet.Length, result;
        fixed (byte* first = packet) result = LibSrtp.Unprotect(session.DangerousGetHandle(), first, ref length);
        if (result == LibSrtp.Ok) packet = packet[..length];
        return ProofOf(result);
    }

    private static SrtpProof ProofOf(int result) => result switch
    {
        LibSrtp.Ok => SrtpProof.Verified,
        LibSrtp.ReplayFailed or LibSrtp.ReplayOld => SrtpProof.Replayed,
        _ => SrtpProof.Forged,
    };

    private static ushort SequenceOf(ReadOnlySpan<byte> packet) => BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
}
