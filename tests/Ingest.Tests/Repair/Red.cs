using System.Buffers.Binary;

namespace Pipeline.Ingest.Tests.Repair;

/// <summary>RED payloads as senders make them (RFC 2198 §3).</summary>
internal static class Red
{
    public const byte PayloadType = 63, Opus = 111;

    /// <param name="earlier">The oldest first.</param>
    public static byte[] Payload(IReadOnlyList<(int TimestampOffset, byte[] Payload)> earlier, ReadOnlySpan<byte> own, byte blocks = Opus)
    {
        var payload = new List<byte>();
        Span<byte> header = stackalloc byte[4];
        foreach (var (offset, bytes) in earlier)
        {
            BinaryPrimitives.WriteUInt32BigEndian(header, 0x80000000u | (uint)blocks << 24 | (uint)offset << 10 | (uint)bytes.Length);
            payload.AddRange(header);
        }
        payload.Add(blocks);
        foreach (var (_, bytes) in earlier) payload.AddRange(bytes);
        payload.AddRange(own);
        return [.. payload];
    }
}

/// <summary>
/// Makes a sender's packets RED as Chromium does: each carries those right before it, as many as are wanted, as long as they fit the
/// packet and the 14 bits of their offset; the first that does not ends it.
/// </summary>
internal sealed class ChromiumRed(int copies)
{
    private const int MaxPacket = 1200 - 20;
    private readonly List<(long Timestamp, byte[] Payload)> newestFirst = [];

    public byte[] Next(long timestamp, byte[] payload)
    {
        var carried = new List<(int, byte[])>();
        int room = MaxPacket - payload.Length - 1;
        foreach (var (earlier, bytes) in newestFirst)
        {
            if (room < 4 + bytes.Length || timestamp - earlier >= 1 << 14 || bytes.Length > 1023) break;
            room -= 4 + bytes.Length;
            carried.Insert(0, ((int)(timestamp - earlier), bytes));
        }
        newestFirst.Insert(0, (timestamp, payload));
        if (newestFirst.Count > copies) newestFirst.RemoveAt(copies);
        return Red.Payload(carried, payload);
    }
}
