namespace Pipeline.Ingest.Video;

//        0 1 2 3 4 5 6 7
//       |Z|Y| W |N|-|-|-|   Z, Y: the first element goes on from the last packet, the last goes on in the next; W: elements, of which the
//                           last has no length, 0: all have one; N: a coded video sequence begins

/// <summary>
/// AV1 in RTP (AOMedia, "RTP Payload Format For AV1" 1.0). A frame is a temporal unit: its OBUs, each with its size in it and without the delimiter, as files have
/// them (AOMedia, "AV1 in ISOBMFF" and "in Matroska").
/// </summary>
internal sealed class Av1Format : PayloadFormat
{
    private const int SizeLength = 4;                                                // leb128 of one length, as the size is known last; a frame is shorter than it can say

    private bool open, skipping;                                                     // the last OBU goes on in the next packet; it is not kept

    /// <summary>Of others nothing says that they are first.</summary>
    public override bool Begins(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < 2 || (payload[0] & 0x80) != 0) return false;
        if ((payload[0] & 0x08) != 0) return true;
        int at = 1, left = payload[0] >> 4 & 3;
        return TryReadElement(payload, ref at, ref left, out var element) && element.Length > 0 && Obu.Type(element[0]) is Obu.SequenceHeader;
    }

    /// <summary>A sequence header may come before other frames too; what its frame is, the frame's own header says, where it is in the packet.</summary>
    public override KeyFrameStart KeyFrameIn(ReadOnlySpan<byte> payload)
    {
        if (!Begins(payload)) return KeyFrameStart.None;
        var sequence = default(Av1Sequence);
        int at = 1, left = payload[0] >> 4 & 3;
        if (left == 0) left = -1;
        while (at < payload.Length && TryReadElement(payload, ref at, ref left, out var element) && !element.IsEmpty)
        {
            int type = Obu.Type(element[0]), start = Obu.HasExtension(element[0]) ? 2 : 1;
            if (element.Length < start || (Obu.HasSize(element[0]) && !Obu.TryReadSize(element, ref start, out _))) break;
            if (type == Obu.SequenceHeader && !Av1Sequence.TryRead(element[start..], out sequence)) return KeyFrameStart.None;
            if (type is Obu.Frame or Obu.FrameHeader) return sequence.Width > 0 && Obu.IsKeyFrame(element[start..], sequence) ? KeyFrameStart.Whole : KeyFrameStart.None;
        }
        return (payload[0] & 0x08) != 0 ? KeyFrameStart.Whole : KeyFrameStart.None;  // N: it is a key frame's
    }

    public override bool TryAdd(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        bool goesOn = (payload[0] & 0x80) != 0, willGoOn = (payload[0] & 0x40) != 0;
        if (goesOn != open || (goesOn && frame.PartCount == 0 && !skipping)) return false;
        int at = 1, left = payload[0] >> 4 & 3;
        if (left == 0) left = -1;
        while (at < payload.Length || left > 0)
        {
            if (!TryReadElement(payload, ref at, ref left, out var element)) return false;
            if (!goesOn && !TryBegin(ref element, frame)) return false;
            if (!skipping && !frame.TryAppend(element)) return false;
            goesOn = false;
        }
        open = willGoOn;
        return true;
    }

    public override bool TryFinish(FrameBuffer frame, bool afterHole, out FrameInfo info)
    {
        info = default;
        if (open) return false;
        bool hasFrame = false;
        var sequence = default(Av1Sequence);
        for (int n = 0; n < frame.PartCount; n++)
        {
            WriteSize(frame.Part(n), out int type, out var content);
            if (type == Obu.SequenceHeader && !Av1Sequence.TryRead(content, out sequence)) return false;
            if (type is not (Obu.Frame or Obu.FrameHeader)) continue;
            if (!hasFrame && sequence.Width > 0 && Obu.IsKeyFrame(content, sequence)) info = new FrameInfo(true, sequence.Width, sequence.Height);
            hasFrame = true;
        }
        return hasFrame;
    }

    public override void GiveUp() => open = false;

    /// <summary>Begins an OBU, leaving room for its size, in place of the one it may have.</summary>
    /// <param name="element">Becomes what lies behind its header.</param>
    private bool TryBegin(ref ReadOnlySpan<byte> element, FrameBuffer frame)
    {
        if (element.IsEmpty) return false;
        byte head = element[0];
        int headLength = Obu.HasExtension(head) ? 2 : 1, at = headLength;
        skipping = Obu.Type(head) is Obu.TemporalDelimiter or Obu.TileList or Obu.Padding;
        if (skipping) return true;
        if (element.Length < headLength || (head & 0x80) != 0) return false;
        if (Obu.HasSize(head) && !Obu.TryReadSize(element, ref at, out _)) return false;
        bool begun = frame.TryBeginPart() && frame.TryAppend([(byte)(head | 0x02)]) && frame.TryAppend(element[1..headLength]) && frame.TryAppend(stackalloc byte[SizeLength]);
        element = element[at..];
        return begun;
    }

    private static void WriteSize(Span<byte> part, out int type, out ReadOnlySpan<byte> content)
    {
        int at = Obu.HasExtension(part[0]) ? 2 : 1;
        type = Obu.Type(part[0]);
        content = part[(at + SizeLength)..];
        for (int n = 0, rest = content.Length; n < SizeLength; n++, rest >>= 7) part[at + n] = (byte)(rest & 0x7F | (n < SizeLength - 1 ? 0x80 : 0));
    }

    /// <param name="left">Elements that are still to come, the last without a length; below 0: as many as there are, all with one.</param>
    private static bool TryReadElement(ReadOnlySpan<byte> payload, ref int at, ref int left, out ReadOnlySpan<byte> element)
    {
        element = default;
        if (at >= payload.Length) return false;
        int length = payload.Length - at;
        if (left != 1 && (!Obu.TryReadSize(payload, ref at, out length) || length > payload.Length - at)) return false;
        if (left > 0) left--;
        element = payload.Slice(at, length);
        at += length;
        return true;
    }
}
