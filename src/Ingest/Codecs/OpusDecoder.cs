namespace Pipeline.Ingest.Codecs;

/// <summary>Opus packets → mono float, with what in-band FEC and concealment can restore. Holds native memory; not thread-safe.</summary>
/// <param name="sampleRate">48000 for the recording, 16000 for captions: libopus gives either directly.</param>
public sealed unsafe class OpusDecoder(int sampleRate) : IDisposable
{
    private readonly OpusDecoderHandle handle = OpusDecoderHandle.Create(sampleRate, 1);

    /// <summary>Samples decoded into <paramref name="pcm"/>; 0 where the packet is broken: what it held is lost, the decoder goes on.</summary>
    /// <param name="pcm">Room for 120 ms.</param>
    public int Decode(ReadOnlySpan<byte> packet, Span<float> pcm) => Run(packet, pcm, pcm.Length, fec: 0);

    /// <summary>The sound of the packet before <paramref name="next"/>, from the copy in <paramref name="next"/>; call before decoding that one.</summary>
    /// <param name="samples">Exactly what is missing; a multiple of 2.5 ms.</param>
    public int DecodeFec(ReadOnlySpan<byte> next, Span<float> pcm, int samples) => Run(next, pcm, samples, fec: 1);

    /// <summary>Sound made up from what came before, for a hole nobody sent a copy of.</summary>
    /// <param name="samples">A multiple of 2.5 ms, at most 120 ms.</param>
    public int Conceal(Span<float> pcm, int samples) => Run(default, pcm, samples, fec: 0);

    /// <summary>Forgets the sound so far: another sender, or another time.</summary>
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
