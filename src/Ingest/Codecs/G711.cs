namespace Pipeline.Ingest.Codecs;

/// <summary>
/// Logarithmic 8-bit samples → linear ones (ITU-T G.711): a sign, three bits that say which segment, four that say where in it.
/// <code>
///  7 6 5 4 3 2 1 0      μ-law: sent with all bits inverted
/// +-+-----+-------+     A-law: sent with the even bits inverted (0x55)
/// |S| seg | where |
/// +-+-----+-------+
/// </code>
/// </summary>
public static class G711
{
    /// <summary>Each octet's sample, −1 … 1: 14 bits of 16.</summary>
    public static readonly float[] MuLaw = [.. Enumerable.Range(0, 256).Select(code => FromMuLaw((byte)code) / 32768f)];
    /// <summary>Each octet's sample, −1 … 1: 13 bits of 16.</summary>
    public static readonly float[] ALaw = [.. Enumerable.Range(0, 256).Select(code => FromALaw((byte)code) / 32768f)];

    private static int FromMuLaw(byte code)
    {
        const int Bias = 0x84;                                                       // 33, in 16 bits
        int bits = ~code, magnitude = ((((bits & 0x0F) << 3) + Bias) << (bits >> 4 & 7)) - Bias;
        return (bits & 0x80) != 0 ? -magnitude : magnitude;
    }

    private static int FromALaw(byte code)
    {
        int bits = code ^ 0x55, segment = bits >> 4 & 7, where = ((bits & 0x0F) << 4) + 8;
        int magnitude = segment == 0 ? where : (where + 0x100) << (segment - 1);
        return (bits & 0x80) != 0 ? magnitude : -magnitude;
    }
}

/// <summary>PCMU and PCMA in RTP (RFC 3551 §4.5.14): an octet a sample, any number of them.</summary>
/// <param name="samples">Of each octet.</param>
/// <param name="comfort">The octet of silence.</param>
internal sealed class G711Codec(float[] samples, byte comfort) : AudioCodec
{
    private const int Rate = 8000, Ratio = OpusPacket.ClockRate / Rate;
    private const float Quiet = 0.003f;                                              // −50 dBov, at its loudest

    private readonly byte[] silence = [.. Enumerable.Repeat(comfort, Rate / 200)];

    public override int ClockRate => Rate;
    public override int SampleRate => Rate;
    public override ReadOnlySpan<byte> Comfort => silence;
    public override int Duration(ReadOnlySpan<byte> packet) => packet.Length <= MaxDuration / Ratio ? packet.Length * Ratio : 0;

    public override bool IsQuiet(ReadOnlySpan<byte> packet)
    {
        foreach (byte octet in packet)
            if (MathF.Abs(samples[octet]) > Quiet) return false;
        return true;
    }

    public override IAudioDecoder CreateDecoder(int sampleRate) => new WaveformDecoder(new Decoder(samples), Rate, sampleRate, codecDelay: 0, unsure: 0);

    private sealed class Decoder(float[] samples) : IOctetDecoder
    {
        public int Decode(ReadOnlySpan<byte> octets, Span<float> pcm)
        {
            for (int i = 0; i < octets.Length; i++) pcm[i] = samples[octets[i]];
            return octets.Length;
        }

        public void Reset() { }
        public void Dispose() { }
    }
}
