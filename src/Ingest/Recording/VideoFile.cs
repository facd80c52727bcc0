using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Recording;

/// <summary>A video track's file while it is written: there from its first picture on, under its own name only when it is whole.</summary>
/// <param name="duration">The meeting's length.</param>
internal sealed class VideoFile(string folder, TrackDescription track, TimeSpan duration) : IFrameSink, IDisposable
{
    private readonly string path = Path.Combine(folder, $"track-{track.Number:D3}.{(track.Codec == "h264" ? "mp4" : "webm")}");
    private FileStream? stream, samples;
    private VideoWriter? writer;

    public string Codec => track.Codec;

    public void Write(in VideoFrame frame)
    {
        if (writer is null && !(frame.Info.IsKey && frame.Place < VideoTimeline.ToTicks(duration))) return;
        (writer ??= Open()).Write(frame);
    }

    /// <returns>Null where nobody ever saw a picture of it: then there is no file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public string? Finish()
    {
        if (writer is null) return null;
        writer.Finish();
        Dispose();
        File.Move(path + ".part", path, overwrite: true);
        return path;
    }

    public void Dispose()
    {
        stream?.Dispose();
        samples?.Dispose();
    }

    private VideoWriter Open()
    {
        stream = new FileStream(path + ".part", FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        long end = VideoTimeline.ToTicks(duration);
        if (track.Codec != "h264") return new WebmWriter(stream, track.Codec, track.Name, end);
        samples = new FileStream(path + ".samples", FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        return new Mp4Writer(stream, samples, track.Name, end);
    }
}
