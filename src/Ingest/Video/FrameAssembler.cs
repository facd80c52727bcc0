namespace Pipeline.Ingest.Video;

/// <summary>
/// Puts one stream's packets together to frames: those of one timestamp, up to the marker, without a hole. Where a packet is missing, its
/// frame and all that follows until the next key frame is left out: what refers to a damaged picture is damaged.
/// </summary>
public sealed class FrameAssembler(PayloadFormat format, IFrameSink sink)
{
    private readonly FrameBuffer frame = new();
    private bool building, skipping, afterHole, any;
    private int epoch, rotation;
    private long sequence, timestamp, place, leftOut = long.MinValue;

    /// <summary>True while nothing that comes can be shown before a key frame.</summary>
    public bool NeedsKeyFrame { get; private set; } = true;
    public long Frames { get; private set; }
    /// <summary>Frames that were damaged, or referred to one that was; of those of which no packet came nobody knows.</summary>
    public long FramesLeftOut { get; private set; }

    /// <summary>Takes in the next packet of the stream.</summary>
    public void Add(in VideoPacket packet)
    {
        bool follows = any && packet.Epoch == epoch && packet.Sequence == sequence + 1;
        if (packet.Rotation >= 0) rotation = packet.Rotation;
        if (!follows) LeaveOut();
        else if ((building || skipping) && packet.Timestamp != timestamp) Complete();
        (any, epoch, sequence) = (true, packet.Epoch, packet.Sequence);

        if (packet.IsWithheld) LeaveOut();
        afterHole |= !follows || packet.IsWithheld;
        if (packet.IsWithheld || (packet.Payload.IsEmpty && !packet.Marker)) return;
        if (!building && !skipping) Begin(packet);
        if (building && !packet.Payload.IsEmpty && !format.TryAdd(packet.Payload, frame)) Skip();
        if (packet.Marker) Complete();
    }

    /// <summary>No more packets come: nobody knows whether a frame without a marker had any to come.</summary>
    public void Finish() => LeaveOut();

    private void Begin(in VideoPacket packet)
    {
        if (packet.Payload.IsEmpty) return;
        (timestamp, place) = (packet.Timestamp, packet.Place);
        building = !afterHole || format.Begins(packet.Payload);
        skipping = !building;
    }

    /// <summary>The frame ends here.</summary>
    private void Complete()
    {
        if (building && format.TryFinish(frame, afterHole, out var info))
        {
            if (info.IsKey) NeedsKeyFrame = false;
            if (NeedsKeyFrame) FramesLeftOut++;
            else
            {
                Frames++;
                sink.Write(new VideoFrame { Place = place, Info = info, Rotation = rotation, Data = frame.Bytes });
            }
            Clear();
        }
        else if (building || skipping) LeaveOut();
        afterHole = false;
    }

    /// <summary>What there is of the frame is of no use, nor what comes of it.</summary>
    private void Skip()
    {
        Clear();
        skipping = true;
    }

    /// <summary>Something is missing here.</summary>
    private void LeaveOut()
    {
        if ((building || skipping) && timestamp != leftOut)
        {
            leftOut = timestamp;
            FramesLeftOut++;
        }
        Clear();
        NeedsKeyFrame = true;
    }

    private void Clear()
    {
        frame.Clear();
        format.GiveUp();
        (building, skipping) = (false, false);
    }
}
