using System.Buffers.Binary;

namespace Pipeline.Ingest.Files;

// A sealed file is a header and chunks; every chunk but the last holds 64 KiB of the content:
//
//   header, 40 bytes     magic "PSF1" | version u16 | 0 u16 | salt 32
//   chunk                nonce 12 | AES-256-GCM ciphertext | tag 16
//
// The file's key is derived from the meeting's and the salt. A nonce is random and new each time a chunk is written, so a chunk can be
// written again. Associated data: the chunk's index u64 | 1 for the last chunk of a file that is whole, else 0. All little-endian.

/// <summary>Sizes and marks of sealed files.</summary>
internal static class SealedFormat
{
    public const uint Magic = 0x31465350;                                            // "PSF1"
    public const ushort Version = 1;
    public const int HeaderLength = 40, SaltLength = 32, NonceLength = 12, TagLength = 16, Overhead = NonceLength + TagLength;
    /// <summary>Of the content.</summary>
    public const int ChunkLength = 64 << 10;
    public const int SealedChunkLength = ChunkLength + Overhead;

    public static void WriteHeader(Span<byte> header, ReadOnlySpan<byte> salt)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 0);
        salt.CopyTo(header[8..]);
    }

    /// <summary>False for what is no whole header of this version.</summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, out ReadOnlySpan<byte> salt)
    {
        salt = default;
        if (header.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic) return false;
        if (BinaryPrimitives.ReadUInt16LittleEndian(header[4..]) != Version) return false;
        salt = header.Slice(8, SaltLength);
        return true;
    }

    /// <summary>How much content a file of this length, its header included, holds.</summary>
    /// <param name="isTorn">Behind it lies the beginning of a chunk of which nothing can be read.</param>
    public static long ContentLength(long fileLength, out bool isTorn)
    {
        long sealedLength = fileLength - HeaderLength, last = sealedLength % SealedChunkLength;
        isTorn = last is > 0 and < Overhead;
        return sealedLength / SealedChunkLength * ChunkLength + Math.Max(0, last - Overhead);
    }

    public static long PlaceOf(long chunk) => HeaderLength + chunk * SealedChunkLength;

    public static void WriteAssociated(Span<byte> data, long chunk, bool isLast)
    {
        BinaryPrimitives.WriteInt64LittleEndian(data, chunk);
        data[8] = isLast ? (byte)1 : (byte)0;
    }

    public const int AssociatedLength = 9;
}
