namespace Pipeline.Ingest.Srtp;

/// <summary>A cipher with its keys and tags, by the name SDP gives it (RFC 4568 §6.2, RFC 7714 §14.2).</summary>
/// <param name="KeyLength">Of the master key, octets.</param>
/// <param name="SaltLength">Of the master salt, octets.</param>
/// <param name="TagLength">What an RTP packet grows by, octets.</param>
/// <param name="RtcpTagLength">Of an RTCP packet's tag, octets; the packet grows by the index too.</param>
public sealed record SrtpSuite(string Name, int KeyLength, int SaltLength, int TagLength, int RtcpTagLength)
{
    public static readonly SrtpSuite AesCm80 = new("AES_CM_128_HMAC_SHA1_80", 16, 14, 10, 10);
    /// <summary>The short tag is for RTP only (RFC 3711 §5.2): who forges an RTCP packet can do more harm.</summary>
    public static readonly SrtpSuite AesCm32 = new("AES_CM_128_HMAC_SHA1_32", 16, 14, 4, 10);
    public static readonly SrtpSuite AesGcm128 = new("AEAD_AES_128_GCM", 16, 12, 16, 16);
    public static readonly SrtpSuite AesGcm256 = new("AEAD_AES_256_GCM", 32, 12, 16, 16);
    public static readonly IReadOnlyList<SrtpSuite> All = [AesCm80, AesCm32, AesGcm128, AesGcm256];

    /// <summary>Master key and salt, octets.</summary>
    public int MasterLength => KeyLength + SaltLength;
    internal bool IsAead => TagLength == 16;

    /// <summary>Null for a name that is none of these.</summary>
    public static SrtpSuite? Find(string name) => All.FirstOrDefault(suite => suite.Name == name);
}
