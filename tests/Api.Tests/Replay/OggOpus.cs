using System.Buffers.Binary;

namespace Pipeline.Api.Tests.Replay;

/// <summary>Wraps Opus packets of 20 ms so that FFmpeg decodes them (RFC 3533, RFC 7845): a page for each packet.</summary>
internal static class OggOpus
{
    private const int PreSkip = 312;   // the encoder's look-ahead

    public static void Write(string path, IReadOnlyList<ReadOnlyMemory<byte>> packets)
    {
        using var file = File.Create(path);
        uint page = 0;
        byte[] head = [.. "OpusHead"u8, 1, 1, PreSkip & 0xFF, PreSkip >> 8, 0x80, 0xBB, 0, 0, 0, 0, 0];
        WritePage(file, head, 0, page++, flags: 2);
        WritePage(file, [.. "OpusTags"u8, 0, 0, 0, 0, 0, 0, 0, 0], 0, page++, flags: 0);
        for (int n = 0; n < packets.Count; n++)
            WritePage(file, packets[n].Span, 960L * (n + 1), page++, flags: n == packets.Count - 1 ? 4 : 0);
    }

    private static void WritePage(FileStream file, ReadOnlySpan<byte> packet, long granule, uint number, int flags)
    {
        int segments = packet.Length / 255 + 1;
        var page = new byte[27 + segments + packet.Length];
        "OggS"u8.CopyTo(page);
        page[5] = (byte)flags;
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(6), granule);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(14), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(18), number);
        page[26] = (byte)segments;
        page.AsSpan(27, segments - 1).Fill(255);
        page[26 + segments] = (byte)(packet.Length % 255);
        packet.CopyTo(page.AsSpan(27 + segments));
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(22), Crc(page));
        file.Write(page);
    }

    private static uint Crc(ReadOnlySpan<byte> page)
    {
        uint crc = 0;
        foreach (byte b in page)
        {
            crc ^= (uint)b << 24;
            for (int bit = 0; bit < 8; bit++) crc = (crc << 1) ^ ((crc >> 31) * 0x04C11DB7);
        }
        return crc;
    }
}
