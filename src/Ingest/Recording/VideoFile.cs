using Pipeline.Ingest.Files;
using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Recording;

/// <summary>A video track's file while it is written: there from its first picture on, under its own name only when it is whole.</summary>
/// <param name="duration">The meeting's length.</param>
internal sealed class VideoFile(string folder, MeetingKeys keys, TrackDescription track, TimeSpan duration) : IFrameSink, IDisposable
{
    private readonly string path = Path.Combine(folder, $"track-{track.Number:D3}.{(track.Codec == "h264" ? "mp4" : "webm")}");
    private PartFile? file, samples;
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
        file!.Complete();
        Dispose();
        return path;
    }

    public void Dispose()
    {
        file?.Dispose();
        samples?.Dispose();
    }

    private VideoWriter Open()
    {
        file = PartFile.Create(path, keys);
        long end = VideoTimeline.ToTicks(duration);
        if (track.Codec != "h264") return new WebmWriter(file.Content, track.Codec, track.Name, end);
        samples = PartFile.Create(path + ".samples", keys);
        return new Mp4Writer(file.Content, samples.Content, track.Name, end);
    }
}
