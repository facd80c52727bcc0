using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>What was said. A segment that is damaged is left out of every read, counted and logged, and keeps nobody from the others.</summary>
public sealed partial class EmbeddedMeetingStore
{
    public Task<IReadOnlyList<Segment>> SegmentsAsync(TenantId tenant, MeetingId id, long after, int limit, CancellationToken ct) =>
        ReadSpokenAsync<IReadOnlyList<Segment>>(tenant, id, (connection, meeting, texts) => SegmentRows.After(connection, meeting, texts, after, limit), [], ct);

    /// <summary>Not on the caller's thread: of a long meeting it is ten thousand texts to open.</summary>
    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        Task.Run(() => ReadSpokenAsync<IReadOnlyList<Segment>?>(
            tenant, id, (connection, meeting, texts) => SegmentRows.ByStart(connection, meeting, texts, meeting.Transcript), null, ct), ct);

    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct) =>
        Task.Run(() => ReadSpokenAsync<IReadOnlyList<Segment>?>(
            tenant, id, (connection, meeting, texts) => SegmentRows.ByStart(connection, meeting, texts, version), null, ct), ct);

    public Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct) =>
        ReadSpokenAsync(tenant, id, (connection, meeting, texts) => SegmentRows.Find(connection, meeting, texts, segment), null, ct);

    public async Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, DateTimeOffset at, int? ifRevision, CancellationToken ct)
    {
        while (true)
        {
            if (await FindAsync(tenant, id, ct) is null) return new CorrectSegmentResult.NoSuchMeeting();
            var (found, revision, replacing) = await ReadSpokenAsync(
                tenant, id, (connection, meeting, texts) => (SegmentRows.Find(connection, meeting, texts, segment), SegmentRows.Revision(connection, meeting, segment), SegmentRows.ReplacedBy(connection, meeting, segment)), default, ct);
            if (found is not { } now) return new CorrectSegmentResult.NoSuchSegment();
            if (replacing is not null) return new CorrectSegmentResult.Superseded(replacing);
            // What is compared is what readers see; what is written comes after what is stored, also where that is damaged.
            if (ifRevision is { } expected && expected != (now.Correction?.Revision ?? 0)) return new CorrectSegmentResult.OtherRevision(now);
            if (now.Text == text) return new CorrectSegmentResult.Corrected(now);

            byte[] sealedText = sealer.Seal(id, Encoding.UTF8.GetBytes(text));
            bool written = false;
            await writer.WriteAsync(connection => written = SegmentRows.Correct(connection, tenant, id, now.Sequence, revision + 1, by, at, sealedText));
            if (!written) continue;   // somebody else was quicker: on top of theirs
            Changed.Pulse();
            return new CorrectSegmentResult.Corrected(await FindSegmentAsync(tenant, id, segment, CancellationToken.None) ?? throw new StaleMeetingException(id));
        }
    }

    /// <param name="unknown">Where there is no such meeting.</param>
    private Task<T> ReadSpokenAsync<T>(
        TenantId tenant, MeetingId id, Func<SqliteConnection, Meeting, SpokenTexts, T> read, T unknown, CancellationToken ct) => ReadAsync(connection =>
        {
            if (Known(connection, tenant, id) is not { } meeting) return unknown;
            var texts = new SpokenTexts(sealer);
            var found = read(connection, meeting, texts);
            Report(texts);
            return found;
        }, ct);

    private void Report(SpokenTexts texts)
    {
        if (texts.Damaged == 0) return;
        metrics.FoundDamaged(texts.Damaged);
        LeftOut(texts.Damaged);
    }

    [LoggerMessage(LogLevel.Warning, "{Count} segments or corrections of the archive cannot be opened with their meetings' keys; a read left them out")]
    private partial void LeftOut(int count);
}
