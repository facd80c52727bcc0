using System.Buffers.Binary;
using Pipeline.Ingest.Repair;

namespace Pipeline.Ingest.Tests.Repair;

/// <summary>What was sent to senders, packet by packet of each compound.</summary>
internal sealed class SentFeedback : IFeedbackSink
{
    public readonly record struct Packet(byte Type, int Count, byte[] Bytes)
    {
        public uint Word(int index) => BinaryPrimitives.ReadUInt32BigEndian(Bytes.AsSpan(4 * index));
    }

    public List<(byte[] Compound, ReturnPath To)> Compounds { get; } = [];
    public bool Fails { get; init; }

    public bool Send(int track, ReadOnlySpan<byte> packet, ReturnPath to)
    {
        if (Fails) return false;
        Compounds.Add((packet.ToArray(), to));
        return true;
    }

    public List<Packet> Of(byte type) => [.. Compounds.SelectMany(c => Read(c.Compound)).Where(p => p.Type == type)];

    public static IEnumerable<Packet> Read(byte[] compound)
    {
        for (int at = 0; at < compound.Length;)
        {
            int length = 4 * (BinaryPrimitives.ReadUInt16BigEndian(compound.AsSpan(at + 2)) + 1);
            yield return new Packet(compound[at + 1], compound[at] & 0x1F, compound[at..(at + length)]);
            at += length;
        }
    }

    /// <summary>What a generic NACK asks for (RFC 4585 §6.2.1).</summary>
    public static IEnumerable<ushort> Asked(Packet nack)
    {
        for (int index = 3; 4 * index < nack.Bytes.Length; index++)
        {
            uint word = nack.Word(index);
            yield return (ushort)(word >> 16);
            for (int bit = 0; bit < 16; bit++)
                if ((word >> bit & 1) != 0) yield return (ushort)((word >> 16) + bit + 1);
        }
    }
}
