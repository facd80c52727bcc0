using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Jitter;

namespace Pipeline.Ingest.Mixing;

/// <summary>One track's sound on the meeting's time line, 48 kHz mono: packets are decoded and moved to the meeting's clock ahead of the mixer that reads it.</summary>
public sealed class TrackPlayer : IPcmStore, IDisposable
{
    /// <summary>
    /// How far ahead of the reader packets may be written, in samples: the longest concealed hole and the longest packet. So a hole is
    /// filled before it is read, though the packet that fills it lies behind it.
    /// </summary>
    public const int WriteAhead = ConcealingDecoder.MaxConcealed + AudioCodec.MaxDuration;
    private const int Ring = 32768;                                                  // a power of two > WriteAhead + MaxDuration + a frame

    private readonly ConcealingDecoder decoder;                                      // places sound by timestamp
    private readonly SaidSilence silence;
    private readonly Resampler resampler;
    private readonly float[] samples = new float[Ring];
    private long read, writtenUntil;                                                  // samples since the meeting began

    public TrackPlayer(AudioCodec codec)
    {
        resampler = new Resampler(this);
        decoder = new ConcealingDecoder(codec, OpusPacket.ClockRate, resampler);
        silence = new SaidSilence(decoder);
    }

    /// <summary>In samples at 48 kHz, how far the sound lies behind the timestamps.</summary>
    public int Delay => decoder.Delay;
    /// <summary>False: every packet is decoded, also where its sender says that nothing is in it.</summary>
    public bool TrustsLevels { get; set; }
    /// <summary>Those left undecoded.</summary>
    public long PacketsSkipped => silence.Skipped;
    /// <inheritdoc cref="SaidSilence.WasDeceived"/>
    internal bool WasDeceived => silence.WasDeceived;
    public long ConcealedSamples => decoder.ConcealedSamples;
    public long PacketsRecovered => decoder.PacketsRecovered;
    /// <summary>Automatic gain, moved by the mixer.</summary>
    internal TrackGain Gain { get; } = new();

    /// <summary>The next read is at <paramref name="start"/>: what lies before is past.</summary>
    public void Begin(long start) => read = start;

    public void Write(in PlacedPacket placed)
    {
        long offset = placed.Start - placed.Packet.Timestamp;
        if (placed.Jumped) resampler.Jump(offset, placed.OffsetSlope);
        else resampler.Follow(offset, placed.OffsetSlope, placed.Duration + placed.Missing);
        if (TrustsLevels && silence.Skips(placed)) return;
        decoder.Write(placed with { Start = placed.Packet.Timestamp });
    }

    /// <summary>Takes the frame's samples out; silence where nothing was written. False when all of it is silence.</summary>
    /// <param name="start">Where the last call ended.</param>
    public bool Read(long start, Span<float> frame)
    {
        read = start + frame.Length;
        if (resampler.Given < read) resampler.Flush();
        if (writtenUntil <= start) return false;
        for (int done = 0; done < frame.Length;)
        {
            int at = (int)((start + done) & (Ring - 1));
            int run = Math.Min(frame.Length - done, Ring - at);
            var from = samples.AsSpan(at, run);
            from.CopyTo(frame[done..]);
            from.Clear();
            done += run;
        }
        return true;
    }

    /// <summary>What lies before the reader is past and left out; nothing lies beyond the ring, the caller asks no packets from there.</summary>
    public void Store(long start, ReadOnlySpan<float> pcm)
    {
        if (start < read)
        {
            int past = (int)Math.Min(read - start, pcm.Length);
            start += past;
            pcm = pcm[past..];
        }
        writtenUntil = Math.Max(writtenUntil, start + pcm.Length);
        for (int done = 0; done < pcm.Length;)
        {
            int at = (int)((start + done) & (Ring - 1));
            int run = Math.Min(pcm.Length - done, Ring - at);
            pcm.Slice(done, run).CopyTo(samples.AsSpan(at));
            done += run;
        }
    }

    public void Dispose() => decoder.Dispose();
}
