using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>
/// Meetings in one SQLite file. One task writes (<see cref="StoreWriter"/>), every read has a connection of its own (<see cref="ReadConnections"/>) and,
/// with a write-ahead log, waits for no write. Reads are answered on the caller's thread: they take well under a millisecond.
/// </summary>
public sealed partial class EmbeddedMeetingStore : IMeetingStore, IAsyncDisposable
{
    private readonly ReadConnections readers;
    private readonly ITextSealer sealer;
    private readonly StoreWriter writer;

    private EmbeddedMeetingStore(ReadConnections readers, StoreWriter writer, ITextSealer sealer)
    {
        this.readers = readers;
        this.writer = writer;
        this.sealer = sealer;
    }

    /// <summary>Makes the file (only its owner may read it) or brings it to the newest version.</summary>
    /// <param name="path">Its directory is made where there is none.</param>
    public static EmbeddedMeetingStore Open(string path, ITextSealer sealer, TimeProvider clock, ActorsMetrics metrics)
    {
        SystemSqlite.Use();
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        Touch(path);
        // Not pooled: the writer's connection must be gone, and its log folded in, when the store is closed.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            connection.Run("PRAGMA journal_mode = WAL");
            connection.Run("PRAGMA synchronous = FULL");   // a commit that was answered survives a power cut
            Schema.Upgrade(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
        return new EmbeddedMeetingStore(new ReadConnections(path), new StoreWriter(connection, clock, metrics), sealer);
    }

    /// <summary>Stores what waits, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        readers.Dispose();
        await writer.DisposeAsync();
    }

    public async Task CommitAsync(Meeting after, IReadOnlyList<MeetingEvent> decided)
    {
        // Sealed here, on the caller's thread: the writer is everybody's.
        var sealedText = decided.OfType<CaptionFinal>().ToDictionary(e => e.Sequence, e => sealer.Seal(after.Id,
            JsonSerializer.SerializeToUtf8Bytes(new SpokenText(e.Caption.Text, e.Caption.Words, e.Caption.Revision), StoredJson.Default.SpokenText)));
        await writer.WriteAsync(connection => MeetingRows.Write(connection, after, decided, sealedText));
        if (sealedText.Count > 0) Changed.Pulse();
    }

    public Task WithdrawAsync(TenantId tenant, MeetingId id) => writer.WriteAsync(connection => MeetingRows.Withdraw(connection, tenant, id));

    public Task<IReadOnlyList<UnfinishedMeeting>> UnfinishedAsync(CancellationToken ct) => ReadAsync<IReadOnlyList<UnfinishedMeeting>>(
        connection => MeetingRows.Unfinished(connection), ct);

    public Task<Meeting?> LoadAsync(TenantId tenant, MeetingId id, CancellationToken ct) => ReadAsync(connection =>
        MeetingRows.Find(connection, tenant, id) is { } meeting
            ? meeting with { Heard = [.. SegmentRows.Heard(connection, tenant, id)] }
            : null, ct);

    public Task<IReadOnlyList<HeardSpan>> HeardAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<HeardSpan>>(connection => SegmentRows.HeardSpans(connection, tenant, id), ct);

    public Task<Meeting?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct) => ReadAsync(connection => Known(connection, tenant, id), ct);

    public Task<StoredPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct) => ReadAsync(connection =>
    {
        var found = MeetingRows.List(connection, tenant, query);
        return found.Count > query.Limit
            ? new StoredPage(found[..query.Limit], found[query.Limit - 1].Id)
            : new StoredPage(found, null);
    }, ct);

    public Task<IReadOnlyList<Segment>> SegmentsAsync(TenantId tenant, MeetingId id, long after, int limit, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<Segment>>(connection => Known(connection, tenant, id) is { } meeting
            ? SegmentRows.After(connection, meeting, sealer, after, limit)
            : [], ct);

    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<Segment>?>(connection => Known(connection, tenant, id) is { } meeting
            ? SegmentRows.ByStart(connection, meeting, sealer)
            : null, ct);

    public Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct) => ReadAsync(
        connection => Known(connection, tenant, id) is { } meeting ? SegmentRows.Find(connection, meeting, sealer, segment) : null, ct);

    public async Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, DateTimeOffset at, int? ifRevision, CancellationToken ct)
    {
        while (true)
        {
            if (await FindAsync(tenant, id, ct) is null) return new CorrectSegmentResult.NoSuchMeeting();
            if (await FindSegmentAsync(tenant, id, segment, ct) is not { } now) return new CorrectSegmentResult.NoSuchSegment();
            int revision = now.Correction?.Revision ?? 0;
            if (ifRevision is { } expected && expected != revision) return new CorrectSegmentResult.OtherRevision(now);
            if (now.Text == text) return new CorrectSegmentResult.Corrected(now);

            byte[] sealedText = sealer.Seal(id, Encoding.UTF8.GetBytes(text));
            bool written = false;
            await writer.WriteAsync(connection => written = SegmentRows.Correct(connection, tenant, id, now.Sequence, revision + 1, by, at, sealedText));
            if (!written) continue;   // somebody else was quicker: on top of theirs
            Changed.Pulse();
            return new CorrectSegmentResult.Corrected(await FindSegmentAsync(tenant, id, segment, CancellationToken.None) ?? throw new StaleMeetingException(id));
        }
    }

    public Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<Recording>?>(connection => Known(connection, tenant, id) is null
            ? null
            : RecordingRows.All(connection, tenant, id), ct);

    public Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct) =>
        ReadAsync(connection => RecordingRows.All(connection, tenant, id).Find(r => r.Id == recording), ct);

    public Task<MediaSnapshot?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        ReadAsync(connection => MeetingRows.Quality(connection, tenant, id), ct);

    public Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, MeetingId? meeting, long after, int limit, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<LedgerEvent>>(connection => LedgerRows.After(connection, tenant, meeting, after, limit), ct);

    private static Meeting? Known(SqliteConnection connection, TenantId tenant, MeetingId id) =>
        MeetingRows.Find(connection, tenant, id) is { IsKnown: true } meeting ? meeting : null;

    /// <summary>Everything <paramref name="read"/> sees is of one moment.</summary>
    private Task<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken ct)
    {
        if (ct.IsCancellationRequested) return Task.FromCanceled<T>(ct);
        try
        {
            return Task.FromResult(readers.Read(read));
        }
        catch (Exception e)
        {
            return Task.FromException<T>(e);
        }
    }

    private static void Touch(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(path, options).Dispose();
    }
}
