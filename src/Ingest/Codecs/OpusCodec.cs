namespace Pipeline.Ingest.Codecs;

/// <summary>Opus in RTP (RFC 6716, RFC 7587): 2.5 to 120 ms a packet.</summary>
internal sealed class OpusCodec : AudioCodec
{
    private const int QuietPayload = 12;                                             // octets: what encoders send for silence

    public override int ClockRate => OpusPacket.ClockRate;
    public override int SampleRate => OpusPacket.ClockRate;
    public override int Duration(ReadOnlySpan<byte> packet) => OpusPacket.Duration(packet);
    public override bool IsQuiet(ReadOnlySpan<byte> packet) => packet.Length <= QuietPayload;
    public override int CopyDuration(ReadOnlySpan<byte> packet) => OpusPacket.HasInbandFec(packet) ? OpusPacket.FrameDuration(packet[0]) : 0;
    public override IAudioDecoder CreateDecoder(int sampleRate) => new OpusDecoder(sampleRate);
}
