using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Media;

public sealed partial class MediaEngine
{
    public Task<RenderMediaResult> RenderAsync(
        MediaJob job, TimeSpan duration, RenderRequest request, RenderText text, RecordingId id, IProgress<double> progress, CancellationToken ct) =>
        throw new NotImplementedException();

    public void DiscardRender(MeetingId meeting, RecordingId id) => throw new NotImplementedException();
}
