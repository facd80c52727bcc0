namespace Pipeline.Ingest.Codecs;

/// <summary>What can be read from an Opus packet without decoding it (RFC 6716 §3.1, §3.2).</summary>
public static class OpusPacket
{
    /// <summary>The clock of every Opus stream, whatever the audio (RFC 7587 §4.1).</summary>
    public const int ClockRate = 48000;
    /// <summary>120 ms, the longest packet, in samples at 48 kHz.</summary>
    public const int MaxDuration = 5760;

    public static long ToSamples(TimeSpan time) => time.Ticks * ClockRate / TimeSpan.TicksPerSecond;
    public static TimeSpan ToTime(long samples) => new(samples * TimeSpan.TicksPerSecond / ClockRate);

    /// <summary>Samples at 48 kHz in the packet; 0 for one that no decoder would take.</summary>
    public static int Duration(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty) return 0;
        int frames = (packet[0] & 3) switch { 0 => 1, 1 or 2 => 2, _ => packet.Length > 1 ? packet[1] & 0x3F : 0 };
        int duration = frames * FrameDuration(packet[0]);
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

    /// <summary>Samples at 48 kHz of each frame, by the configuration in the TOC octet (RFC 6716 §3.1, table 2).</summary>
    private static int FrameDuration(byte toc)
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
