using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Recording;

/// <summary>
/// One stream of pictures as a file of its own codec, frames as they were sent, each at its place: it begins with the meeting and has its length. Until the
/// first picture there is none, and each stays until the next. Nothing is in it that depends on when it is made.
/// </summary>
/// <param name="end">The meeting's length in ticks at 90 kHz.</param>
public abstract class VideoWriter(long end) : IFrameSink
{
    private readonly Dictionary<int, long> shown = [];                               // ticks, by rotation
    private long last;
    private int rotation;

    public long Frames { get; private set; }
    /// <summary>Ticks.</summary>
    protected long End => end;
    /// <summary>Of the largest picture; all are shown in this size.</summary>
    protected (int Width, int Height) Size { get; private set; }
    /// <summary>Degrees clockwise, as it was for the longest time: a file has one.</summary>
    protected int Rotation => shown.OrderByDescending(s => s.Value).ThenBy(s => s.Key).First().Key;

    /// <summary>Takes the next frame; those before the first key frame and after the end have no place in the file.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(in VideoFrame frame)
    {
        if (frame.Place >= end || (Frames == 0 && !frame.Info.IsKey)) return;
        Pass(frame.Place);
        rotation = frame.Rotation;
        if ((long)frame.Info.Width * frame.Info.Height > (long)Size.Width * Size.Height) Size = (frame.Info.Width, frame.Info.Height);
        WriteFrame(frame);
        Frames++;
    }

    /// <summary>Makes it whole. The caller has written a frame, and disposes the stream.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Finish()
    {
        Pass(end);
        WriteEnd();
    }

    protected abstract void WriteFrame(in VideoFrame frame);
    protected abstract void WriteEnd();

    private void Pass(long place)
    {
        if (Frames > 0) shown[rotation] = shown.GetValueOrDefault(rotation) + Math.Max(0, place - last);
        last = Math.Max(last, place);
    }
}
