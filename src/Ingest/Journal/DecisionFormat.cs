using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;

namespace Pipeline.Ingest.Journal;

// What was decided about a meeting, beside its segments: one file for its whole life, added to at each commit.
//
//   file header, 32 bytes         magic "PJD1" | version u16 | 0 u16 | meeting 16 | 0 u32 | CRC-32C of the above u32
//   block header, 20 bytes        as a segment's: magic "PJB1" | length of what follows u32 | index in the file u32 | 0 u32 | CRC-32C u32
//   block body                    nonce 12 | AES-256-GCM ciphertext | tag 16
//
//   plaintext of a block          tag of the block before, 16 (zeros in the first) | what was decided, deflated (RFC 1951)
//
// The file is cut and gone on with after a crash, so an index may be used again: the nonce is random, and not the index.

/// <summary>The blocks of a file of decisions.</summary>
internal static class DecisionFormat
{
    public const uint Magic = 0x31444A50;                                            // "PJD1"
    public const ushort Version = 1;
    public const int FileHeaderLength = 32, NonceLength = 12, LinkLength = JournalFormat.TagLength;
    /// <summary>No block is longer: thousands of captions that were stored together take some megabytes.</summary>
    public const int MaxBody = 64 << 20;

    private const int LeastBody = NonceLength + LinkLength + JournalFormat.TagLength;

    public static byte[] FileHeader(Guid meeting)
    {
        var header = new byte[FileHeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), Version);
        meeting.TryWriteBytes(header.AsSpan(8), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), Crc32C.Of(header.AsSpan(0, 28)));
        return header;
    }

    public static bool IsFileHeader(ReadOnlySpan<byte> file, Guid meeting) => file.Length >= FileHeaderLength && file[..FileHeaderLength].SequenceEqual(FileHeader(meeting));

    /// <summary>False unless a block header stands here that is whole.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out int total, out int index)
    {
        bool whole = JournalFormat.TryReadBlockHeader(bytes, out int length, out index, MaxBody) && length >= LeastBody;
        total = whole ? JournalFormat.BlockHeaderLength + length : 0;
        return whole;
    }

    public static int NextHeader(ReadOnlySpan<byte> file, int from) => JournalFormat.NextBlockHeader(file, from, MaxBody);

    /// <param name="previous">The tag of the block before.</param>
    public static byte[] Seal(AesGcm aes, ReadOnlySpan<byte> data, int index, ReadOnlySpan<byte> previous)
    {
        using var plain = new MemoryStream();
        plain.Write(previous);
        using (var deflate = new DeflateStream(plain, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(data);
        var text = plain.GetBuffer().AsSpan(0, (int)plain.Length);
        int body = NonceLength + text.Length + JournalFormat.TagLength;
        if (body > MaxBody) throw new InvalidDataException($"a decision of {data.Length} bytes is more than a block takes");

        var block = new byte[JournalFormat.BlockHeaderLength + body];
        JournalFormat.WriteBlockHeader(block, body, index);
        var nonce = block.AsSpan(JournalFormat.BlockHeaderLength, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        aes.Encrypt(
            nonce, text, block.AsSpan(JournalFormat.BlockHeaderLength + NonceLength, text.Length), block.AsSpan(block.Length - JournalFormat.TagLength),
            block.AsSpan(0, JournalFormat.BlockHeaderLength));
        return block;
    }

    /// <summary>Null where a bit is not as it was written.</summary>
    /// <param name="previous">Takes the tag of the block before, 16 bytes.</param>
    public static byte[]? Open(AesGcm aes, ReadOnlySpan<byte> block, Span<byte> previous)
    {
        var body = block[JournalFormat.BlockHeaderLength..];
        var plain = new byte[body.Length - NonceLength - JournalFormat.TagLength];
        try { aes.Decrypt(body[..NonceLength], body[NonceLength..^JournalFormat.TagLength], body[^JournalFormat.TagLength..], plain, block[..JournalFormat.BlockHeaderLength]); }
        catch (AuthenticationTagMismatchException) { return null; }
        plain.AsSpan(0, LinkLength).CopyTo(previous);
        using var inflate = new DeflateStream(new MemoryStream(plain, LinkLength, plain.Length - LinkLength), CompressionMode.Decompress);
        using var data = new MemoryStream();
        inflate.CopyTo(data);
        return data.ToArray();
    }
}
