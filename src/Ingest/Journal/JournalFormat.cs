using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

// A meeting's journal is a folder of segments of at most ten seconds, each a chained file and, beside it, its wrapped key:
//
//   00000001.seg   | segment header | block | block | ...          00000001.key   the segment's key, wrapped by the meeting's key
//
//   segment header, 80 bytes      magic "PJS1" | version u16 | 0 u16 | meeting 16 | segment u32 | run u32 | opened µs i64
//                                 | SHA-256 of the segment before, whole file, 32 | 0 u32 | CRC-32C of the above u32
//   block header, 20 bytes        magic "PJB1" | length of what follows u32 | index in the segment u32 | 0 u32 | CRC-32C of the above u32
//   block body                    AES-256-GCM ciphertext of the records | tag 16
//
//   plaintext of a block          base µs i64 | record | record | ...
//   record, 12 bytes and data     kind u8 | 0 u8 | track u16 | length u32 | arrival − base, µs i32 | data
//
// All little-endian; times in microseconds since the meeting began. A segment's key is random and used for that segment only, and a
// restart or another writer always opens a new segment, so the block's index can be its nonce. The header is authenticated with it.

/// <summary>What a record of the journal holds.</summary>
public enum RecordKind : byte
{
    /// <summary>One RTP packet as it arrived.</summary>
    Rtp = 1,
    /// <summary>Only the header of an RTP packet; its payload was discarded as it arrived.</summary>
    RtpHeader = 2,
    /// <summary>One compound RTCP packet as it arrived.</summary>
    Rtcp = 3,
    /// <summary>How far a sender of SRTP has come: its SSRC and the index of its newest packet.</summary>
    SrtpIndex = 4,
    /// <summary>What was decided: a <see cref="ControlRecord"/> as UTF-8 JSON.</summary>
    Control = 16,
}

/// <summary>Sizes, marks and checksums of the journal's files.</summary>
internal static class JournalFormat
{
    public const uint SegmentMagic = 0x31534A50, BlockMagic = 0x31424A50;            // "PJS1", "PJB1"
    public const ushort Version = 1;
    public const int SegmentHeaderLength = 80, BlockHeaderLength = 20, RecordHeaderLength = 12, TagLength = 16, BaseLength = 8;
    /// <summary>No block is longer; a length above it is damage.</summary>
    public const int MaxBlockBody = 4 << 20;
    public static readonly TimeSpan MaxSegment = TimeSpan.FromSeconds(10);

    public static string SegmentName(int number) => $"{number:D8}.seg";
    public static string KeyName(int number) => $"{number:D8}.key";

    public static void WriteSegmentHeader(Span<byte> header, Guid meeting, int segment, int run, TimeSpan opened, ReadOnlySpan<byte> previousHash)
    {
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, SegmentMagic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], Version);
        meeting.TryWriteBytes(header[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(header[24..], segment);
        BinaryPrimitives.WriteInt32LittleEndian(header[28..], run);
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], ToMicroseconds(opened));
        previousHash.CopyTo(header[40..72]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[76..], Crc32C.Of(header[..76]));
    }

    /// <summary>False for bytes that are no whole segment header of this version.</summary>
    public static bool TryReadSegmentHeader(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        header = default;
        if (bytes.Length < SegmentHeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != SegmentMagic) return false;
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]) != Version) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[76..]) != Crc32C.Of(bytes[..76])) return false;
        header = new SegmentHeader(
            new Guid(bytes[8..24], bigEndian: true),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]),
            FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[32..])),
            Convert.ToHexString(bytes[40..72]));
        return true;
    }

    public static void WriteBlockHeader(Span<byte> header, int bodyLength, int index)
    {
        header.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header, BlockMagic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], bodyLength);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], index);
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], Crc32C.Of(header[..16]));
    }

    /// <summary>False unless a block header stands here, whole, with a length that can be.</summary>
    public static bool TryReadBlockHeader(ReadOnlySpan<byte> bytes, out int bodyLength, out int index, int maxBody = MaxBlockBody)
    {
        (bodyLength, index) = (0, 0);
        if (bytes.Length < BlockHeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != BlockMagic) return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]) != Crc32C.Of(bytes[..16])) return false;
        bodyLength = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        index = BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
        return bodyLength >= TagLength + BaseLength && bodyLength <= maxBody && index >= 0;
    }

    /// <summary>Where the next block header stands that is whole, at or after a place; -1 where none does.</summary>
    public static int NextBlockHeader(ReadOnlySpan<byte> file, int from, int maxBody = MaxBlockBody)
    {
        while (from < file.Length)
        {
            int found = file[from..].IndexOf("PJB1"u8);
            if (found < 0) return -1;
            from += found;
            if (TryReadBlockHeader(file[from..], out _, out _, maxBody)) return from;
            from++;
        }
        return -1;
    }

    /// <summary>96 bits: the block's index. Never twice under one key.</summary>
    public static void WriteNonce(Span<byte> nonce, int index)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(nonce, index);
    }

    public static long ToMicroseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;
    public static TimeSpan FromMicroseconds(long us) =>
        new(Math.Clamp(us, TimeSpan.MinValue.Ticks / TimeSpan.TicksPerMicrosecond, TimeSpan.MaxValue.Ticks / TimeSpan.TicksPerMicrosecond) * TimeSpan.TicksPerMicrosecond);
}

/// <param name="PreviousHash">SHA-256 of the segment before, in hexadecimal; zeros for the first.</param>
public readonly record struct SegmentHeader(Guid Meeting, int Number, int Run, TimeSpan Opened, string PreviousHash);

/// <summary>CRC-32C (Castagnoli), RFC 3720 §B.4.</summary>
internal static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes) crc = System.Numerics.BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}

/// <summary>Seals and opens the blocks of one segment.</summary>
internal sealed class SegmentCipher(ReadOnlySpan<byte> key) : IDisposable
{
    private readonly AesGcm aes = new(key, JournalFormat.TagLength);

    /// <param name="block">Header, then room for ciphertext and tag; the header is written already.</param>
    public void Seal(ReadOnlySpan<byte> records, Span<byte> block, int index)
    {
        Span<byte> nonce = stackalloc byte[12];
        JournalFormat.WriteNonce(nonce, index);
        var body = block[JournalFormat.BlockHeaderLength..];
        aes.Encrypt(nonce, records, body[..records.Length], body.Slice(records.Length, JournalFormat.TagLength), block[..JournalFormat.BlockHeaderLength]);
    }

    /// <summary>False where a bit of header, text or tag is not as it was written.</summary>
    public bool TryOpen(ReadOnlySpan<byte> block, int index, Span<byte> records)
    {
        Span<byte> nonce = stackalloc byte[12];
        JournalFormat.WriteNonce(nonce, index);
        var body = block[JournalFormat.BlockHeaderLength..];
        try
        {
            aes.Decrypt(nonce, body[..^JournalFormat.TagLength], body[^JournalFormat.TagLength..], records, block[..JournalFormat.BlockHeaderLength]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => aes.Dispose();
}
