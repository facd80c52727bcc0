using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Ingest.Tests.Srtp;

/// <summary>
/// A sender written from the RFCs over .NET's own ciphers, with nothing of the library that receives: RFC 3711 for AES-CM and HMAC-SHA1,
/// RFC 7714 for AES-GCM. Slow and plain.
/// </summary>
[SuppressMessage("Security", "CA5350", Justification = "RFC 3711 §4.2.1 names HMAC-SHA1.")]
internal sealed class ReferenceSrtp
{
    private readonly SrtpSuite suite;
    private readonly SessionKeys rtp, rtcp;

    public ReferenceSrtp(SrtpParameters parameters)
    {
        suite = parameters.Suite;
        var key = parameters.Master.Span[..suite.KeyLength];
        var salt = parameters.Master.Span[suite.KeyLength..];
        (rtp, rtcp) = (SessionKeys.Derive(key, salt, firstLabel: 0), SessionKeys.Derive(key, salt, firstLabel: 3));
    }

    private bool IsAead => suite.SaltLength == 12;

    /// <param name="packet">12 octets of header and a payload.</param>
    public byte[] Protect(ReadOnlySpan<byte> packet, uint rollOver)
    {
        const int Header = 12;
        ulong index = (ulong)rollOver << 16 | BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        if (IsAead) return [.. packet[..Header], .. Gcm(rtp, Nonce(rtp.Salt, ssrc, index), packet[Header..], packet[..Header])];

        byte[] body = [.. packet[..Header], .. CounterMode(rtp.Cipher, Offset(rtp.Salt, ssrc, index), packet[Header..])];
        byte[] over = [.. body, .. BigEndian(rollOver)];
        return [.. body, .. HMACSHA1.HashData(rtp.Auth, over).AsSpan(0, suite.TagLength)];
    }

    /// <param name="packet">8 octets of header and the rest of the compound packet.</param>
    public byte[] ProtectRtcp(ReadOnlySpan<byte> packet, uint index)
    {
        const int Header = 8;
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        byte[] word = BigEndian(0x8000_0000 | index);                                // E: encrypted
        if (IsAead)
        {
            byte[] aad = [.. packet[..Header], .. word];
            return [.. packet[..Header], .. Gcm(rtcp, Nonce(rtcp.Salt, ssrc, index), packet[Header..], aad), .. word];
        }
        byte[] body = [.. packet[..Header], .. CounterMode(rtcp.Cipher, Offset(rtcp.Salt, ssrc, index), packet[Header..]), .. word];
        return [.. body, .. HMACSHA1.HashData(rtcp.Auth, body).AsSpan(0, suite.RtcpTagLength)];
    }

    /// <summary>RFC 3711 §4.1.1: the block `offset` + i, encrypted, is the i-th of the key stream.</summary>
    public static byte[] CounterMode(byte[] key, UInt128 offset, ReadOnlySpan<byte> plain)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var text = plain.ToArray();
        var counter = new byte[16];
        for (int at = 0; at < text.Length; at += 16)
        {
            BinaryPrimitives.WriteUInt128BigEndian(counter, offset + (UInt128)(at / 16));
            byte[] stream = aes.EncryptEcb(counter, PaddingMode.None);
            for (int i = at; i < Math.Min(at + 16, text.Length); i++) text[i] ^= stream[i - at];
        }
        return text;
    }

    /// <summary>RFC 7714 §8.1: 0 | SSRC | index, over the salt.</summary>
    public static byte[] Nonce(ReadOnlySpan<byte> salt, uint ssrc, ulong index)
    {
        var nonce = new byte[12];
        BinaryPrimitives.WriteUInt32BigEndian(nonce.AsSpan(2), ssrc);
        for (int i = 0; i < 6; i++) nonce[6 + i] = (byte)(index >> (8 * (5 - i)));
        for (int i = 0; i < 12; i++) nonce[i] ^= salt[i];
        return nonce;
    }

    /// <returns>Ciphertext and tag.</returns>
    public static byte[] Gcm(byte[] key, byte[] nonce, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> authenticated)
    {
        using var gcm = new AesGcm(key, 16);
        var text = new byte[plain.Length + 16];
        gcm.Encrypt(nonce, plain, text.AsSpan(0, plain.Length), text.AsSpan(plain.Length), authenticated);
        return text;
    }

    private static byte[] Gcm(SessionKeys keys, byte[] nonce, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> authenticated) =>
        Gcm(keys.Cipher, nonce, plain, authenticated);

    /// <summary>RFC 3711 §4.1.1: salt × 2^16 ⊕ SSRC × 2^64 ⊕ index × 2^16.</summary>
    private static UInt128 Offset(ReadOnlySpan<byte> salt, uint ssrc, ulong index) =>
        SessionKeys.Shifted(salt) ^ ((UInt128)ssrc << 64) ^ ((UInt128)index << 16);

    private static byte[] BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }
}

/// <summary>RFC 3711 §4.3, with a key derivation rate of 0; RFC 7714 §11 for the longer key.</summary>
internal sealed record SessionKeys(byte[] Cipher, byte[] Auth, byte[] Salt)
{
    /// <param name="firstLabel">0 for RTP, 3 for RTCP.</param>
    public static SessionKeys Derive(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> masterSalt, byte firstLabel) => new(
        Derive(masterKey, masterSalt, firstLabel, masterKey.Length),
        Derive(masterKey, masterSalt, (byte)(firstLabel + 1), 20),
        Derive(masterKey, masterSalt, (byte)(firstLabel + 2), masterSalt.Length));

    /// <summary>A salt of 112 bits × 2^16; one of 96 bits is filled up with zeros first.</summary>
    public static UInt128 Shifted(ReadOnlySpan<byte> salt)
    {
        var block = new byte[16];
        salt.CopyTo(block);
        return BinaryPrimitives.ReadUInt128BigEndian(block);
    }

    private static byte[] Derive(ReadOnlySpan<byte> key, ReadOnlySpan<byte> salt, byte label, int length) =>
        ReferenceSrtp.CounterMode(key.ToArray(), Shifted(salt) ^ ((UInt128)label << 64), new byte[length]);
}
