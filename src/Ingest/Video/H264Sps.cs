namespace Pipeline.Ingest.Video;

/// <summary>What a sequence parameter set says of the picture's size (ITU-T H.264 §7.3.2.1.1).</summary>
internal static class H264Sps
{
    private const int Longest = 256;                                                 // the size lies in its first part

    /// <param name="unit">The NAL unit, its header first.</param>
    /// <param name="width">As shown: without what is cropped.</param>
    public static bool TryRead(ReadOnlySpan<byte> unit, out int width, out int height)
    {
        (width, height) = (0, 0);
        Span<byte> plain = stackalloc byte[Longest];
        var bits = new BitReader(WithoutEmulation(unit, plain));
        bits.Skip(8);
        uint profile = bits.Bits(8);
        bits.Skip(16);                                                               // constraints, level
        bits.Exponential();                                                          // its id
        uint chroma = 1;
        bool separatePlanes = false;
        if (profile is 100 or 110 or 122 or 244 or 44 or 83 or 86 or 118 or 128 or 138 or 139 or 134 or 135)
        {
            chroma = bits.Exponential();
            if (chroma == 3) separatePlanes = bits.Flag();
            bits.Exponential();                                                      // bit depths
            bits.Exponential();
            bits.Skip(1);
            if (bits.Flag())
                for (int n = 0; n < (chroma == 3 ? 12 : 8); n++)
                    if (bits.Flag()) SkipScalingList(ref bits, n < 6 ? 16 : 64);
        }
        bits.Exponential();                                                          // log2_max_frame_num
        uint order = bits.Exponential();
        if (order == 0) bits.Exponential();
        else if (order == 1)
        {
            bits.Skip(1);
            bits.Exponential();
            bits.Exponential();
            uint cycle = bits.Exponential();
            for (uint n = 0; n < cycle && !bits.Overran; n++) bits.Exponential();
        }
        bits.Exponential();                                                          // max_num_ref_frames
        bits.Skip(1);
        uint columns = bits.Exponential() + 1, rows = bits.Exponential() + 1;        // of 16 pixels
        bool framesOnly = bits.Flag();
        if (!framesOnly) bits.Skip(1);
        bits.Skip(1);
        uint left = 0, right = 0, top = 0, bottom = 0;
        if (bits.Flag()) (left, right, top, bottom) = (bits.Exponential(), bits.Exponential(), bits.Exponential(), bits.Exponential());
        if (bits.Overran || columns > 1024 || rows > 1024 || chroma > 3) return false;   // level 6.2 ends at 1055 macroblocks

        int unitX = chroma is 1 or 2 && !separatePlanes ? 2 : 1;                     // §7.4.2.1.1, CropUnitX and CropUnitY
        int unitY = (chroma == 1 && !separatePlanes ? 2 : 1) * (framesOnly ? 1 : 2);
        long cropX = ((long)left + right) * unitX, cropY = ((long)top + bottom) * unitY;
        long shownWidth = 16 * columns - cropX, shownHeight = 16 * rows * (framesOnly ? 1 : 2) - cropY;
        if (shownWidth <= 0 || shownHeight <= 0) return false;
        (width, height) = ((int)shownWidth, (int)shownHeight);
        return true;
    }

    private static void SkipScalingList(ref BitReader bits, int size)
    {
        int last = 8, next = 8;
        for (int n = 0; n < size && !bits.Overran; n++)
        {
            if (next != 0) next = (last + bits.SignedExponential()) & 0xFF;
            if (next != 0) last = next;
        }
    }

    /// <summary>Takes out the 3 of each 0 0 3 (§7.4.1).</summary>
    private static ReadOnlySpan<byte> WithoutEmulation(ReadOnlySpan<byte> unit, Span<byte> plain)
    {
        int length = 0, zeros = 0;
        foreach (byte b in unit)
        {
            if (zeros >= 2 && b == 3) { zeros = 0; continue; }
            if (length == plain.Length) break;
            plain[length++] = b;
            zeros = b == 0 ? zeros + 1 : 0;
        }
        return plain[..length];
    }
}
