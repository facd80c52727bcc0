using Pipeline.Ingest.Rtp;

namespace Pipeline.Ingest.Streams;

/// <summary>A track that is seen. Its packets are journalled and counted.</summary>
public sealed class VideoTrack(TrackDescription description) : MediaTrack(description)
{
    /// <summary>When a packet last came: a still picture is a picture.</summary>
    public override TimeSpan LastActive => LastPacket;
    /// <summary>True while what comes cannot be shown before a whole picture comes: its sender should be asked for one.</summary>
    public bool NeedsKeyFrame { get; }

    public override void Dispose() { }

    protected override void Take(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival) { }
    protected override void TakeHeader(in RtpPacket packet, int epoch, long sequence, long timestamp, TimeSpan arrival) { }
    protected override void TakeReport(int epoch, ulong ntpTime, long timestamp, TimeSpan arrival) { }
    protected override void Interrupted() { }
    protected override void Finished() { }
    protected override TrackQuality Measure(TrackQuality received) => received;
}
