using System.Buffers.Binary;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Srtp;

/// <summary>One SSRC of one track.</summary>
/// <param name="Track">Its number.</param>
public readonly record struct SrtpSource(int Track, uint Ssrc);

/// <summary>How far each sender had come when a run ended: what the next run needs to decrypt, and to know what came before.</summary>
public static class SrtpIndexes
{
    /// <summary>A run notes them every five seconds: one segment would do, but for damage and short runs.</summary>
    private const int Segments = 8;

    /// <summary>From the end of a journal: what was noted there last, and the packets that came after.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static IReadOnlyDictionary<SrtpSource, long> Read(JournalReader journal)
    {
        var newest = new Dictionary<SrtpSource, long>();
        foreach (var block in journal.ReadLastBlocks(Segments))
            foreach (var record in block)
            {
                if (record.Kind == RecordKind.SrtpIndex && SrtpIndexRecord.TryRead(record.Data, out uint ssrc, out long noted))
                    Raise(newest, new SrtpSource(record.Track, ssrc), noted);
                else if (record.Kind is RecordKind.Rtp or RecordKind.RtpHeader && RtpPacket.TryParseHeader(record.Data, out var packet)
                    && newest.TryGetValue(new SrtpSource(record.Track, packet.Ssrc), out long index))
                    Raise(newest, new SrtpSource(record.Track, packet.Ssrc), PacketIndex.Nearest(index, packet.SequenceNumber));
            }
        return newest;
    }

    private static void Raise(Dictionary<SrtpSource, long> newest, SrtpSource source, long index)
    {
        if (!newest.TryGetValue(source, out long before) || index > before) newest[source] = index;
    }
}

/// <summary>The data of a record of kind <see cref="RecordKind.SrtpIndex"/>: SSRC u32 | index of its newest packet i64, little-endian.</summary>
public static class SrtpIndexRecord
{
    internal const int Length = 12;

    internal static void Write(Span<byte> data, uint ssrc, long index)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(data, ssrc);
        BinaryPrimitives.WriteInt64LittleEndian(data[4..], index);
    }

    /// <summary>False unless it is one, of an index that can be: 48 bits.</summary>
    public static bool TryRead(ReadOnlySpan<byte> data, out uint ssrc, out long index)
    {
        (ssrc, index) = data.Length == Length ? (BinaryPrimitives.ReadUInt32LittleEndian(data), BinaryPrimitives.ReadInt64LittleEndian(data[4..])) : (0, -1);
        return index is >= 0 and < 1L << 48;
    }
}
