using Pipeline.Ingest.Jitter;

namespace Pipeline.Ingest.Codecs;

/// <summary>Takes decoded sound at its place.</summary>
public interface IPcmStore
{
    /// <param name="start">Sample since the meeting began, at the decoder's rate; calls come in rising order.</param>
    /// <param name="pcm">Mono; valid during the call.</param>
    void Store(long start, ReadOnlySpan<float> pcm);
}

/// <summary>
/// Decodes placed packets, and what they tell about those that were lost before them: a hole's last packet from in-band FEC, the rest
/// concealed for at most 100 ms, then silence. Nobody's words are made up.
/// </summary>
/// <param name="sampleRate">48000, 16000 or the codec's own.</param>
public sealed class ConcealingDecoder(AudioCodec codec, int sampleRate, IPcmStore store) : IDisposable
{
    /// <summary>100 ms at 48 kHz: after that a decoder only makes things up.</summary>
    public const int MaxConcealed = OpusPacket.ClockRate / 10;
    private const int ShortestFrame = 120;                                           // 2.5 ms, what FEC and concealment count in

    private readonly IAudioDecoder decoder = codec.CreateDecoder(sampleRate);
    private readonly int ratio = OpusPacket.ClockRate / sampleRate;
    private readonly float[] scratch = new float[AudioCodec.MaxDuration * sampleRate / OpusPacket.ClockRate];
    private long end;                                                                // of the last packet, in samples at 48 kHz

    /// <inheritdoc cref="IAudioDecoder.Delay"/>
    public int Delay => decoder.Delay;
    /// <summary>At 48 kHz.</summary>
    public long ConcealedSamples { get; private set; }
    public long PacketsRecovered { get; private set; }

    public void Write(in PlacedPacket placed)
    {
        var payload = placed.Packet.Payload;
        if (placed.Fresh) decoder.Reset();
        else if (placed.Missing > 0) FillHole(placed, payload);
        else if (placed.Start > end) decoder.Pause();
        end = placed.Start + placed.Duration;

        int decoded = decoder.Decode(payload, scratch);
        Put(placed.Start, Math.Min(decoded, placed.Duration / ratio));
    }

    /// <summary>Decodes a packet for itself: what comes next goes on from it, and its sound goes nowhere.</summary>
    /// <returns>Root mean square, full scale 1.</returns>
    internal float Loudness(ReadOnlySpan<byte> payload)
    {
        var pcm = scratch.AsSpan(0, decoder.Decode(payload, scratch));
        float power = 0;
        foreach (float sample in pcm) power += sample * sample;
        return MathF.Sqrt(power / Math.Max(1, pcm.Length));
    }

    /// <summary>What comes next goes on from nothing.</summary>
    internal void Forget() => decoder.Reset();

    public void Dispose() => decoder.Dispose();

    private void FillHole(in PlacedPacket placed, ReadOnlySpan<byte> next)
    {
        int missing = placed.Missing / ShortestFrame * ShortestFrame;
        int copied = codec.CopyDuration(next), restored = copied <= missing ? copied : 0;   // of one frame, and whole or not at all
        int concealed = Math.Min(missing - restored, MaxConcealed);

        long hole = placed.Start - placed.Missing;
        for (int done = 0; done < concealed;)
        {
            int step = Math.Min(concealed - done, 960);
            int made = decoder.Conceal(scratch, step / ratio);
            if (made == 0) break;
            Put(hole + done, made);
            done += step;
        }
        ConcealedSamples += concealed;
        if (restored == 0) return;

        int got = decoder.DecodeCopy(next, scratch, restored / ratio);
        Put(placed.Start - restored, got);
        if (got > 0) PacketsRecovered++;
    }

    private void Put(long start48, int samples) => store.Store((start48 - decoder.Delay) / ratio, scratch.AsSpan(0, samples));
}
