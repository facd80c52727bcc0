using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage;

/// <summary>
/// Where meetings are kept: their state, ledger, segments, recordings and quality. Every read names the tenant, and finds
/// nothing of another's. Every method throws where the store cannot be read or written; trying again can help.
/// </summary>
public interface IMeetingStore
{
    /// <summary>
    /// Stores one decision whole or not at all: <paramref name="decided"/>, and the state they led to. Returns once it
    /// would survive a power cut.
    /// </summary>
    /// <param name="after">The state after the decision.</param>
    /// <returns>The number the ledger gave the first of what it shows of this; the others follow it. 0: it shows nothing.</returns>
    /// <exception cref="StaleMeetingException">
    /// The stored state is not the one before <paramref name="after"/>; or a segment was corrected that a refined transcript knew nothing of.
    /// </exception>
    Task<long> CommitAsync(Meeting after, IReadOnlyList<MeetingEvent> decided);

    /// <summary>Removes a meeting that was announced and never opened, as if it had not been. Of any other, nothing.</summary>
    Task WithdrawAsync(TenantId tenant, MeetingId id);

    /// <summary>Every meeting without an end, of every tenant: what a start-up goes on with.</summary>
    Task<IReadOnlyList<UnfinishedMeeting>> UnfinishedAsync(CancellationToken ct);

    /// <summary>Every meeting that <see cref="Meeting.OwesCaptions"/>, of every tenant, the oldest first.</summary>
    Task<IReadOnlyList<UnfinishedMeeting>> OwingCaptionsAsync(CancellationToken ct);

    /// <summary>Every meeting that <see cref="Meeting.OwesRefinement"/>, of every tenant, the oldest first.</summary>
    Task<IReadOnlyList<UnfinishedMeeting>> OwingRefinementAsync(CancellationToken ct);

    /// <summary>True for a meeting of whichever tenant, also while it is only announced.</summary>
    Task<bool> KnowsAsync(MeetingId id, CancellationToken ct);

    /// <summary>For the meeting's owner: also while it is only announced, and with the captions that are stored.</summary>
    Task<Meeting?> LoadAsync(TenantId tenant, MeetingId id, CancellationToken ct);

    /// <summary>When what is stored was said, and by whom; in no order.</summary>
    Task<IReadOnlyList<HeardSpan>> HeardAsync(TenantId tenant, MeetingId id, CancellationToken ct);

    Task<Meeting?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<StoredPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct);

    /// <summary>By sequence, after <paramref name="after"/>, at most <paramref name="limit"/>. None where there is no such meeting.</summary>
    Task<IReadOnlyList<Segment>> SegmentsAsync(TenantId tenant, MeetingId id, long after, int limit, CancellationToken ct);
    /// <summary>The best there is, by start time; null where there is no such meeting. Segments whose key is gone are gone.</summary>
    Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    /// <summary>The same of a version; the refined one of a meeting that has none is the live one.</summary>
    Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct);
    /// <summary>Of whichever transcript; as the best one has it, where that has it.</summary>
    Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct);
    /// <summary>Stores a correction beside what it corrects. Returns once it would survive a power cut.</summary>
    /// <param name="by">Who corrects.</param>
    /// <param name="ifRevision">Only where it was corrected so often; null: however often.</param>
    Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, DateTimeOffset at, int? ifRevision, CancellationToken ct);

    /// <summary>In the order they were made; null where there is no such meeting.</summary>
    Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct);

    /// <summary>What was seen of the media when it ended; null before, and where there is no such meeting.</summary>
    Task<MediaSnapshot?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct);

    /// <summary>The tenant's ledger after <paramref name="after"/>, ascending; of one meeting where one is named.</summary>
    Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, MeetingId? meeting, long after, int limit, CancellationToken ct);
}

public sealed record UnfinishedMeeting(TenantId Tenant, MeetingId Id, MeetingStatus Status);

/// <param name="Next">Where the next page begins, or null.</param>
public sealed record StoredPage(IReadOnlyList<Meeting> Meetings, MeetingId? Next);

/// <summary>One event as the outside reads it.</summary>
/// <param name="Id">`evt_…`, for the outside only.</param>
/// <param name="Seq">Rises within the tenant without a hole.</param>
/// <param name="Data">A JSON object: ids and plain words; never spoken text, a name or a network address.</param>
public sealed record LedgerEvent(string Id, long Seq, string Type, DateTimeOffset Timestamp, MeetingId Meeting, string Data);

/// <summary>Somebody else decided for this meeting, or an earlier commit did succeed: load it again.</summary>
public sealed class StaleMeetingException(MeetingId id) : Exception($"{id} was decided on from a state that is not the newest.");

/// <summary>
/// Keeps spoken text unreadable without the meeting's key. Called from any thread.
/// </summary>
public interface ITextSealer
{
    /// <summary>Sealing the same text twice need not give the same bytes.</summary>
    byte[] Seal(MeetingId meeting, ReadOnlySpan<byte> text);
    /// <summary>Null where the meeting's key is destroyed; throws where the bytes are not what was sealed.</summary>
    byte[]? Open(MeetingId meeting, ReadOnlySpan<byte> sealedText);
}
