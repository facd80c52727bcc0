using Pipeline.Ingest.Journal;
using Pipeline.Ingest.Streams;
using Pipeline.Ingest.Video;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>Notes when a track has a picture and of which size, and keeps its pictures from the last key frame before a part of the meeting on.</summary>
/// <param name="range">The part.</param>
internal sealed class PictureLog(VideoTrack track, string folder, MeetingKeys keys, TimeRange range) : IFrameSink, IDisposable
{
    /// <summary>How long a camera's picture stays when no other comes. A screen that does not change sends none: its last picture stays while it is shared.</summary>
    public static readonly TimeSpan CameraStays = TimeSpan.FromSeconds(3);

    private readonly List<PictureSpan> spans = [];
    private VideoFile? file;
    private PictureSpan open;                                                        // To: of its newest picture
    private bool any;

    public bool IsScreen => track.Description.Source == "screen";
    public TimeSpan Stays => IsScreen ? TimeSpan.MaxValue : CameraStays;

    public void Write(in VideoFrame frame)
    {
        var at = VideoTimeline.ToTime(frame.Place);
        if (at >= range.To) return;
        if (frame.Info.IsKey && (file is null || at <= range.From))
        {
            file?.Dispose();
            file = new VideoFile(folder, keys, track.Description, range.To);
        }
        if (file is null) return;                                                    // nobody can decode it
        file.Write(new VideoFrame { Place = frame.Place, Info = frame.Info, Data = frame.Data });   // it is turned later, as it may change on the way

        var (width, height) = frame.Info.IsKey ? (frame.Info.Width, frame.Info.Height) : (open.Width, open.Height);
        bool goesOn = any && (width, height, frame.Rotation) == (open.Width, open.Height, open.Rotation) && Until(open.To) >= at;
        if (any && !goesOn) spans.Add(open with { To = Min(Until(open.To), at) });
        open = goesOn ? open with { To = at } : new PictureSpan(at, at, width, height, frame.Rotation);
        any = true;
    }

    /// <summary>Makes the file whole. Called when the track has no more pictures.</summary>
    /// <returns>Null where there was none.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public (PictureTrack Track, string Path)? Finish()
    {
        if (file?.Finish() is not { } path) return null;
        spans.Add(open with { To = Min(Min(Until(open.To), track.EndedAt), range.To) });
        return (new PictureTrack(track.Description.Number, track.Description.Participant, IsScreen, [.. spans.Where(s => s.To > s.From)]), path);
    }

    public void Dispose() => file?.Dispose();

    /// <summary>Until when the picture of a time stays where no other follows: what is not to be seen is not shown on.</summary>
    private TimeSpan Until(TimeSpan shown)
    {
        var until = IsScreen ? TimeSpan.MaxValue : shown + CameraStays;
        foreach (var gap in track.Withheld.Gaps)
            if (gap.To > shown) until = Min(until, gap.From > shown ? gap.From : shown);
        return until;
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
