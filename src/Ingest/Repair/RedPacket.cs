using System.Buffers.Binary;

namespace Pipeline.Ingest.Repair;

//   0                   1                    2                   3
//   0 1 2 3 4 5 6 7 8 9 0 1 2 3  4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//  |1|  block PT   |   timestamp offset        |   block length    |    of each earlier packet, the oldest first
//  |0|  block PT   |                                                    of the packet's own payload, the last block
//  |  the blocks' octets, in the same order ...

/// <summary>What an earlier packet carried, once more.</summary>
public readonly ref struct RedBlock(byte payloadType, int timestampOffset, ReadOnlySpan<byte> payload)
{
    public byte PayloadType { get; } = payloadType;
    /// <summary>How much older than the packet it is, in ticks of the payload's clock; 0–16383.</summary>
    public int TimestampOffset { get; } = timestampOffset;
    public ReadOnlySpan<byte> Payload { get; } = payload;
}

/// <summary>The payload of a packet that carries earlier ones again (RFC 2198 §3), read in place.</summary>
public readonly ref struct RedPacket
{
    /// <summary>More is nobody's redundancy: each costs four octets and some of the packet.</summary>
    public const int MaxRedundant = 31;
    /// <summary>A block is less far back than this, in ticks of the payload's clock.</summary>
    public const int Reach = 1 << 14;
    private const int HeaderLength = 4;

    private readonly ReadOnlySpan<byte> payload;

    private RedPacket(ReadOnlySpan<byte> payload, int redundant, int start)
    {
        this.payload = payload;
        Redundant = redundant;
        PayloadType = (byte)(payload[HeaderLength * redundant] & 0x7F);
        Payload = payload[start..];
    }

    /// <summary>Of the packet's own payload.</summary>
    public byte PayloadType { get; }
    /// <summary>The packet's own payload, as it would be without redundancy; may be empty.</summary>
    public ReadOnlySpan<byte> Payload { get; }
    /// <summary>How many earlier packets it carries.</summary>
    public int Redundant { get; }

    /// <summary>False unless all headers and blocks are there. Never throws: the wire is not trusted.</summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out RedPacket packet)
    {
        packet = default;
        int redundant = 0, octets = 0;
        while (HeaderLength * redundant < payload.Length && (payload[HeaderLength * redundant] & 0x80) != 0)
        {
            if (redundant == MaxRedundant || payload.Length < HeaderLength * (redundant + 1)) return false;
            octets += Length(payload, redundant);
            redundant++;
        }
        int start = HeaderLength * redundant + 1 + octets;                           // of the last block, which has no length
        if (start > payload.Length) return false;
        packet = new RedPacket(payload, redundant, start);
        return true;
    }

    /// <param name="back">1: the nearest of the earlier packets … <see cref="Redundant"/>: the oldest.</param>
    public RedBlock Block(int back)
    {
        int index = Redundant - back, at = StartOf(back);
        int offset = BinaryPrimitives.ReadUInt16BigEndian(payload[(HeaderLength * index + 1)..]) >> 2;
        return new RedBlock((byte)(payload[HeaderLength * index] & 0x7F), offset, payload.Slice(at, Length(payload, index)));
    }

    /// <summary>Takes out what is at least so old: nothing is left of it, and nobody takes it for a packet.</summary>
    public static void Erase(Span<byte> payload, int leastOffset)
    {
        if (!TryParse(payload, out var packet)) return;
        for (int back = 1; back <= packet.Redundant; back++)
        {
            var block = packet.Block(back);
            if (block.TimestampOffset < leastOffset) continue;
            int at = HeaderLength * (packet.Redundant - back);
            payload.Slice(packet.StartOf(back), block.Payload.Length).Clear();
            payload[at] = (byte)(0x80 | (packet.PayloadType ^ 0x7F));                // another's type
        }
    }

    private int StartOf(int back)
    {
        int at = HeaderLength * Redundant + 1;
        for (int before = 0; before < Redundant - back; before++) at += Length(payload, before);
        return at;
    }

    /// <summary>The lower ten bits of a block's header.</summary>
    private static int Length(ReadOnlySpan<byte> payload, int index) =>
        BinaryPrimitives.ReadUInt16BigEndian(payload[(HeaderLength * index + 2)..]) & 0x3FF;
}
