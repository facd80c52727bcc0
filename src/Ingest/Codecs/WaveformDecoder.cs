namespace Pipeline.Ingest.Codecs;

/// <summary>Octets of a codec that knows no frames → mono float at the codec's own rate.</summary>
internal interface IOctetDecoder : IDisposable
{
    /// <returns>Samples written.</returns>
    int Decode(ReadOnlySpan<byte> octets, Span<float> pcm);
    void Reset();
}

/// <summary>A codec that describes the wave itself, G.711 or G.722, at the rate its reader wants; lost packets by repeating the pitch.</summary>
/// <param name="octets">The decoder disposes it.</param>
/// <param name="rate">Of <paramref name="octets"/>, Hz.</param>
/// <param name="sampleRate">The same or a multiple.</param>
/// <param name="codecDelay">In samples at <paramref name="rate"/>: what encoder and decoder take.</param>
/// <param name="unsure">
/// In samples at <paramref name="rate"/>: how long after a hole <paramref name="octets"/> does not know what its encoder knows, and may be far too loud.
/// </param>
internal sealed class WaveformDecoder(IOctetDecoder octets, int rate, int sampleRate, int codecDelay, int unsure) : IAudioDecoder
{
    private const float LeastLimit = 0.2f;                                           // a word may begin in a hole

    private readonly int factor = sampleRate / rate;
    private readonly PitchConcealment concealment = new(rate);
    private readonly Upsampler? upsampler = sampleRate == rate ? null : new Upsampler(sampleRate / rate);
    private readonly float[] decoded = new float[(int)((long)AudioCodec.MaxDuration * rate / OpusPacket.ClockRate)];

    private int stillUnsure;
    private float loudest;                                                           // lately

    public int Delay { get; } = (codecDelay + (sampleRate == rate ? 0 : Upsampler.Delay)) * (OpusPacket.ClockRate / rate);

    public int Decode(ReadOnlySpan<byte> packet, Span<float> pcm)
    {
        var sound = decoded.AsSpan(0, octets.Decode(packet, decoded));
        if (unsure > 0) Limit(sound);
        concealment.Hear(sound);
        return Give(sound, pcm);
    }

    public int DecodeCopy(ReadOnlySpan<byte> next, Span<float> pcm, int samples) => 0;

    public int Conceal(Span<float> pcm, int samples)
    {
        var sound = decoded.AsSpan(0, samples / factor);
        concealment.Conceal(sound);
        stillUnsure = unsure;
        return Give(sound, pcm);
    }

    public void Pause()
    {
        concealment.Reset();
        upsampler?.Reset();
    }

    public void Reset()
    {
        Pause();
        octets.Reset();
    }

    public void Dispose() => octets.Dispose();

    private void Limit(Span<float> sound)
    {
        float limit = MathF.Max(1.2f * loudest, LeastLimit), peak = 0;
        for (int i = 0; i < sound.Length; i++)
        {
            if (i < stillUnsure) sound[i] = Math.Clamp(sound[i], -limit, limit);
            else peak = MathF.Max(peak, MathF.Abs(sound[i]));
        }
        if (stillUnsure < sound.Length) loudest = MathF.Max(peak, 0.7f * loudest);
        stillUnsure = Math.Max(0, stillUnsure - sound.Length);
    }

    private int Give(ReadOnlySpan<float> sound, Span<float> pcm)
    {
        if (upsampler is null) sound.CopyTo(pcm);
        else upsampler.Process(sound, pcm);
        return sound.Length * factor;
    }
}
