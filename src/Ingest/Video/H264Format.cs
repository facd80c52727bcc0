using System.Buffers.Binary;

namespace Pipeline.Ingest.Video;

//        0 1 2 3 4 5 6 7
//       |F|NRI|  Type   |   of a NAL unit; 24: STAP-A, each unit behind its length in 16 bits; 28: FU-A, a piece of one unit:
//       |S|E|R|  Type   |   the unit's own type, the first, the last piece

/// <summary>
/// H.264 in RTP (RFC 6184, packetization modes 0 and 1). A frame is an access unit, its NAL units each behind their length in 32 bits, as
/// in files (ISO/IEC 14496-15); a key frame has its parameter sets in it, whether they came with it, before it, or by SDP.
/// </summary>
internal sealed class H264Format : PayloadFormat
{
    private const int Slice = 1, IdrSlice = 5, Sei = 6, Sps = 7, Pps = 8, Delimiter = 9, StapA = 24, FuA = 28;
    private const int LengthSize = 4, MaxParameterSet = 1024, MaxParameterSets = 64;

    private readonly SortedDictionary<(int Type, uint Id), byte[]> parameterSets = [];
    private bool open;                                                               // a unit in pieces has begun and not ended
    private bool setsComeWithKeys;                                                   // the last key frame brought its own

    /// <param name="fmtp">Its `sprop-parameter-sets` are known from the start (RFC 6184 §8.1).</param>
    public H264Format(string? fmtp)
    {
        const string Name = "sprop-parameter-sets=";
        string? sets = fmtp?.Split(';', StringSplitOptions.TrimEntries).FirstOrDefault(p => p.StartsWith(Name, StringComparison.OrdinalIgnoreCase));
        foreach (string set in sets?[Name.Length..].Split(',') ?? [])
        {
            var unit = new byte[MaxParameterSet];
            if (Convert.TryFromBase64String(set, unit, out int length)) Keep(unit.AsSpan(0, length));
        }
    }

    public override bool Begins(ReadOnlySpan<byte> payload) => FirstUnit(payload, out int type, out byte next) && type switch
    {
        Slice or IdrSlice => (next & 0x80) != 0,                                     // first_mb_in_slice is 0
        Sei or Sps or Pps or Delimiter => true,
        _ => false,
    };

    public override bool KnowsSettings => parameterSets.Count > 0;

    /// <summary>Encoders put parameter sets before other pictures too; a key frame has an IDR picture.</summary>
    public override KeyFrameStart KeyFrameIn(ReadOnlySpan<byte> payload)
    {
        if (!FirstUnit(payload, out int type, out byte next)) return KeyFrameStart.None;
        if ((payload[0] & 0x1F) != StapA) return StartOf(type, next);
        var start = KeyFrameStart.None;
        for (int at = 1; TryReadUnit(payload, ref at, out var unit);) start |= StartOf(unit[0] & 0x1F, unit.Length > 1 ? unit[1] : (byte)0);
        return start;
    }

    public override bool TryAdd(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        int type = payload[0] & 0x1F;
        if (type == FuA) return TryAddPiece(payload, frame);
        if (open) return false;
        if (type is >= 1 and < StapA) return TryAddUnit(payload, frame);
        if (type != StapA) return false;                                             // of interleaved mode, which is not negotiated
        int at = 1;
        while (TryReadUnit(payload, ref at, out var unit))
            if (!TryAddUnit(unit, frame)) return false;
        return at == payload.Length && at > 1;
    }

    public override bool TryFinish(FrameBuffer frame, bool afterHole, out FrameInfo info)
    {
        info = default;
        if (open) return false;
        bool isKey = false, hasPicture = false, hasSps = false, hasPps = false;
        for (int n = 0; n < frame.PartCount; n++)
        {
            var part = frame.Part(n);
            BinaryPrimitives.WriteInt32BigEndian(part, part.Length - LengthSize);
            var unit = part[LengthSize..];
            int type = unit[0] & 0x1F;
            isKey |= type == IdrSlice;
            hasPicture |= type is >= Slice and <= IdrSlice;
            hasSps |= type == Sps;
            hasPps |= type == Pps;
            if (type is Sps or Pps && !Keep(unit)) return false;
            if (type == Sps && H264Sps.TryRead(unit, out int width, out int height)) info = new FrameInfo(false, width, height);
        }
        if (!hasPicture) return false;
        if (!isKey) { info = default; return true; }

        bool lostSets = afterHole && setsComeWithKeys && !hasSps;                    // they may have been others
        if (!lostSets) setsComeWithKeys = hasSps;
        if (lostSets || (!(hasSps && hasPps) && !TryPrependSets(frame, ref info))) return false;
        info = info with { IsKey = true };
        return info.Width > 0;
    }

    public override void GiveUp() => open = false;

    /// <param name="next">The byte behind the unit's header: in its first bit, first_mb_in_slice is 0.</param>
    private static KeyFrameStart StartOf(int type, byte next) =>
        type == Sps ? KeyFrameStart.Settings : type == IdrSlice && (next & 0x80) != 0 ? KeyFrameStart.Picture : KeyFrameStart.None;

    private static bool TryAddUnit(ReadOnlySpan<byte> unit, FrameBuffer frame) => TryBegin(frame) && frame.TryAppend(unit);

    private bool TryAddPiece(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if (payload.Length < 3) return false;
        bool first = (payload[1] & 0x80) != 0, last = (payload[1] & 0x40) != 0;
        if (first == open) return false;
        open = !last;
        if (first && !(TryBegin(frame) && frame.TryAppend([(byte)(payload[0] & 0xE0 | payload[1] & 0x1F)]))) return false;
        return frame.TryAppend(payload[2..]);
    }

    private static bool TryBegin(FrameBuffer frame) => frame.TryBeginPart() && frame.TryAppend([0, 0, 0, 0]);

    private bool TryPrependSets(FrameBuffer frame, ref FrameInfo info)
    {
        Span<byte> length = stackalloc byte[LengthSize];
        foreach (var ((type, _), set) in parameterSets.Reverse())                    // each goes before the one before
        {
            BinaryPrimitives.WriteInt32BigEndian(length, set.Length);
            if (!frame.TryPrepend(set) || !frame.TryPrepend(length)) return false;
            if (type == Sps && info.Width == 0 && H264Sps.TryRead(set, out int width, out int height)) info = info with { Width = width, Height = height };
        }
        return parameterSets.Any(s => s.Key.Type == Sps) && parameterSets.Any(s => s.Key.Type == Pps);
    }

    /// <summary>False: it is none.</summary>
    private bool Keep(ReadOnlySpan<byte> unit)
    {
        int type = unit.IsEmpty ? 0 : unit[0] & 0x1F, head = type == Sps ? 4 : 1;     // profile and level
        if (type is not (Sps or Pps) || unit.Length <= head || unit.Length > MaxParameterSet) return false;
        var bits = new BitReader(unit[head..]);
        var key = (type, bits.Exponential());
        if (bits.Overran) return false;
        if (parameterSets.TryGetValue(key, out byte[]? known) ? !unit.SequenceEqual(known) : parameterSets.Count < MaxParameterSets)
            parameterSets[key] = unit.ToArray();
        return true;
    }

    /// <param name="next">The byte behind the unit's header.</param>
    private static bool FirstUnit(ReadOnlySpan<byte> payload, out int type, out byte next)
    {
        (type, next) = (0, 0);
        if (payload.Length < 2) return false;
        type = payload[0] & 0x1F;
        next = payload[1];
        if (type == StapA)
        {
            int at = 1;
            if (!TryReadUnit(payload, ref at, out var unit)) return false;
            type = unit[0] & 0x1F;
            next = unit.Length > 1 ? unit[1] : (byte)0;
        }
        else if (type == FuA)
        {
            if (payload.Length < 3 || (payload[1] & 0x80) == 0) return false;
            type = payload[1] & 0x1F;
            next = payload[2];
        }
        return true;
    }

    private static bool TryReadUnit(ReadOnlySpan<byte> payload, ref int at, out ReadOnlySpan<byte> unit)
    {
        unit = default;
        if (payload.Length - at < 2) return false;
        int length = BinaryPrimitives.ReadUInt16BigEndian(payload[at..]);
        if (length == 0 || payload.Length - at - 2 < length) return false;
        unit = payload.Slice(at + 2, length);
        at += 2 + length;
        return true;
    }
}
