namespace Pipeline.Ingest.Srtp;

/// <summary>Protects one SSRC's packets, as a sender does (RFC 3711 §3.3). Holds native memory; not thread-safe.</summary>
/// <exception cref="InvalidOperationException">This machine cannot: see <see cref="SrtpLibrary.Supports"/>.</exception>
public sealed unsafe class SrtpSender : IDisposable
{
    /// <summary>What a packet grows by at most: an RTCP packet's index and tag.</summary>
    private const int Growth = 4 + 16;

    private readonly SrtpSession session;

    /// <param name="parameters">The roll-over count is that of the first packet.</param>
    public SrtpSender(SrtpParameters parameters, uint ssrc)
    {
        if (!SrtpLibrary.Supports(parameters.Suite, out string? why)) throw new InvalidOperationException(why);
        session = SrtpSession.Create(parameters, ssrc);
        if (parameters.RollOver > 0) _ = LibSrtp.SetRollOver(session.DangerousGetHandle(), ssrc, parameters.RollOver);
    }

    /// <summary>The packet as it is sent. In the order of sending: a sequence number that falls by more than half its range has wrapped.</summary>
    /// <exception cref="InvalidOperationException">It is no RTP packet of this SSRC, or was protected before.</exception>
    public byte[] Protect(ReadOnlySpan<byte> packet) => Run(packet, LibSrtp.Protect);

    /// <inheritdoc cref="Protect"/>
    public byte[] ProtectRtcp(ReadOnlySpan<byte> packet) => Run(packet, LibSrtp.ProtectRtcp);

    /// <summary>The same for a packet that lies where there is room behind it, without a copy.</summary>
    /// <param name="length">Of the packet in <paramref name="room"/>, octets; becomes that of the protected one.</param>
    /// <returns>False where there is too little room, or the library cannot.</returns>
    internal bool TryProtectRtcp(Span<byte> room, ref int length)
    {
        if (length + Growth > room.Length) return false;
        fixed (byte* first = room) return LibSrtp.ProtectRtcp(session.DangerousGetHandle(), first, ref length) == LibSrtp.Ok;
    }

    public void Dispose() => session.Dispose();

    private delegate int Protection(nint session, byte* packet, ref int length);

    private byte[] Run(ReadOnlySpan<byte> packet, Protection protect)
    {
        byte[] room = new byte[packet.Length + Growth];
        packet.CopyTo(room);
        int length = packet.Length, error;
        fixed (byte* first = room) error = protect(session.DangerousGetHandle(), first, ref length);
        return error == LibSrtp.Ok ? room[..length] : throw new InvalidOperationException($"libsrtp2 does not protect the packet: error {error}");
    }
}
