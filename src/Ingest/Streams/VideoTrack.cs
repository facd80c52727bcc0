using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Streams;

/// <summary>
/// A track that is seen. While it is recorded, packets are followed and none is kept but in the journal: all that must be known then is when a key frame is to be
/// asked for, and which spans have no picture. Who sets <see cref="Pictures"/> has the pictures put together.
/// </summary>
public sealed class VideoTrack : MediaTrack
{
    /// <summary>When another encoding is shown, with its next key frame, in place of one of which nothing comes. A little later than that, as the one clock is not the other.</summary>
    private static readonly TimeSpan TakesOver = TimeSpan.FromMilliseconds(1100);

    private readonly Dictionary<uint, KeyFrameWatch> watches = [];
    private readonly List<KeyFrameWatch> followed = [];                              // the same in order
    private VideoStreams? streams;
    private TimeSpan lostUntil;

    public VideoTrack(TrackDescription description) : base(description) => Format();

    /// <summary>When a packet last came: a still picture is a picture.</summary>
    public override TimeSpan LastActive => LastPacket;

    /// <summary>True while what comes of an encoding that flows cannot be shown before a key frame: its sender should be asked for one.</summary>
    public bool NeedsKeyFrame
    {
        get
        {
            foreach (uint ssrc in watches.Keys)
                if (NeedsKeyFrameOf(ssrc)) return true;
            return watches.Count == 0;
        }
    }

    /// <summary>SSRCs that are followed.</summary>
    internal int Followed => followed.Count;

    /// <summary>Takes the pictures; set before the first packet. Null: nobody wants them.</summary>
    public IFrameSink? Pictures
    {
        set => streams = value is null ? null : new VideoStreams(Format, value);
    }

    /// <summary>The same of one of its SSRCs.</summary>
    public bool NeedsKeyFrameOf(uint ssrc) =>
        Withheld.Reason is null && watches.TryGetValue(ssrc, out var watch) && LastPacket - watch.LastPacket < KeyFrameWatch.Flows && (watch.NeedsKeyFrame || IsToTakeOver(watch));

    public override void Advance(TimeSpan now)
    {
        foreach (var watch in followed) watch.Advance(now);
        NoteLoss();
    }

    /// <summary>Gives the pictures that lie before <paramref name="horizon"/> of the meeting.</summary>
    public void Show(TimeSpan horizon) => streams?.Advance(VideoTimeline.ToTicks(horizon));

    /// <summary>Gives all there are.</summary>
    public void ShowAll() => streams?.Finish();

    public override void Dispose() { }

    protected override void Take(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival) =>
        Take(packet, epoch, sequence, timestamp, arrival, isWithheld: false);

    protected override void TakeHeader(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival) =>
        Take(packet, epoch, sequence, timestamp, arrival, isWithheld: true);

    protected override void TakeReport(uint ssrc, int epoch, ulong ntpTime, long timestamp, TimeSpan arrival) =>
        streams?[ssrc].Timeline.InsertReport(epoch, ntpTime, timestamp, arrival);

    protected override void Forget(uint ssrc)
    {
        if (watches.Remove(ssrc, out var watch)) followed.Remove(watch);
        streams?.Forget(ssrc);
    }

    protected override void Interrupted() { }

    protected override void Finished()
    {
        foreach (var watch in followed) watch.Finish();
        NoteLoss();
        foreach (var watch in followed)
            if (watch.LostSince is { } from && LastPacket > from && Description.Layers.Count <= 1) AddLoss(from, LastPacket);
    }

    protected override TrackQuality Measure(TrackQuality received) => received with
    {
        PacketsLate = streams?.PacketsLate ?? 0,
        ClockDriftPpm = streams?.ClockDriftPpm ?? 0,
    };

    private void Take(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival, bool isWithheld)
    {
        if (!watches.TryGetValue(packet.Ssrc, out var watch))
        {
            watches[packet.Ssrc] = watch = new KeyFrameWatch(Format());
            followed.Add(watch);
        }
        watch.Receive(epoch, sequence, packet.Payload, isWithheld, arrival);
        NoteLoss();
        streams?[packet.Ssrc].Timeline.Insert(
            new VideoPacket
            {
                Epoch = epoch,
                Sequence = sequence,
                Timestamp = timestamp,
                Marker = packet.Marker,
                IsWithheld = isWithheld,
                Rotation = Description.OrientationExtension is { } id && packet.TryGetExtension(id, out var orientation) ? 90 * (orientation[0] & 3) : -1,
                Payload = packet.Payload,
            },
            arrival);
    }

    /// <summary>There is no picture from where a packet was lost until a key frame begins. Of several encodings at once each fills the others' holes.</summary>
    private void NoteLoss()
    {
        foreach (var watch in followed)
        {
            if (watch.TakeEnded() is not { } span || Description.Layers.Count > 1) continue;
            var from = span.From > lostUntil ? span.From : lostUntil;
            if (from < span.To) AddLoss(from, lostUntil = span.To);
        }
    }

    /// <summary>
    /// True while another encoding that had pictures is silent, and this one, which went on without it, has had no key frame since: which of them was shown is not known
    /// here, and one key frame too many is less than a picture that stands still.
    /// </summary>
    private bool IsToTakeOver(KeyFrameWatch watch)
    {
        foreach (var other in followed)
        {
            if (other == watch || other.LastKeyAt < TimeSpan.Zero) continue;
            var alone = other.LastPacket > watch.FlowsSince ? other.LastPacket : watch.FlowsSince;
            if (LastPacket - alone >= TakesOver && watch.LastKeyAt < other.LastPacket + TakesOver) return true;
        }
        return false;
    }

    private PayloadFormat Format() =>
        PayloadFormat.For(Description.Codec, Description.Fmtp) ?? throw new ArgumentException($"{Description.Codec} is no codec of pictures", nameof(Description));
}
