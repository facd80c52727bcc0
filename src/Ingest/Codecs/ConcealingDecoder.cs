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
/// <param name="sampleRate">48000 or 16000.</param>
public sealed class ConcealingDecoder(int sampleRate, IPcmStore store) : IDisposable
{
    /// <summary>100 ms at 48 kHz: after that a decoder only makes things up.</summary>
    public const int MaxConcealed = OpusPacket.ClockRate / 10;
    /// <summary>
    /// In samples at 48 kHz, how far Opus sound lies behind its timestamps: libopus' encoder looks 6.5 ms ahead, and players skip as
    /// much (RFC 7845 §5.1).
    /// </summary>
    public const int CodecDelay = 312;
    private const int ShortestFrame = 120;                                           // 2.5 ms, what FEC and concealment count in

    private readonly OpusDecoder decoder = new(sampleRate);
    private readonly float[] scratch = new float[OpusPacket.MaxDuration];
    private readonly int ratio = OpusPacket.ClockRate / sampleRate;

    /// <summary>At 48 kHz.</summary>
    public long ConcealedSamples { get; private set; }
    public long PacketsRecovered { get; private set; }

    public void Write(in PlacedPacket placed)
    {
        var payload = placed.Packet.Payload;
        if (placed.Fresh) decoder.Reset();
        else if (placed.Missing > 0) FillHole(placed, payload);

        int decoded = decoder.Decode(payload, scratch);
        Put(placed.Start, Math.Min(decoded, placed.Duration / ratio));
    }

    public void Dispose() => decoder.Dispose();

    private void FillHole(in PlacedPacket placed, ReadOnlySpan<byte> next)
    {
        int missing = placed.Missing / ShortestFrame * ShortestFrame;
        int restored = OpusPacket.HasInbandFec(next) ? Math.Min(missing, placed.Duration) : 0;   // one packet back only, RFC 6716 §2.1.7
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

        int got = decoder.DecodeFec(next, scratch, restored / ratio);
        Put(placed.Start - restored, got);
        if (got > 0) PacketsRecovered++;
    }

    private void Put(long start48, int samples) => store.Store((start48 - CodecDelay) / ratio, scratch.AsSpan(0, samples));
}
