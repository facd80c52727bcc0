using System.Diagnostics.CodeAnalysis;

namespace Pipeline.Ingest.Codecs;

/// <summary>
/// G.722 in RTP at 64 kbit/s: an octet for two samples at 16 kHz, any number of them. Its timestamps count octets: the clock of 8000 Hz is an
/// old mistake that stayed (RFC 3551 §4.5.2).
/// </summary>
internal sealed class G722Codec : AudioCodec
{
    private const int Clock = 8000, Ratio = OpusPacket.ClockRate / Clock;
    private const int Mirrors = 22;                                                  // samples: the band is split and joined by filters of 24, G.722 §3.1, §4.4

    private const int Unsure = 2 * Clock * 12 / 100;                                 // 120 ms: what it adapts in

    public override int ClockRate => Clock;
    public override int SampleRate => 2 * Clock;
    public override bool IsSupported([NotNullWhen(false)] out string? why) => LibSpandsp.IsPresent(out why);
    public override int Duration(ReadOnlySpan<byte> packet) => packet.Length <= MaxDuration / Ratio ? packet.Length * Ratio : 0;
    /// <summary>Its octets say how the sound changes, not how loud it is.</summary>
    public override bool IsQuiet(ReadOnlySpan<byte> packet) => false;
    public override IAudioDecoder CreateDecoder(int sampleRate) => new WaveformDecoder(new G722Decoder(), SampleRate, sampleRate, Mirrors, Unsure);
}

/// <summary>G.722 octets → mono float at 16 kHz. Holds native memory; not thread-safe.</summary>
internal sealed unsafe class G722Decoder : IOctetDecoder
{
    private readonly G722DecoderHandle handle = G722DecoderHandle.Create();
    private readonly short[] samples = new short[2 * AudioCodec.MaxDuration / 6];

    public int Decode(ReadOnlySpan<byte> octets, Span<float> pcm)
    {
        int decoded;
        fixed (byte* from = octets)
        fixed (short* to = samples) decoded = LibSpandsp.Decode(handle.DangerousGetHandle(), to, from, octets.Length);
        for (int i = 0; i < decoded; i++) pcm[i] = samples[i] / 32768f;
        return decoded;
    }

    public void Reset() => _ = LibSpandsp.DecodeInit(handle.DangerousGetHandle(), LibSpandsp.BitRate, options: 0);

    public void Dispose() => handle.Dispose();
}
