using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Recording;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Actors.Renders;

/// <summary>What pictures of a meeting can say of it: its transcript, as it stands corrected, and the topics of its minutes.</summary>
internal static class RenderTexts
{
    public static async Task<RenderText> OfAsync(IMeetingStore store, Meeting meeting, CancellationToken ct)
    {
        var segments = await store.TranscriptAsync(meeting.Tenant, meeting.Id, ct) ?? [];
        var lines = segments.Select(s => new SpokenLine(s.Start, s.End, s.Id.ToString(), s.Participant.Name, s.Text)).ToList();
        if (!meeting.Spec.Minutes || lines.Count == 0) return new RenderText(lines, []);
        var quality = meeting.Quality(await store.QualityAsync(meeting.Tenant, meeting.Id, ct));
        var minutes = MinutesBuilder.Build(MinutesInput.Of(meeting.View(), segments, quality));
        return new RenderText(lines, [.. minutes.Topics.Select(topic => new Chapter(topic.Start, topic.Title))]);
    }
}
