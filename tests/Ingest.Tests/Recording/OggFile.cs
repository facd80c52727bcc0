using System.Buffers.Binary;
using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Tests.Recording;

/// <summary>Pages and packets of an Ogg stream, read by the letter of RFC 3533 with a checksum of its own.</summary>
internal sealed class OggFile
{
    public readonly record struct Page(byte Flags, long Granule, uint Serial, uint Number, int AudioDuration);

    public List<Page> Pages { get; } = [];
    public List<byte[]> Packets { get; } = [];

    public static OggFile Read(byte[] file)
    {
        var ogg = new OggFile();
        for (int at = 0; at < file.Length;)
        {
            Assert.Equal("OggS"u8, file.AsSpan(at, 4));
            Assert.Equal(0, file[at + 4]);
            int segments = file[at + 26];
            int body = at + 27 + segments, length = file.AsSpan(at + 27, segments).ToArray().Sum(l => l);
            byte[] page = file[at..(body + length)];
            uint crc = BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(22));
            page.AsSpan(22, 4).Clear();
            Assert.Equal(Crc(page), crc);

            int duration = 0;
            for (int s = 0, from = body, size = 0; s < segments; s++)
            {
                size += file[at + 27 + s];
                if (file[at + 27 + s] == 255) continue;
                byte[] packet = file[from..(from + size)];
                ogg.Packets.Add(packet);
                if (ogg.Packets.Count > 2) duration += OpusPacket.Duration(packet);
                from += size;
                size = 0;
            }
            ogg.Pages.Add(new Page(
                file[at + 5], BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at + 6)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 14)),
                BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 18)), duration));
            at = body + length;
        }
        return ogg;
    }

    /// <summary>What RFC 7845 asks of a whole file: headers, page numbers, and granules that are the sum of the packets before them.</summary>
    public void AssertWhole(long duration, int preSkip)
    {
        Assert.Equal("OpusHead"u8, Packets[0].AsSpan(0, 8));
        Assert.Equal(preSkip, BinaryPrimitives.ReadUInt16LittleEndian(Packets[0].AsSpan(10)));
        Assert.Equal("OpusTags"u8, Packets[1].AsSpan(0, 8));
        Assert.Equal(2, Pages[0].Flags);
        Assert.Equal(4, Pages[^1].Flags);
        long total = 0;
        for (int n = 0; n < Pages.Count; n++)
        {
            Assert.Equal((uint)n, Pages[n].Number);
            total += Pages[n].AudioDuration;
            if (n < Pages.Count - 1) Assert.Equal(total, Pages[n].Granule);
        }
        Assert.Equal(duration + preSkip, Pages[^1].Granule);
        Assert.InRange(total - Pages[^1].Granule, 0, OpusPacket.MaxDuration);       // only the end is trimmed, within the last packet
    }

    private static uint Crc(byte[] bytes)
    {
        uint crc = 0;
        foreach (byte b in bytes)
        {
            crc ^= (uint)b << 24;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 0x80000000) != 0 ? crc << 1 ^ 0x04C11DB7 : crc << 1;
        }
        return crc;
    }
}
