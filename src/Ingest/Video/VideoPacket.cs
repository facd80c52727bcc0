namespace Pipeline.Ingest.Video;

/// <summary>A packet in its order, with the place of the picture it is a piece of. Valid during the call it is given to.</summary>
public readonly ref struct VideoPacket
{
    /// <summary>The stream's packets of another epoch are no continuation of this one's.</summary>
    public int Epoch { get; init; }
    public long Sequence { get; init; }
    public long Timestamp { get; init; }
    /// <summary>Of the last packet of a picture.</summary>
    public bool Marker { get; init; }
    /// <summary>Its payload was not to be kept.</summary>
    public bool IsWithheld { get; init; }
    /// <summary>Degrees clockwise the picture is to be turned by for showing; −1 where the packet does not say.</summary>
    public int Rotation { get; init; }
    /// <summary>In ticks at 90 kHz since the meeting began.</summary>
    public long Place { get; init; }
    /// <summary>Empty where the sender only filled the line.</summary>
    public ReadOnlySpan<byte> Payload { get; init; }
}

/// <summary>A whole picture that can be shown if all before it since the last key frame were. Valid during the call it is given to.</summary>
public readonly ref struct VideoFrame
{
    /// <summary>In ticks at 90 kHz since the meeting began.</summary>
    public long Place { get; init; }
    public FrameInfo Info { get; init; }
    /// <summary>Degrees clockwise it is to be turned by for showing: 0, 90, 180 or 270.</summary>
    public int Rotation { get; init; }
    /// <summary>As files of its codec have it: see the codec's <see cref="PayloadFormat"/>.</summary>
    public ReadOnlySpan<byte> Data { get; init; }
}

/// <summary>Takes a stream's pictures in the order they are decoded.</summary>
public interface IFrameSink
{
    void Write(in VideoFrame frame);
}
