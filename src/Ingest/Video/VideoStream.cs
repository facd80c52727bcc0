namespace Pipeline.Ingest.Video;

/// <summary>One SSRC's pictures: its packets wait for those before them, and are put together.</summary>
internal sealed class VideoStream(PayloadFormat format, IFrameSink sink)
{
    private readonly FrameAssembler assembler = new(format, sink);

    public VideoTimeline Timeline { get; } = new();
    public long FramesLeftOut => assembler.FramesLeftOut;

    /// <summary>Where its next picture lies, if that is not after <paramref name="horizon"/>.</summary>
    public bool TryPeek(long horizon, out long place)
    {
        bool due = Timeline.TryPeek(horizon, out var packet);
        place = packet.Place;
        return due;
    }

    /// <summary>Takes the packet in that <see cref="TryPeek"/> told of.</summary>
    public void Take()
    {
        Timeline.TryPeek(long.MaxValue, out var packet);
        assembler.Add(packet);
        Timeline.Release();
    }

    /// <summary>No more packets come.</summary>
    public void Finish() => assembler.Finish();
}
