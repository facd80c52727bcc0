namespace Pipeline.Ingest.Video;

/// <summary>
/// The uncompressed header of a VP9 frame (VP9 bitstream §6.2, §7.2). Encoders say of every spatial layer that it is shown, and only some decoders show the highest alone,
/// so those below are hidden in files. Hiding changes no pixel: what else depends on it, the motion vectors of the last frame, is not used between sizes that differ.
/// </summary>
internal static class Vp9Header
{
    private const int ShowFrame = 6, AfterErrorResilient = 8;                        // bits, of profiles 0 to 2

    /// <summary>As far as the size of a key frame.</summary>
    public static bool TryRead(ReadOnlySpan<byte> frame, out FrameInfo info)
    {
        info = default;
        var bits = new BitReader(frame);
        if (bits.Bits(2) != 2) return false;                                         // frame_marker
        uint profile = bits.Bits(1) | bits.Bits(1) << 1;
        if (profile == 3) bits.Skip(1);
        if (bits.Flag()) return true;                                                // show_existing_frame
        bool isKey = !bits.Flag();
        bits.Skip(2);                                                                // show_frame, error_resilient_mode
        if (!isKey) return !bits.Overran;

        if (bits.Bits(24) != 0x498342) return false;
        if (profile >= 2) bits.Skip(1);                                              // ten or twelve bits
        bool isRgb = bits.Bits(3) == 7;
        if (!isRgb) bits.Skip(1);                                                    // color_range
        if (profile is 1 or 3) bits.Skip(isRgb ? 1 : 3);
        info = new FrameInfo(IsKey: true, (int)bits.Bits(16) + 1, (int)bits.Bits(16) + 1);
        return !bits.Overran;
    }

    /// <summary>Hides one layer of a picture. What cannot be read stays as it is.</summary>
    /// <param name="part">Which of the frame's parts.</param>
    /// <param name="width">Of the layer's last frame; 0 where it is not known.</param>
    /// <returns>False: the frame is too long to be one.</returns>
    public static bool TryHide(FrameBuffer frame, int part, ref int width)
    {
        var layer = frame.Part(part);
        if (layer[0] >> 6 != 2 || (layer[0] & 0x30) == 0x30 || (layer[0] & 0x0A) != 2) return true;   // no frame, of profile 3, shown again, or hidden
        if ((layer[0] & 4) == 0)
        {
            if (TryRead(layer, out var info)) width = info.Width;
            layer[0] &= 0xFF ^ 1 << 7 - ShowFrame;
            return true;
        }
        if (!TryMeasure(layer, ref width, out int length)) return true;

        int bytes = (length + 7) / 8;
        if (length % 8 == 0 && !frame.TryInsert(part, bytes)) return false;
        layer = frame.Part(part);
        for (int bit = length; bit > AfterErrorResilient; bit--) Set(layer, bit, Get(layer, bit - 1));
        Set(layer, AfterErrorResilient, false);                                      // intra_only, which is there in a hidden frame
        Set(layer, ShowFrame, false);
        return true;
    }

    /// <summary>How many bits the header of a shown frame has that refers to others.</summary>
    private static bool TryMeasure(ReadOnlySpan<byte> frame, ref int width, out int length)
    {
        var bits = new BitReader(frame);
        bits.Skip(ShowFrame + 1);
        bool isResilient = bits.Flag();
        bits.Skip((isResilient ? 0 : 2) + 8 + 3 * 4);                                // reset_frame_context, refresh_frame_flags, references
        bool isAsReference = bits.Flag() || bits.Flag() || bits.Flag();
        if (!isAsReference)
        {
            width = (int)bits.Bits(16) + 1;
            bits.Skip(16);
        }
        if (bits.Flag()) bits.Skip(32);                                              // render_size
        bits.Skip(1);                                                                // allow_high_precision_mv
        if (!bits.Flag()) bits.Skip(2);                                              // interpolation_filter
        bits.Skip(isResilient ? 2 : 4);                                              // contexts
        SkipLoopFilter(ref bits);
        bits.Skip(8);                                                                // base_q_idx
        for (int n = 0; n < 3; n++)
            if (bits.Flag()) bits.Skip(5);
        SkipSegmentation(ref bits);
        SkipTiles(ref bits, width);
        bits.Skip(16);                                                               // header_size_in_bytes
        length = bits.Position;
        return width > 0 && !bits.Overran;
    }

    private static void SkipLoopFilter(ref BitReader bits)
    {
        bits.Skip(6 + 3);
        if (!bits.Flag() || !bits.Flag()) return;                                    // deltas enabled, and updated
        for (int n = 0; n < 4 + 2; n++)
            if (bits.Flag()) bits.Skip(7);
    }

    private static void SkipSegmentation(ref BitReader bits)
    {
        if (!bits.Flag()) return;
        if (bits.Flag())                                                             // update_map
        {
            for (int n = 0; n < 7; n++)
                if (bits.Flag()) bits.Skip(8);
            bool isTemporal = bits.Flag();
            for (int n = 0; n < 3; n++)
                if (isTemporal && bits.Flag()) bits.Skip(8);
        }
        if (!bits.Flag()) return;                                                    // update_data
        bits.Skip(1);
        for (int segment = 0; segment < 8; segment++)
            foreach (int valueAndSign in (ReadOnlySpan<int>)[9, 7, 2, 0])
                if (bits.Flag()) bits.Skip(valueAndSign);
    }

    private static void SkipTiles(ref BitReader bits, int width)
    {
        int columns = (width + 63) / 64, least = 0, most = 1;
        while (64 << least < columns) least++;
        while (columns >> most >= 4) most++;
        for (int n = least; n < most - 1 && bits.Flag(); n++) { }
        if (bits.Flag()) bits.Skip(1);                                               // rows
    }

    private static bool Get(ReadOnlySpan<byte> bytes, int bit) => (bytes[bit >> 3] >> (7 - (bit & 7)) & 1) != 0;

    private static void Set(Span<byte> bytes, int bit, bool value)
    {
        byte mask = (byte)(1 << 7 - (bit & 7));
        bytes[bit >> 3] = (byte)(value ? bytes[bit >> 3] | mask : bytes[bit >> 3] & ~mask);
    }
}
