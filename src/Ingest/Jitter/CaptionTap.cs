using Pipeline.Ingest.Codecs;

namespace Pipeline.Ingest.Jitter;

/// <summary>Takes each participant's sound for captions. Called from the media loop: never blocks.</summary>
public interface ISpeechSink
{
    /// <param name="track">The track's number.</param>
    /// <param name="firstSample">At 16 kHz since the meeting began; rising; what is left out is silence.</param>
    /// <param name="pcm">Mono; valid during the call.</param>
    void Write(int track, long firstSample, ReadOnlySpan<float> pcm);
    /// <summary>Nothing more comes of the track.</summary>
    void End(int track);
}

/// <summary>
/// One track's way to captions: at most 120 ms for order, then straight to 16 kHz. Late is worse than lost: the journal has the rest.
/// The place of a packet is known only from those before it, so after a stall captions are up to a second late in noticing.
/// </summary>
public sealed class CaptionTap : IPcmStore, IDisposable
{
    private const int Rate = 16000, Ratio = OpusPacket.ClockRate / Rate;
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(120);
    /// <summary>Nothing came for so long that it counts as silence; said for long enough to end any utterance.</summary>
    private static readonly TimeSpan SilentAfter = TimeSpan.FromMilliseconds(500), SilenceTold = TimeSpan.FromSeconds(3);
    private const long Tolerance = 60 * OpusPacket.ClockRate / 1000;
    private const int Window = 50;

    private readonly int track;
    private readonly ISpeechSink sink;
    private readonly JitterBuffer buffer = new();
    private readonly ConcealingDecoder decoder;
    private readonly long[] recent = new long[Window];                               // arrival − timestamp of the last packets of the epoch
    private readonly float[] silence = new float[Rate / 10];
    private int epoch = -1, insertedEpoch = -1, count;
    private long offset, end48, lastSequence, lastTimestamp, lastDuration;
    private long told, soundUntil;                                                   // samples at 16 kHz

    public CaptionTap(int track, ISpeechSink sink)
    {
        (this.track, this.sink) = (track, sink);
        decoder = new ConcealingDecoder(Rate, this);
    }

    /// <inheritdoc cref="TrackTimeline.Insert"/>
    public void Insert(int packetEpoch, long sequence, long timestamp, TimeSpan arrival, ReadOnlySpan<byte> payload)
    {
        if (packetEpoch < epoch || (packetEpoch == epoch && sequence <= lastSequence)) return;
        if (buffer.IsFull || OpusPacket.Duration(payload) == 0) return;
        if (packetEpoch != insertedEpoch) (insertedEpoch, count) = (packetEpoch, 0);
        recent[count++ % Window] = ToSamples(arrival) - timestamp;
        buffer.Insert(packetEpoch, sequence, timestamp, arrival, -1, payload);
    }

    /// <summary>Gives on what is in order, or has waited long enough.</summary>
    public void Advance(TimeSpan now)
    {
        while (buffer.Count > 0)
        {
            var packet = buffer[0];
            bool next = packet.Epoch == epoch && packet.Sequence == lastSequence + 1;
            if (!next && now - packet.Arrival < MaxWait) break;
            Give(packet);
            buffer.Release();
        }
        TellSilence(now);
    }

    public void End()
    {
        while (buffer.Count > 0)
        {
            Give(buffer[0]);
            buffer.Release();
        }
        sink.End(track);
    }

    public void Store(long start, ReadOnlySpan<float> pcm)
    {
        long past = Math.Max(told - start, 0);
        if (past >= pcm.Length) return;
        sink.Write(track, start + past, pcm[(int)past..]);
        told = soundUntil = start + pcm.Length;
    }

    public void Dispose() => decoder.Dispose();

    private void Give(BufferedPacket packet)
    {
        bool another = packet.Epoch != epoch;
        long quickest = Quickest(packet);
        if (another || Math.Abs(quickest - offset) > Tolerance) offset = quickest;

        int duration = OpusPacket.Duration(packet.Payload);
        long place = packet.Timestamp + offset, start = Math.Max(place, end48);
        if (end48 - place > duration / 2) start = place;                             // its time is told already; Store leaves out what is past
        int lost = another ? 0 : (int)Math.Clamp(packet.Sequence - lastSequence - 1, 0, int.MaxValue);
        int missing = lost == 0 ? 0 : (int)Math.Clamp(Math.Min(packet.Timestamp - lastTimestamp - lastDuration, start - end48), 0, int.MaxValue);

        decoder.Write(new PlacedPacket(packet, start, duration, lost, missing, Fresh: another));
        (epoch, lastSequence, lastTimestamp, lastDuration, end48) = (packet.Epoch, packet.Sequence, packet.Timestamp, duration, Math.Max(end48, start + duration));
    }

    /// <summary>The least of arrival − timestamp lately. A jump is believed when all of the last second says so, or it is the first to say anything.</summary>
    private long Quickest(BufferedPacket packet)
    {
        if (packet.Epoch != insertedEpoch) return packet.Epoch == epoch ? offset : ToSamples(packet.Arrival) - packet.Timestamp;
        long least = long.MaxValue;
        for (int i = 0; i < Math.Min(count, Window); i++) least = Math.Min(least, recent[i]);
        return least;
    }

    private void TellSilence(TimeSpan now)
    {
        long until = Math.Min(ToSamples(now - SilentAfter) / Ratio, soundUntil + (long)(SilenceTold.TotalSeconds * Rate));
        while (soundUntil > 0 && told + silence.Length <= until)
        {
            sink.Write(track, told, silence);
            told += silence.Length;
        }
    }

    private static long ToSamples(TimeSpan time) => time.Ticks * OpusPacket.ClockRate / TimeSpan.TicksPerSecond;
}
