namespace Pipeline.Ingest.Codecs;

/// <summary>What can be read from an Opus packet without decoding it (RFC 6716 §3).</summary>
public static class OpusPacket
{
    /// <summary>The clock of every Opus stream, whatever the audio (RFC 7587 §4.1).</summary>
    public const int ClockRate = 48000;
    /// <summary>120 ms, the longest packet, in samples at 48 kHz.</summary>
    public const int MaxDuration = 5760;
    private const int MaxFrame = 1275;                                               // octets

    public static long ToSamples(TimeSpan time) => time.Ticks * ClockRate / TimeSpan.TicksPerSecond;
    public static TimeSpan ToTime(long samples) => new(samples * TimeSpan.TicksPerSecond / ClockRate);

    /// <summary>Samples at 48 kHz in the packet; 0 for one that no decoder would take: it breaks one of the seven rules of §3.4.</summary>
    public static int Duration(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty) return 0;
        var frames = packet[1..];
        int count = (packet[0] & 3) switch
        {
            0 => frames.Length <= MaxFrame ? 1 : 0,
            1 => frames.Length % 2 == 0 && frames.Length <= 2 * MaxFrame ? 2 : 0,
            2 => SkipFrame(ref frames) && frames.Length <= MaxFrame ? 2 : 0,
            _ => CountFrames(frames),
        };
        int duration = count * FrameDuration(packet[0]);
        return duration <= MaxDuration ? duration : 0;
    }

    /// <summary>
    /// True when the packet carries a coarse copy of the frame before it (in-band FEC). SILK and hybrid frames begin with one voice
    /// flag a 20 ms frame and then the LBRR flag, the first bits of the range coder's data (RFC 6716 §4.2.3, §4.2.4).
    /// </summary>
    public static bool HasInbandFec(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < 2 || packet[0] >= 0x80) return false;                    // CELT only
        int head = (packet[0] & 3) switch { 0 or 1 => 1, 2 => packet[1] < 252 ? 2 : 3, _ => 0 };
        if (head == 0 || packet.Length <= head) return false;                        // many frames a packet: not what FEC is sent in
        int voiceFlags = FrameDuration(packet[0]) switch { 1920 => 2, 2880 => 3, _ => 1 };
        return (packet[head] >> (7 - voiceFlags) & 1) != 0;
    }

    /// <summary>
    /// Of a packet of any number of frames, without its TOC octet; 0 where it is not whole. Only the sizes of frames that differ are
    /// written, of all but the last; padding lies behind the frames.
    /// <code>
    ///  0 1 2 3 4 5 6 7
    /// +-+-+-+-+-+-+-+-+
    /// |v|p|  frames   |     v: they differ in size, p: there is padding
    /// +-+-+-+-+-+-+-+-+
    /// </code>
    /// </summary>
    private static int CountFrames(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty) return 0;
        int count = rest[0] & 0x3F;
        bool differ = (rest[0] & 0x80) != 0, padded = (rest[0] & 0x40) != 0;
        rest = rest[1..];
        for (int more = 255; padded && more == 255;)                                 // 255: 254 octets and another count
        {
            if (rest.IsEmpty) return 0;
            more = rest[0];
            rest = rest[1..];
            int padding = Math.Min(more, 254);
            if (padding > rest.Length) return 0;
            rest = rest[..^padding];
        }
        if (count == 0) return 0;
        if (!differ) return rest.Length % count == 0 && rest.Length / count <= MaxFrame ? count : 0;

        int sizes = 0;
        for (int n = 1; n < count; n++)
        {
            if (!TakeSize(ref rest, out int size)) return 0;
            sizes += size;
        }
        return rest.Length >= sizes && rest.Length - sizes <= MaxFrame ? count : 0;
    }

    private static bool SkipFrame(ref ReadOnlySpan<byte> frames)
    {
        if (!TakeSize(ref frames, out int size) || size > frames.Length) return false;
        frames = frames[size..];
        return true;
    }

    /// <summary>One octet, or from 252 on two (§3.2.1).</summary>
    private static bool TakeSize(ref ReadOnlySpan<byte> frames, out int size)
    {
        size = 0;
        if (frames.IsEmpty) return false;
        int octets = frames[0] < 252 ? 1 : 2;
        if (frames.Length < octets) return false;
        size = octets == 1 ? frames[0] : frames[0] + 4 * frames[1];
        frames = frames[octets..];
        return true;
    }

    /// <summary>Samples at 48 kHz of each frame, by the configuration in the TOC octet (RFC 6716 §3.1, table 2).</summary>
    public static int FrameDuration(byte toc)
    {
        int config = toc >> 3;
        return config switch
        {
            < 12 => (config & 3) switch { 0 => 480, 1 => 960, 2 => 1920, _ => 2880 },   // SILK: 10, 20, 40, 60 ms
            < 16 => (config & 1) == 0 ? 480 : 960,                                      // hybrid: 10, 20 ms
            _ => 120 << (config & 3),                                                   // CELT: 2.5, 5, 10, 20 ms
        };
    }
}
