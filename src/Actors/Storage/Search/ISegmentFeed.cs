using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Search;

/// <summary>
/// What was said and corrected, in the order it was stored: for what is derived from it. Whoever remembers the number it has read
/// up to misses nothing, whatever happens to either side.
/// </summary>
public interface ISegmentFeed
{
    /// <summary>Pulses after every commit that may have changed a segment.</summary>
    ChangeSignal Changed { get; }

    /// <summary>The number of each tenant's last change.</summary>
    Task<IReadOnlyList<(TenantId Tenant, long LastChange)>> TenantsAsync(CancellationToken ct);

    /// <summary>Ascending, each segment once: at its last change.</summary>
    Task<IReadOnlyList<SegmentChange>> ChangesAsync(TenantId tenant, long after, int limit, CancellationToken ct);

    /// <summary>What a segment's text was at a revision (<see cref="SegmentChange.Revision"/>). Null where its key is gone, or it is damaged.</summary>
    string? Text(TenantId tenant, MeetingId meeting, long sequence, int revision);

    /// <summary>Those that are still there and can be read, with their meetings.</summary>
    Task<IReadOnlyList<(Meeting Meeting, Segment Segment)>> FindAsync(
        TenantId tenant, IReadOnlyList<(MeetingId Meeting, long Sequence)> segments, CancellationToken ct);
}

/// <param name="Number">Of the change; rises within the tenant, with holes.</param>
/// <param name="Revision">How often it was corrected; 0 where the text is what was recognised, <see cref="Refined"/> where it is a second pass's.</param>
/// <param name="Participant">The id of who said it.</param>
/// <param name="Text">As it is now; null where its key is gone, or it is damaged.</param>
/// <param name="IsDamaged">It, or its correction.</param>
public sealed record SegmentChange(
    long Number, MeetingId Meeting, long Sequence, int Revision, string Participant, DateTimeOffset SaidAt, string? Text, bool IsDamaged = false)
{
    public const int Refined = -1;

    /// <summary>The refined transcript does not have it: it is not to be found any more.</summary>
    public bool IsGone { get; init; }
}
