using System.Buffers.Binary;

namespace Pipeline.Ingest.Rtp;

/// <summary>A compound RTCP packet of one who only receives (RFC 3550 §6.1, RFC 4585 §6), written where it will be sent from.</summary>
/// <param name="buffer">The caller has made room.</param>
/// <param name="ssrc">Who says it.</param>
public ref struct RtcpWriter(Span<byte> buffer, uint ssrc)
{
    /// <summary>Report blocks that one packet can hold.</summary>
    public const int MaxBlocks = 31;
    private const byte ReceiverReport = 201, SourceDescription = 202, TransportFeedback = 205, PayloadFeedback = 206;
    private const byte Version = 0x80, GenericNack = 1, PictureLoss = 1, CanonicalName = 1;

    private readonly Span<byte> buffer = buffer;

    /// <summary>Octets written.</summary>
    public int Length { get; private set; }

    /// <summary>First of every compound packet; without blocks where there is nothing to report.</summary>
    public void AddReceiverReport(scoped ReadOnlySpan<ReportBlock> blocks)
    {
        int start = Begin(ReceiverReport, blocks.Length);
        foreach (ref readonly var block in blocks)
        {
            Add(block.Ssrc);
            Add((uint)block.FractionLost << 24 | ((uint)block.CumulativeLost & 0xFFFFFF));
            Add(block.ExtendedHighestSequence);
            Add(block.Jitter);
            Add(block.LastReport);
            Add(block.Delay);
        }
        End(start);
    }

    /// <summary>Second: the name under which this receiver is known, whatever its SSRC (§6.5.1).</summary>
    /// <param name="name">UTF-8, at most 255 octets.</param>
    public void AddCanonicalName(scoped ReadOnlySpan<byte> name)
    {
        int start = Begin(SourceDescription, 1);
        buffer[Length++] = CanonicalName;
        buffer[Length++] = (byte)name.Length;
        name.CopyTo(buffer[Length..]);
        Length += name.Length;
        do buffer[Length++] = 0;                                                     // ends the list; then up to the next word
        while ((Length - start) % 4 != 0);
        End(start);
    }

    /// <summary>These did not come (RFC 4585 §6.2.1).</summary>
    /// <param name="missing">Rising, within half the range of each other.</param>
    public void AddNack(uint media, scoped ReadOnlySpan<ushort> missing)
    {
        int start = Begin(TransportFeedback, GenericNack);
        Add(media);
        for (int n = 0; n < missing.Length;)
        {
            ushort first = missing[n++];
            uint following = 0;                                                      // a bit each for the next sixteen
            for (; n < missing.Length && (ushort)(missing[n] - first) is >= 1 and <= 16 and var distance; n++) following |= 1u << (distance - 1);
            Add((uint)first << 16 | following);
        }
        End(start);
    }

    /// <summary>A whole picture is wanted (RFC 4585 §6.3.1).</summary>
    public void AddPictureLoss(uint media)
    {
        int start = Begin(PayloadFeedback, PictureLoss);
        Add(media);
        End(start);
    }

    private int Begin(byte type, int count)
    {
        int start = Length;
        buffer[Length] = (byte)(Version | count);
        buffer[Length + 1] = type;
        Length += 4;                                                                 // and the length, once it is known
        Add(ssrc);
        return start;
    }

    private readonly void End(int start) => BinaryPrimitives.WriteUInt16BigEndian(buffer[(start + 2)..], (ushort)((Length - start) / 4 - 1));

    private void Add(uint word)
    {
        BinaryPrimitives.WriteUInt32BigEndian(buffer[Length..], word);
        Length += 4;
    }
}
