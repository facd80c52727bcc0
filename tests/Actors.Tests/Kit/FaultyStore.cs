using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;

namespace Pipeline.Actors.Tests.Kit;

/// <summary>A store whose commits fail as the test says; and which tells when something was stored.</summary>
internal sealed class FaultyStore(IMeetingStore inner) : IMeetingStore
{
    private readonly ChangeSignal stored = new();
    private int commits;

    /// <summary>Asked before each commit, with its number from 1.</summary>
    public Func<int, Fault> Plan { get; set; } = _ => Fault.None;
    public bool IsDead { get; private set; }
    public int Commits => commits;

    public async Task<long> CommitAsync(Meeting after, IReadOnlyList<MeetingEvent> decided)
    {
        var fault = IsDead ? Fault.Die : Plan(Interlocked.Increment(ref commits));
        try
        {
            if (fault is Fault.Die or Fault.DieAfter) IsDead = true;
            if (fault is Fault.Fail or Fault.Die) throw new IOException("The disk did not take it.");
            long first = await inner.CommitAsync(after, decided);
            if (fault is Fault.DieAfter) throw new IOException("It is stored, but nobody is told.");
            return first;
        }
        finally
        {
            stored.Pulse();
        }
    }

    /// <summary>Waits, commit by commit, until it holds.</summary>
    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        while (true)
        {
            var next = stored.Next;
            if (IsDead || await holds()) return;
            await next.WaitAsync(TimeSpan.FromSeconds(60));   // only so that a broken test ends
        }
    }

    public Task WithdrawAsync(TenantId tenant, MeetingId id) => IsDead ? throw new IOException("Dead.") : inner.WithdrawAsync(tenant, id);
    public Task<IReadOnlyList<UnfinishedMeeting>> UnfinishedAsync(CancellationToken ct) => inner.UnfinishedAsync(ct);
    public Task<IReadOnlyList<UnfinishedMeeting>> OwingCaptionsAsync(CancellationToken ct) => inner.OwingCaptionsAsync(ct);
    public Task<IReadOnlyList<UnfinishedMeeting>> OwingRefinementAsync(CancellationToken ct) => inner.OwingRefinementAsync(ct);
    public Task<bool> KnowsAsync(MeetingId id, CancellationToken ct) => inner.KnowsAsync(id, ct);
    public Task<Meeting?> LoadAsync(TenantId tenant, MeetingId id, CancellationToken ct) => inner.LoadAsync(tenant, id, ct);
    public Task<IReadOnlyList<HeardSpan>> HeardAsync(TenantId tenant, MeetingId id, CancellationToken ct) => inner.HeardAsync(tenant, id, ct);
    public Task<Meeting?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct) => inner.FindAsync(tenant, id, ct);
    public Task<StoredPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct) => inner.ListAsync(tenant, query, ct);
    public Task<IReadOnlyList<Segment>> SegmentsAsync(TenantId tenant, MeetingId id, long after, int limit, CancellationToken ct) => inner.SegmentsAsync(tenant, id, after, limit, ct);
    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct) => inner.TranscriptAsync(tenant, id, ct);
    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct) => inner.TranscriptAsync(tenant, id, version, ct);
    public Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct) => inner.FindSegmentAsync(tenant, id, segment, ct);
    public Task<CorrectSegmentResult> CorrectSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, string text, string by, DateTimeOffset at, int? ifRevision, CancellationToken ct) =>
        IsDead ? throw new IOException("Dead.") : inner.CorrectSegmentAsync(tenant, id, segment, text, by, at, ifRevision, ct);
    public Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct) => inner.RecordingsAsync(tenant, id, ct);
    public Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct) => inner.FindRecordingAsync(tenant, id, recording, ct);
    public Task<MediaSnapshot?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct) => inner.QualityAsync(tenant, id, ct);
    public Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, MeetingId? meeting, long after, int limit, CancellationToken ct) => inner.LedgerAsync(tenant, meeting, after, limit, ct);
}

internal enum Fault { None, Fail, Die, DieAfter }
