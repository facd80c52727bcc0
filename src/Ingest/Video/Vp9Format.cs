namespace Pipeline.Ingest.Video;

//        0 1 2 3 4 5 6 7
//       |I|P|L|F|B|E|V|Z|   P: refers to other pictures; B, E: a layer's frame begins, ends
//   I:  |M| PICTURE ID  |   7 bits, with M 15
//   L:  | TID |U| SID |D|   and, unless F, | TL0PICIDX |
//  P,F: |   P_DIFF    |N|   up to three, N: one more
//   V:  | scalability structure ...

/// <summary>
/// VP9 in RTP (RFC 9628). A picture is the frames of all its spatial layers; of several a superframe is made (VP9 bitstream, Annex B), of
/// which the last is shown.
/// </summary>
internal sealed class Vp9Format : PayloadFormat
{
    private const int MaxLayers = 8;

    private readonly int[] widths = new int[MaxLayers];                              // of the frames of each place in a picture
    private int layerWidth, layerHeight;                                             // of the highest layer, by the scalability structure
    private bool open;                                                               // a layer's frame has begun and not ended

    public override bool Begins(ReadOnlySpan<byte> payload) => TryRead(payload, out var descriptor, out _) && descriptor is { Begins: true, Layer: 0 };

    /// <summary>What refers to no other picture may yet be no key frame: it may leave others' contexts as they are.</summary>
    public override KeyFrameStart KeyFrameIn(ReadOnlySpan<byte> payload) =>
        TryRead(payload, out var descriptor, out var data) && descriptor is { Begins: true, Layer: 0, IsInter: false } && Vp9Header.TryRead(data, out var info) && info.IsKey
            ? KeyFrameStart.Whole
            : KeyFrameStart.None;

    public override bool TryAdd(ReadOnlySpan<byte> payload, FrameBuffer frame)
    {
        if (!TryRead(payload, out var descriptor, out var data)) return false;
        if (descriptor.Begins == (open && frame.Length > 0)) return false;           // one begins where the last has ended, and nowhere else
        if (descriptor.Begins && (frame.PartCount == MaxLayers || !frame.TryBeginPart())) return false;
        if (descriptor.Width > 0) (layerWidth, layerHeight) = (descriptor.Width, descriptor.Height);
        open = !descriptor.Ends;
        return frame.TryAppend(data);
    }

    public override bool TryFinish(FrameBuffer frame, bool afterHole, out FrameInfo info)
    {
        info = default;
        if (open || frame.PartCount == 0 || !Vp9Header.TryRead(frame.Part(0), out info)) return false;
        if (frame.PartCount == 1) return true;
        if (info.IsKey && (long)layerWidth * layerHeight > (long)info.Width * info.Height) info = info with { Width = layerWidth, Height = layerHeight };
        for (int n = 0; n + 1 < frame.PartCount; n++)
            if (!Vp9Header.TryHide(frame, n, ref widths[n])) return false;
        return TryAppendIndex(frame);
    }

    public override void GiveUp() => open = false;

    /// <summary>The superframe's index: how long each frame is, between two bytes that say how the lengths are written.</summary>
    private static bool TryAppendIndex(FrameBuffer frame)
    {
        int longest = 0, frames = frame.PartCount;
        for (int n = 0; n < frames; n++) longest = Math.Max(longest, frame.Part(n).Length);
        int width = longest > 0xFFFFFF ? 4 : longest > 0xFFFF ? 3 : longest > 0xFF ? 2 : 1;
        Span<byte> index = stackalloc byte[2 + 4 * MaxLayers];
        int at = 1;
        for (int n = 0; n < frames; n++)
            for (int length = frame.Part(n).Length, i = 0; i < width; i++, length >>= 8) index[at++] = (byte)length;
        index[0] = index[at] = (byte)(0xC0 | (width - 1) << 3 | (frames - 1));
        return frame.TryAppend(index[..(at + 1)]);
    }

    /// <param name="Width">0 where no structure says it.</param>
    private readonly record struct Descriptor(bool Begins, bool Ends, bool IsInter, int Layer, int Width, int Height);

    /// <param name="data">Not empty.</param>
    private static bool TryRead(ReadOnlySpan<byte> payload, out Descriptor descriptor, out ReadOnlySpan<byte> data)
    {
        descriptor = default;
        data = default;
        if (payload.IsEmpty) return false;
        byte flags = payload[0];
        bool isFlexible = (flags & 0x10) != 0, isInter = (flags & 0x40) != 0;
        int at = 1, layer = 0, width = 0, height = 0;
        if ((flags & 0x80) != 0) at += at < payload.Length && (payload[at] & 0x80) != 0 ? 2 : 1;
        if ((flags & 0x20) != 0)
        {
            if (at >= payload.Length) return false;
            layer = payload[at] >> 1 & 7;
            at += isFlexible ? 1 : 2;
        }
        if (isFlexible && isInter)
        {
            int references = 0;
            do
            {
                if (at >= payload.Length || ++references > 3) return false;
            }
            while ((payload[at++] & 1) != 0);
        }
        if ((flags & 0x02) != 0 && !TrySkipStructure(payload, ref at, out width, out height)) return false;
        if (at >= payload.Length) return false;
        descriptor = new Descriptor((flags & 0x08) != 0, (flags & 0x04) != 0, isInter, layer, width, height);
        data = payload[at..];
        return true;
    }

    //  | N_S |Y|G|-|-|-|   N_S + 1 layers; Y: each with width and height, 16 bits; G: | N_G |, and for each | TID |U| R |-|-| and R times | P_DIFF |
    private static bool TrySkipStructure(ReadOnlySpan<byte> payload, ref int at, out int width, out int height)
    {
        (width, height) = (0, 0);
        if (at >= payload.Length) return false;
        byte head = payload[at++];
        int layers = (head >> 5) + 1;
        if ((head & 0x10) != 0)
        {
            if (payload.Length - at < 4 * layers) return false;
            at += 4 * layers;
            (width, height) = (payload[at - 4] << 8 | payload[at - 3], payload[at - 2] << 8 | payload[at - 1]);
        }
        if ((head & 0x08) == 0) return true;
        if (at >= payload.Length) return false;
        for (int pictures = payload[at++]; pictures > 0; pictures--)
        {
            if (at >= payload.Length) return false;
            at += 1 + (payload[at] >> 2 & 3);
        }
        return at <= payload.Length;
    }
}
