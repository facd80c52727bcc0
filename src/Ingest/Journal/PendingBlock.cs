using System.Buffers.Binary;

namespace Pipeline.Ingest.Journal;

/// <summary>The plaintext of a block being filled, and what to do when it is written.</summary>
internal sealed class PendingBlock
{
    private byte[] bytes = new byte[4096];

    public int Length { get; private set; }
    public int Packets { get; private set; }
    public TimeSpan FirstArrival { get; private set; }
    public TimeSpan LastArrival { get; private set; }
    public TaskCompletionSource? Synced { get; init; }
    public bool Closes { get; init; }
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, Length);

    public void Add(RecordKind kind, int track, TimeSpan arrival, ReadOnlySpan<byte> data)
    {
        if (Length == 0)
        {
            FirstArrival = arrival;
            BinaryPrimitives.WriteInt64LittleEndian(bytes, JournalFormat.ToMicroseconds(arrival));
            Length = JournalFormat.BaseLength;
        }
        LastArrival = arrival;
        int needed = Length + JournalFormat.RecordHeaderLength + data.Length;
        if (bytes.Length < needed) Array.Resize(ref bytes, Math.Max(needed, 2 * bytes.Length));

        var header = bytes.AsSpan(Length, JournalFormat.RecordHeaderLength);
        long delta = JournalFormat.ToMicroseconds(arrival) - JournalFormat.ToMicroseconds(FirstArrival);
        header[0] = (byte)kind;
        header[1] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)track);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], data.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], (int)Math.Clamp(delta, int.MinValue, int.MaxValue));
        data.CopyTo(bytes.AsSpan(Length + JournalFormat.RecordHeaderLength));
        Length = needed;
        Packets++;
    }

    /// <summary>Adds another's records, behind its own.</summary>
    public void Add(PendingBlock later)
    {
        for (var rest = later.Bytes[JournalFormat.BaseLength..]; rest.Length > 0;)
        {
            var data = rest.Slice(JournalFormat.RecordHeaderLength, BinaryPrimitives.ReadInt32LittleEndian(rest[4..]));
            var arrival = later.FirstArrival + JournalFormat.FromMicroseconds(BinaryPrimitives.ReadInt32LittleEndian(rest[8..]));
            Add((RecordKind)rest[0], BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]), arrival, data);
            rest = rest[(JournalFormat.RecordHeaderLength + data.Length)..];
        }
    }

    public void Clear() => (Length, Packets) = (0, 0);
}
