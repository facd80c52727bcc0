namespace Pipeline.Ingest.Codecs;

/// <summary>Opus packets → mono float, with what in-band FEC and concealment can restore. Holds native memory; not thread-safe.</summary>
/// <param name="sampleRate">48000 for the recording, 16000 for captions: libopus gives either directly.</param>
public sealed unsafe class OpusDecoder(int sampleRate) : IAudioDecoder
{
    /// <summary>libopus' encoder looks 6.5 ms ahead, and players skip as much (RFC 7845 §5.1).</summary>
    public const int CodecDelay = 312;

    private readonly OpusDecoderHandle handle = OpusDecoderHandle.Create(sampleRate, 1);

    public int Delay => CodecDelay;

    public int Decode(ReadOnlySpan<byte> packet, Span<float> pcm) => Run(packet, pcm, pcm.Length, fec: 0);
    public int DecodeCopy(ReadOnlySpan<byte> next, Span<float> pcm, int samples) => Run(next, pcm, samples, fec: 1);
    public int Conceal(Span<float> pcm, int samples) => Run(default, pcm, samples, fec: 0);

    /// <summary>Its sound goes on: the encoder's does too.</summary>
    public void Pause() { }

    public void Reset() => _ = LibOpus.DecoderControl(handle.DangerousGetHandle(), LibOpus.ResetState);

    public void Dispose() => handle.Dispose();

    private int Run(ReadOnlySpan<byte> packet, Span<float> pcm, int samples, int fec)
    {
        fixed (byte* from = packet)
        fixed (float* to = pcm)
        {
            int decoded = LibOpus.DecodeFloat(handle.DangerousGetHandle(), packet.IsEmpty ? null : from, packet.Length, to, samples, fec);
            return Math.Max(decoded, 0);
        }
    }
}
