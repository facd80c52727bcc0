using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Rtp;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Video;
using static Pipeline.Ingest.Tests.Datagrams;

namespace Pipeline.Ingest.Tests.Video;

/// <summary>Takes datagrams as a track does, and has the file of what they came to.</summary>
internal sealed class VideoReceiver : IFrameSink, IDisposable
{
    private readonly Dictionary<uint, ReceiveStream> received = [];
    private readonly VideoStreams streams;
    private readonly VideoWriter writer;
    private readonly FileStream file;
    private readonly FileStream? samples;
    private readonly byte? orientation;

    public VideoReceiver(string codec, string path, TimeSpan length, string? fmtp = null, byte? orientation = null)
    {
        this.orientation = orientation;
        Path = path;
        file = File.Create(path);
        long end = VideoTimeline.ToTicks(length);
        if (codec == "h264") samples = File.Create(path + ".samples");
        writer = samples is null ? new WebmWriter(file, codec, "Alice", end) : new Mp4Writer(file, samples, "Alice", end);
        streams = new VideoStreams(() => PayloadFormat.For(codec, fmtp)!, this);
    }

    public string Path { get; }
    /// <summary>Those that are in the file.</summary>
    public List<(TimeSpan Place, FrameInfo Info, int Length)> Frames { get; } = [];

    public void Receive(ReadOnlySpan<byte> datagram, TimeSpan arrival)
    {
        if (!RtpPacket.TryParse(datagram, out var packet)) return;
        if (!received.TryGetValue(packet.Ssrc, out var stream)) received[packet.Ssrc] = stream = new ReceiveStream(packet.Ssrc, VideoTimeline.Rate);
        if (stream.Receive(packet, arrival, out long sequence, out long timestamp) != Reception.Accepted) return;
        streams[packet.Ssrc].Timeline.Insert(
            new VideoPacket
            {
                Epoch = stream.Restarts,
                Sequence = sequence,
                Timestamp = timestamp,
                Marker = packet.Marker,
                Rotation = orientation is { } id && packet.TryGetExtension(id, out var data) ? 90 * (data[0] & 3) : -1,
                Payload = packet.Payload,
            },
            arrival);
        streams.Advance(VideoTimeline.ToTicks(arrival - Ms(2000)));
    }

    public void Finish()
    {
        streams.Finish();
        writer.Finish();
        file.Dispose();
    }

    public void Write(in VideoFrame frame)
    {
        writer.Write(frame);
        Frames.Add((VideoTimeline.ToTime(frame.Place), frame.Info, frame.Data.Length));
    }

    public void Dispose()
    {
        file.Dispose();
        samples?.Dispose();
    }
}
