namespace Pipeline.Ingest.Video;

/// <summary>
/// Makes one stream of pictures of several: the encodings of one source at once (simulcast), or one sender's streams after each other. It shows the largest
/// that flows: up with the first key frame of a larger one, down with the first after the larger has given no picture for a second.
/// </summary>
internal sealed class LayerChooser(IFrameSink output)
{
    private const long Patience = VideoTimeline.Rate, Millisecond = VideoTimeline.Rate / 1000;

    private Layer? current;
    private long latest = long.MinValue, floor = long.MinValue;                      // ticks

    /// <returns>Takes one stream's pictures. All streams' come in the order of their places, but for those shown in another order than decoded.</returns>
    public IFrameSink AddLayer() => new Layer(this);

    private void Write(Layer layer, in VideoFrame frame)
    {
        if (layer != current)
        {
            bool isBetter = current is null || layer.Area > current.Area || frame.Place - latest >= Patience;
            if (!isBetter || !frame.Info.IsKey) return;
            (current, floor) = (layer, latest);
        }
        long place = frame.Place > floor ? frame.Place : floor += Millisecond;       // clocks of two streams are two
        latest = Math.Max(latest, place);
        output.Write(new VideoFrame { Place = place, Info = frame.Info, Rotation = frame.Rotation, Data = frame.Data });
    }

    private sealed class Layer(LayerChooser owner) : IFrameSink
    {
        /// <summary>Pixels, by its last key frame.</summary>
        public long Area { get; private set; }

        public void Write(in VideoFrame frame)
        {
            if (frame.Info.IsKey) Area = (long)frame.Info.Width * frame.Info.Height;
            owner.Write(this, frame);
        }
    }
}
