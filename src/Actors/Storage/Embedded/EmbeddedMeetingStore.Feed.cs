using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>What was said and corrected, for what is derived from it.</summary>
public sealed partial class EmbeddedMeetingStore : ISegmentFeed
{
    public ChangeSignal Changed { get; } = new();

    public Task<IReadOnlyList<(TenantId Tenant, long LastChange)>> TenantsAsync(CancellationToken ct) =>
        ReadAsync<IReadOnlyList<(TenantId, long)>>(SegmentFeedRows.Tenants, ct);

    public Task<IReadOnlyList<SegmentChange>> ChangesAsync(TenantId tenant, long after, int limit, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<SegmentChange>>(connection => SegmentFeedRows.Changes(connection, tenant, sealer, after, limit), ct);

    public string? Text(TenantId tenant, MeetingId meeting, long sequence, int revision) =>
        readers.Read(connection => SegmentFeedRows.Text(connection, tenant, meeting, sealer, sequence, revision));

    public Task<IReadOnlyList<(Meeting Meeting, Segment Segment)>> FindAsync(
        TenantId tenant, IReadOnlyList<(MeetingId Meeting, long Sequence)> segments, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<(Meeting, Segment)>>(connection =>
        {
            var meetings = new Dictionary<MeetingId, Meeting?>();
            var texts = new SpokenTexts(sealer);
            List<(Meeting, Segment)> found = [];
            foreach (var (id, sequence) in segments)
            {
                if (!meetings.TryGetValue(id, out var meeting)) meetings[id] = meeting = Known(connection, tenant, id);
                if (meeting is not null && SegmentRows.At(connection, meeting, texts, sequence) is { } segment) found.Add((meeting, segment));
            }
            Report(texts);
            return found;
        }, ct);
}
