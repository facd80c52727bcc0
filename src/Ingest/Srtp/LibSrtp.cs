using System.Runtime.InteropServices;

namespace Pipeline.Ingest.Srtp;

/// <summary>The part of libsrtp 2 that is used here (srtp.h, crypto_types.h). A result of 0 is success.</summary>
internal static unsafe partial class LibSrtp
{
    private const string Library = "libsrtp2.so.1";

    public const int Ok = 0, ReplayFailed = 9, ReplayOld = 10;
    public const uint SpecificSsrc = 1;
    private const uint AesIcm128 = 1, AesGcm128 = 6, AesGcm256 = 7;                  // SRTP_AES_…
    private const uint NullAuth = 0, HmacSha1 = 3;
    private const int ConfidentialAndAuthentic = 3;
    private const int HmacSha1KeyLength = 20;

    [LibraryImport(Library, EntryPoint = "srtp_init")]
    public static partial int Initialize();
    [LibraryImport(Library, EntryPoint = "srtp_create")]
    public static partial int Create(out nint session, Policy* policy);
    [LibraryImport(Library, EntryPoint = "srtp_dealloc")]
    public static partial int Free(nint session);
    /// <param name="length">In octets; becomes that of the protected packet, for which there is room.</param>
    [LibraryImport(Library, EntryPoint = "srtp_protect")]
    public static partial int Protect(nint session, byte* packet, ref int length);
    [LibraryImport(Library, EntryPoint = "srtp_protect_rtcp")]
    public static partial int ProtectRtcp(nint session, byte* packet, ref int length);
    /// <param name="length">In octets; becomes that of the plain packet.</param>
    [LibraryImport(Library, EntryPoint = "srtp_unprotect")]
    public static partial int Unprotect(nint session, byte* packet, ref int length);
    [LibraryImport(Library, EntryPoint = "srtp_unprotect_rtcp")]
    public static partial int UnprotectRtcp(nint session, byte* packet, ref int length);
    /// <summary>What the next packet's roll-over count is; 0: what follows from the packets so far.</summary>
    [LibraryImport(Library, EntryPoint = "srtp_set_stream_roc")]
    public static partial int SetRollOver(nint session, uint ssrc, uint rollOver);

    public static CryptoPolicy ForRtp(SrtpSuite suite) => For(suite, suite.TagLength);
    public static CryptoPolicy ForRtcp(SrtpSuite suite) => For(suite, suite.RtcpTagLength);

    private static CryptoPolicy For(SrtpSuite suite, int tagLength) => new()
    {
        Cipher = !suite.IsAead ? AesIcm128 : suite.KeyLength == 32 ? AesGcm256 : AesGcm128,
        CipherKeyLength = suite.MasterLength,
        Auth = suite.IsAead ? NullAuth : HmacSha1,
        AuthKeyLength = suite.IsAead ? 0 : HmacSha1KeyLength,
        AuthTagLength = tagLength,
        Services = ConfidentialAndAuthentic,
    };

    /// <summary>`srtp_crypto_policy_t`.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CryptoPolicy
    {
        public uint Cipher;
        public int CipherKeyLength;
        public uint Auth;
        public int AuthKeyLength;
        public int AuthTagLength;
        public int Services;
    }

    /// <summary>`srtp_policy_t` of 64-bit Linux, the same from 2.0 to 2.7.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Policy
    {
        public uint SsrcType;
        public uint Ssrc;
        public CryptoPolicy Rtp;
        public CryptoPolicy Rtcp;
        public byte* Key;
        public void* Keys;
        public nuint KeyCount;
        public void* Ekt;
        public nuint WindowSize;
        public int AllowRepeat;
        public int* EncryptedExtensions;
        public int EncryptedExtensionCount;
        public void* Next;
    }
}

/// <summary>Owns an `srtp_t` with one stream in it.</summary>
internal sealed unsafe class SrtpSession() : SafeHandle(0, ownsHandle: true)
{
    /// <summary>
    /// How far behind the newest a packet may come: ten seconds of speech that was held until somebody claimed it, and far more than a
    /// network reorders.
    /// </summary>
    private const int Window = 1024;

    /// <exception cref="InvalidOperationException">The library does not know the suite, or has no memory.</exception>
    public static SrtpSession Create(SrtpParameters parameters, uint ssrc)
    {
        var handle = new SrtpSession();
        fixed (byte* master = parameters.Master.Span)
        {
            var policy = new LibSrtp.Policy
            {
                SsrcType = LibSrtp.SpecificSsrc,
                Ssrc = ssrc,
                Rtp = LibSrtp.ForRtp(parameters.Suite),
                Rtcp = LibSrtp.ForRtcp(parameters.Suite),
                Key = master,
                WindowSize = Window,
            };
            int error = LibSrtp.Create(out nint session, &policy);
            if (error != LibSrtp.Ok) throw new InvalidOperationException($"libsrtp2 made no session for {parameters.Suite.Name}: error {error}");
            handle.SetHandle(session);
        }
        return handle;
    }

    public override bool IsInvalid => handle == 0;
    protected override bool ReleaseHandle() => LibSrtp.Free(handle) == LibSrtp.Ok;
}
