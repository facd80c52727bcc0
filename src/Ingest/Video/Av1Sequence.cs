namespace Pipeline.Ingest.Video;

/// <summary>What a sequence header OBU says (AV1 bitstream §5.5), as far as files want to know it.</summary>
internal readonly record struct Av1Sequence
{
    public int Width { get; private init; }
    public int Height { get; private init; }
    /// <summary>One picture alone, whose header says nothing of its kind.</summary>
    public bool IsStill { get; private init; }
    public int Profile { get; private init; }
    public int Level { get; private init; }
    public int Tier { get; private init; }
    public bool IsHighBitDepth { get; private init; }
    public bool IsTwelveBit { get; private init; }
    public bool IsMonochrome { get; private init; }
    public bool SubsamplingX { get; private init; }
    public bool SubsamplingY { get; private init; }
    public int SamplePosition { get; private init; }

    /// <param name="content">Behind header and size.</param>
    public static bool TryRead(ReadOnlySpan<byte> content, out Av1Sequence sequence)
    {
        sequence = default;
        var bits = new BitReader(content);
        int profile = (int)bits.Bits(3), level = 0, tier = 0;
        bits.Skip(1);                                                                // still_picture
        bool isReduced = bits.Flag();
        if (isReduced) level = (int)bits.Bits(5);
        else ReadOperatingPoints(ref bits, out level, out tier);
        int widthBits = (int)bits.Bits(4) + 1, heightBits = (int)bits.Bits(4) + 1;
        int width = (int)bits.Bits(widthBits) + 1, height = (int)bits.Bits(heightBits) + 1;
        if (!isReduced && bits.Flag()) bits.Skip(7);                                 // frame ids
        bits.Skip(3);
        if (!isReduced) SkipTools(ref bits);
        bits.Skip(3);
        sequence = new Av1Sequence { Width = width, Height = height, IsStill = isReduced, Profile = profile, Level = level, Tier = tier }.WithColors(ref bits);
        return !bits.Overran && profile <= 2;
    }

    private static void ReadOperatingPoints(ref BitReader bits, out int level, out int tier)
    {
        (level, tier) = (0, 0);
        bool hasDecoderModel = false;
        int delayLength = 0;
        if (bits.Flag())                                                             // timing_info
        {
            bits.Skip(64);
            if (bits.Flag()) bits.Exponential();
            hasDecoderModel = bits.Flag();
            if (hasDecoderModel)
            {
                delayLength = (int)bits.Bits(5) + 1;
                bits.Skip(42);
            }
        }
        bool hasDisplayDelay = bits.Flag();
        int points = (int)bits.Bits(5) + 1;
        for (int n = 0; n < points; n++)
        {
            bits.Skip(12);
            int pointLevel = (int)bits.Bits(5), pointTier = pointLevel > 7 ? (int)bits.Bits(1) : 0;
            if (n == 0) (level, tier) = (pointLevel, pointTier);
            if (hasDecoderModel && bits.Flag()) bits.Skip(2 * delayLength + 1);
            if (hasDisplayDelay && bits.Flag()) bits.Skip(4);
        }
    }

    private static void SkipTools(ref BitReader bits)
    {
        const uint SelectTools = 2;
        bits.Skip(4);
        bool hasOrder = bits.Flag();
        if (hasOrder) bits.Skip(2);
        uint screenContent = bits.Flag() ? SelectTools : bits.Bits(1);
        if (screenContent > 0 && !bits.Flag()) bits.Skip(1);                         // integer motion vectors
        if (hasOrder) bits.Skip(3);
    }

    private Av1Sequence WithColors(ref BitReader bits)
    {
        bool isHigh = bits.Flag(), isTwelve = Profile == 2 && isHigh && bits.Flag();
        bool isMonochrome = Profile != 1 && bits.Flag();
        uint colors = bits.Flag() ? bits.Bits(24) : 0x020202;                        // primaries, transfer, matrix; 2 is "unspecified"
        bool x = true, y = true;
        int position = 0;
        if (isMonochrome) bits.Skip(1);
        else if (colors == 0x010D00) (x, y) = (false, false);                        // sRGB
        else
        {
            bits.Skip(1);
            if (Profile == 1) (x, y) = (false, false);
            else if (Profile == 2)
            {
                x = !isTwelve || bits.Flag();
                y = isTwelve && x && bits.Flag();
            }
            if (x && y) position = (int)bits.Bits(2);
        }
        return this with { IsHighBitDepth = isHigh, IsTwelveBit = isTwelve, IsMonochrome = isMonochrome, SubsamplingX = x, SubsamplingY = y, SamplePosition = position };
    }
}
