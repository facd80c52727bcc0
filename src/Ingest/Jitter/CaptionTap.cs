using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Repair;

namespace Pipeline.Ingest.Jitter;

/// <summary>Takes each participant's sound for captions. Called from the media loop: never blocks.</summary>
public interface ISpeechSink
{
    /// <param name="track">The track's number.</param>
    /// <param name="firstSample">At 16 kHz since the meeting began; rising; what is left out is silence.</param>
    /// <param name="pcm">Mono, at most 120 ms; valid during the call.</param>
    void Write(int track, long firstSample, ReadOnlySpan<float> pcm);
    /// <summary>Nothing comes for a while: what was said so far is all.</summary>
    void Pause(int track);
    /// <summary>Nothing more comes of the track.</summary>
    void End(int track);
}

/// <summary>
/// One track's way to captions: at most 120 ms for order, then straight to 16 kHz. Late is worse than lost: the journal has the rest.
/// While nothing comes nothing is given, silence neither: what the network held back still has its place when it comes.
/// </summary>
/// <remarks>
/// A packet's place is its timestamp plus what the quickest of the last second took. A jump of the sender's clock is believed when all
/// of the last second says so; one of more than 200 ms, when all that came within 120 ms does.
/// </remarks>
public sealed class CaptionTap : IPcmStore, IDisposable
{
    private const int Rate = 16000, MostGiven = 120 * Rate / 1000;
    private static readonly TimeSpan MaxWait = TimeSpan.FromMilliseconds(120);
    private const long Tolerance = 30 * OpusPacket.ClockRate / 1000, CertainJump = 200 * OpusPacket.ClockRate / 1000;
    private const int Window = 50;

    private readonly int track;
    private readonly ISpeechSink sink;
    private readonly AudioCodec codec;
    private readonly JitterBuffer buffer = new();
    private readonly ConcealingDecoder decoder;
    private readonly long[] recent = new long[Window];                               // arrival − timestamp of the last packets of the epoch
    private int epoch = -1, insertedEpoch = -1, count;
    private long offset, end48, lastSequence, lastTimestamp, lastDuration;
    private long given;                                                              // samples at 16 kHz

    public CaptionTap(int track, ISpeechSink sink, AudioCodec codec)
    {
        (this.track, this.sink, this.codec) = (track, sink, codec);
        decoder = new ConcealingDecoder(codec, Rate, this);
    }

    /// <summary>Takes in a packet that its stream accepted.</summary>
    /// <param name="packetEpoch">Rises by one with each new stream or restart of the track.</param>
    public void Insert(int packetEpoch, long sequence, long timestamp, TimeSpan arrival, ReadOnlySpan<byte> payload, Recovery recovery = Recovery.None)
    {
        if (packetEpoch < epoch || (packetEpoch == epoch && sequence <= lastSequence)) return;
        if (buffer.IsFull || codec.Duration(payload) == 0) return;
        if (recovery != Recovery.None && packetEpoch != insertedEpoch) return;       // nothing says yet where they lie
        if (packetEpoch != insertedEpoch) (insertedEpoch, count) = (packetEpoch, 0);
        if (recovery == Recovery.None) recent[count++ % Window] = OpusPacket.ToSamples(arrival) - timestamp;
        buffer.Insert(packetEpoch, sequence, timestamp, arrival, -1, payload, recovery: recovery);
    }

    /// <summary>Gives on what is in order, or has waited long enough.</summary>
    public void Advance(TimeSpan now)
    {
        while (buffer.Count > 0)
        {
            var packet = buffer[0];
            bool next = packet.Epoch == epoch && packet.Sequence == lastSequence + 1, jumped = HasJumped();
            if ((!next || jumped) && now - packet.Arrival < MaxWait) break;
            if (jumped) ForgetBeforeJump();
            Give(packet);
            buffer.Release();
        }
    }

    /// <summary>Gives all that waits. What comes after the pause is placed anew, and nothing is made up for what was between.</summary>
    public void Pause()
    {
        GiveAll();
        (epoch, insertedEpoch, count) = (-1, -1, 0);
        sink.Pause(track);
    }

    /// <summary>Gives all that waits: nothing more comes.</summary>
    public void End()
    {
        GiveAll();
        sink.End(track);
    }

    public void Store(long start, ReadOnlySpan<float> pcm)
    {
        long past = Math.Max(given - start, 0);
        if (past >= pcm.Length) return;
        given = start + pcm.Length;
        for (var rest = pcm[(int)past..]; !rest.IsEmpty; rest = rest[Math.Min(rest.Length, MostGiven)..])
            sink.Write(track, given - rest.Length, rest[..Math.Min(rest.Length, MostGiven)]);
    }

    public void Dispose() => decoder.Dispose();

    private void GiveAll()
    {
        while (buffer.Count > 0)
        {
            Give(buffer[0]);
            buffer.Release();
        }
    }

    private void Give(BufferedPacket packet)
    {
        bool another = packet.Epoch != epoch;
        long quickest = packet.Epoch == insertedEpoch ? Quickest() : another ? OpusPacket.ToSamples(packet.Arrival) - packet.Timestamp : offset;
        if (another || Math.Abs(quickest - offset) > Tolerance) offset = quickest;

        int duration = codec.Duration(packet.Payload);
        long place = packet.Timestamp + offset, arrival = OpusPacket.ToSamples(packet.Arrival);
        if (place > arrival + Tolerance) place = arrival;                            // whatever its timestamp says
        long start = Math.Max(place, end48);
        if (end48 - place > Math.Max(duration / 2, Tolerance)) start = place;        // its time is taken; Store leaves out what is past
        int lost = another ? 0 : (int)Math.Clamp(packet.Sequence - lastSequence - 1, 0, int.MaxValue);
        int missing = lost == 0 ? 0 : (int)Math.Clamp(Math.Min(packet.Timestamp - lastTimestamp - lastDuration, start - end48), 0, int.MaxValue);

        decoder.Write(new PlacedPacket(packet, start, duration, lost, missing, Fresh: another));
        (epoch, lastSequence, lastTimestamp, lastDuration, end48) = (packet.Epoch, packet.Sequence, packet.Timestamp, duration, Math.Max(end48, start + duration));
    }

    /// <summary>The least of arrival − timestamp lately; the second least where there are two, as one alone may have a timestamp that cannot be.</summary>
    private long Quickest()
    {
        long least = long.MaxValue, second = long.MaxValue;
        for (int i = 0; i < Math.Min(count, Window); i++)
        {
            if (recent[i] < least) (least, second) = (recent[i], least);
            else second = Math.Min(second, recent[i]);
        }
        return count == 1 ? least : second;
    }

    /// <summary>All that waits came so late that it was not the network: that would have given quicker ones behind them by now.</summary>
    private bool HasJumped()
    {
        bool any = false;
        foreach (ref readonly var packet in buffer.Waiting)
        {
            if (packet.Epoch != epoch || packet.Transit - offset <= CertainJump) return false;
            any |= packet.Transit < WaitingPacket.NoTransit;
        }
        return any;
    }

    private void ForgetBeforeJump()
    {
        count = 0;
        foreach (ref readonly var packet in buffer.Waiting)
            if (packet.Transit < WaitingPacket.NoTransit) recent[count++ % Window] = packet.Transit;
    }
}
