using System.Buffers.Binary;
using System.IO.Compression;

namespace Pipeline.Ingest.Recording.Pictures;

/// <summary>A picture of one colour in up to 256 strengths, nothing behind it, as PNG (W3C PNG, third edition).</summary>
internal static class PngImage
{
    private const byte Palette = 3;                                                  // colour type
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <param name="strengths">Row by row from above: 0 nothing … 255 the colour.</param>
    public static byte[] Encode(ReadOnlySpan<byte> strengths, int width, (byte R, byte G, byte B) colour)
    {
        int height = strengths.Length / width;
        using var png = new MemoryStream();
        png.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, Palette);                                       // a byte each
        Chunk(png, "IHDR"u8, header);

        var colours = new byte[3 * 256];
        var alphas = new byte[256];
        for (int n = 0; n < 256; n++)
        {
            (colours[3 * n], colours[3 * n + 1], colours[3 * n + 2]) = colour;
            alphas[n] = (byte)n;
        }
        Chunk(png, "PLTE"u8, colours);
        Chunk(png, "tRNS"u8, alphas);

        using var rows = new MemoryStream();
        using (var packed = new ZLibStream(rows, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (int y = 0; y < height; y++)
            {
                packed.WriteByte(0);                                                 // the row is not filtered
                packed.Write(strengths.Slice(y * width, width));
            }
        }
        Chunk(png, "IDAT"u8, rows.ToArray());
        Chunk(png, "IEND"u8, []);
        return png.ToArray();
    }

    private static void Chunk(Stream png, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(four, data.Length);
        png.Write(four);
        png.Write(type);
        png.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(four, ~Crc(Crc(uint.MaxValue, type), data));
        png.Write(four);
    }

    /// <summary>CRC-32 as ISO/IEC 3309 has it (PNG, annex D).</summary>
    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int n = 0; n < 8; n++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
        return crc;
    }
}
