using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Journal;

namespace Pipeline.Actors.Storage.Decisions;

/// <summary>
/// Writes every decision to the meeting's journal before the archive has it, so that an archive can be made from the journals alone. One
/// after the other for each meeting: what is on its way to the archive is the newest in the journal. Reads go to the archive.
/// </summary>
/// <remarks>
/// A decision that the archive did not take stays in the journal; the next one of its revision takes its place. What the media looks like
/// (<see cref="MediaSeen"/>) is not waited for: it is seen again, the disk has it within half a second, and one that takes nothing keeps nobody from hearing so. A meeting that is only
/// announced has no key and no folder; its announcement is written with what comes next.
/// </remarks>
public sealed partial class JournaledMeetingStore : IMeetingStore, IAsyncDisposable
{
    /// <summary>The whole state is written after so many decisions, and whenever a process has its first with a meeting, or its last.</summary>
    private const int StateEvery = 64;

    private readonly IMeetingStore archive;
    private readonly DecisionJournal journal;
    private readonly ILogger<JournaledMeetingStore> log;
    /// <summary>Of a meeting, the one its id falls on. Two meetings on one wait for each other, a few milliseconds.</summary>
    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, 256).Select(_ => new SemaphoreSlim(1))];
    private readonly ConcurrentDictionary<MeetingId, Known> known = new();           // of meetings that are not over

    /// <param name="archive">Stays the caller's.</param>
    /// <param name="dataFolder">Where the meetings' folders are.</param>
    public JournaledMeetingStore(IMeetingStore archive, string dataFolder, IKeyVault vault, ILogger<JournaledMeetingStore> log) =>
        (this.archive, journal, this.log) = (archive, new DecisionJournal(dataFolder, vault), log);

    /// <summary>Writes what waits.</summary>
    public ValueTask DisposeAsync() => journal.DisposeAsync();

    public async Task<long> CommitAsync(Meeting after, IReadOnlyList<MeetingEvent> decided)
    {
        using var turn = await TurnAsync(after.Id);
        if (after.Revision == 1)
        {
            long none = await archive.CommitAsync(after, decided);
            known[after.Id] = new Known(1, 0, decided);
            return none;
        }

        var before = known.TryGetValue(after.Id, out var so) ? so : new Known((await archive.LoadAsync(after.Tenant, after.Id, CancellationToken.None))?.Revision ?? 0, StateEvery, []);
        if (after.Revision != before.Revision + 1) throw new StaleMeetingException(after.Id);
        known.TryRemove(after.Id, out _);                                            // until it is known what became of this
        bool withState = after.IsOver || before.SinceState >= StateEvery;
        List<DecisionRecord> records = [new Committed(after.Revision, decided) { After = withState ? after : null }];
        if (before.Announced.Count > 0) records.Insert(0, new Committed(1, before.Announced));
        bool isWaitedFor = decided.Any(IsWaitedFor), isWritten = false, isRefused = false;
        try
        {
            isWritten = await journal.AppendAsync(after.Id, records, isWaitedFor, isNew: after.Port is null, isLast: false);
            if (!isWritten) NotInJournal(after.Id);
        }
        catch (Exception e) when (!isWaitedFor && e is (IOException or UnauthorizedAccessException))
        {
            isRefused = true;                                                        // that the disk takes nothing is what is to be told; the whole state follows
            NotTaken(e, after.Id);
        }

        long first = await archive.CommitAsync(after, decided);
        if (!after.IsOver && !isRefused) known[after.Id] = new Known(after.Revision, withState ? 0 : before.SinceState + 1, []);
        if (isWritten && (first > 0 || after.IsOver)) await NumberAsync(after, first);
        return first;
    }

    public async Task WithdrawAsync(TenantId tenant, MeetingId id)
    {
        using var turn = await TurnAsync(id);
        await archive.WithdrawAsync(tenant, id);
        if (known.TryGetValue(id, out var so) && so.Revision == 1) known.TryRemove(id, out _);
    }

    public async Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, DateTimeOffset at, int? ifRevision, CancellationToken ct)
    {
        using var turn = await TurnAsync(id);
        if (await archive.FindSegmentAsync(tenant, id, segment, ct) is not { } now || now.Text == text || (ifRevision is { } expected && expected != (now.Correction?.Revision ?? 0)))
            return await archive.CorrectSegmentAsync(tenant, id, segment, text, by, at, ifRevision, ct);   // nothing will be written

        var correction = new Corrected(now.Sequence, (now.Correction?.Revision ?? 0) + 1, by, at, text);
        bool isLast = !known.ContainsKey(id);
        bool isWritten = await journal.AppendAsync(id, [correction], durable: true, isNew: false, isLast);
        if (!isWritten) NotInJournal(id);
        var result = await archive.CorrectSegmentAsync(tenant, id, segment, text, by, at, ifRevision, ct);
        if (isWritten && result is not CorrectSegmentResult.Corrected) await journal.AppendAsync(id, [correction with { Text = null }], durable: true, isNew: false, isLast);
        return result;
    }

    public Task<IReadOnlyList<UnfinishedMeeting>> UnfinishedAsync(CancellationToken ct) => archive.UnfinishedAsync(ct);
    public Task<IReadOnlyList<UnfinishedMeeting>> OwingCaptionsAsync(CancellationToken ct) => archive.OwingCaptionsAsync(ct);
    public Task<IReadOnlyList<UnfinishedMeeting>> OwingRefinementAsync(CancellationToken ct) => archive.OwingRefinementAsync(ct);
    public Task<bool> KnowsAsync(MeetingId id, CancellationToken ct) => archive.KnowsAsync(id, ct);
    public Task<Meeting?> LoadAsync(TenantId tenant, MeetingId id, CancellationToken ct) => archive.LoadAsync(tenant, id, ct);
    public Task<IReadOnlyList<HeardSpan>> HeardAsync(TenantId tenant, MeetingId id, CancellationToken ct) => archive.HeardAsync(tenant, id, ct);
    public Task<Meeting?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct) => archive.FindAsync(tenant, id, ct);
    public Task<StoredPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct) => archive.ListAsync(tenant, query, ct);
    public Task<IReadOnlyList<Segment>> SegmentsAsync(TenantId tenant, MeetingId id, long after, int limit, CancellationToken ct) => archive.SegmentsAsync(tenant, id, after, limit, ct);
    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct) => archive.TranscriptAsync(tenant, id, ct);
    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct) => archive.TranscriptAsync(tenant, id, version, ct);
    public Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct) => archive.FindSegmentAsync(tenant, id, segment, ct);
    public Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct) => archive.RecordingsAsync(tenant, id, ct);
    public Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct) => archive.FindRecordingAsync(tenant, id, recording, ct);
    public Task<MediaSnapshot?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct) => archive.QualityAsync(tenant, id, ct);
    public Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, MeetingId? meeting, long after, int limit, CancellationToken ct) => archive.LedgerAsync(tenant, meeting, after, limit, ct);

    /// <summary>What somebody asked for, or is told of as done.</summary>
    private static bool IsWaitedFor(MeetingEvent happened) => happened is not (MediaSeen or TrackSeen or SourceChanged);

    /// <summary>The decision is stored and counts, whether or not the journal takes its numbers: without them a rebuilt ledger is numbered by time.</summary>
    private async Task NumberAsync(Meeting after, long first)
    {
        try
        {
            await journal.AppendAsync(after.Id, first > 0 ? [new Numbered(after.Revision, first)] : [], durable: false, isNew: false, isLast: after.IsOver);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            NotNumbered(e, after.Id);
        }
    }

    private async Task<IDisposable> TurnAsync(MeetingId id)
    {
        var turn = turns[(uint)id.Value.GetHashCode() % turns.Length];
        await turn.WaitAsync();
        return new Turn(turn);
    }

    private sealed class Turn(SemaphoreSlim taken) : IDisposable
    {
        public void Dispose() => taken.Release();
    }

    /// <param name="Revision">That the archive has.</param>
    /// <param name="SinceState">Decisions since the journal had the whole state.</param>
    /// <param name="Announced">What is not in the journal yet.</param>
    private sealed record Known(long Revision, int SinceState, IReadOnlyList<MeetingEvent> Announced);

    [LoggerMessage(LogLevel.Warning, "What is decided about {Meeting} goes to the archive alone: its key is gone or cannot be opened, so its journal takes nothing more")]
    private partial void NotInJournal(MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "The journal of {Meeting} did not take how its media looks; the archive is told all the same")]
    private partial void NotTaken(Exception exception, MeetingId meeting);

    [LoggerMessage(LogLevel.Warning, "The journal of {Meeting} did not take the numbers that the ledger gave")]
    private partial void NotNumbered(Exception exception, MeetingId meeting);
}
