using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Pipeline.Actors.Media;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>
/// Meetings in one SQLite file. One task writes (<see cref="StoreWriter"/>), every read has a connection of its own (<see cref="ReadConnections"/>) and,
/// with a write-ahead log, waits for no write. Reads are answered on the caller's thread, whole transcripts aside: they take well under a millisecond.
/// </summary>
public sealed partial class EmbeddedMeetingStore : IMeetingStore, IAsyncDisposable
{
    private readonly ReadConnections readers;
    private readonly ITextSealer sealer;
    private readonly StoreWriter writer;
    private readonly ActorsMetrics metrics;
    private readonly ILogger<EmbeddedMeetingStore> log;

    private EmbeddedMeetingStore(ReadConnections readers, StoreWriter writer, ITextSealer sealer, ActorsMetrics metrics, ILogger<EmbeddedMeetingStore> log)
    {
        this.metrics = metrics;
        this.log = log;
        this.readers = readers;
        this.writer = writer;
        this.sealer = sealer;
    }

    /// <summary>Makes the file (only its owner may read it) or brings it to the newest version.</summary>
    /// <param name="path">Its directory is made where there is none.</param>
    /// <param name="log">Hears of what is damaged; null: nobody does, and it is counted all the same.</param>
    public static EmbeddedMeetingStore Open(
        string path, ITextSealer sealer, TimeProvider clock, ActorsMetrics metrics, ILogger<EmbeddedMeetingStore>? log = null)
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
        return new EmbeddedMeetingStore(new ReadConnections(path), new StoreWriter(connection, clock, metrics), sealer, metrics, log ?? NullLogger<EmbeddedMeetingStore>.Instance);
    }

    /// <summary>Stores what waits, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        readers.Dispose();
        await writer.DisposeAsync();
    }

    public async Task<long> CommitAsync(Meeting after, IReadOnlyList<MeetingEvent> decided)
    {
        // Sealed here, on the caller's thread: the writer is everybody's.
        var sealedText = decided.OfType<CaptionFinal>().ToDictionary(e => e.Sequence, e => sealer.Seal(after.Id,
            JsonSerializer.SerializeToUtf8Bytes(new SpokenText(e.Caption.Text, e.Caption.Words, e.Caption.Revision), StoredJson.Default.SpokenText)));
        foreach (var refined in decided.OfType<TranscriptRefined>()) RefinedRows.Seal(refined, text => sealer.Seal(after.Id, text), sealedText);
        long first = 0;
        await writer.WriteAsync(connection => first = MeetingRows.Write(connection, after, decided, sealedText));
        if (sealedText.Count > 0 || decided.Any(e => e is TranscriptRefined)) Changed.Pulse();
        return first;
    }

    public Task WithdrawAsync(TenantId tenant, MeetingId id) => writer.WriteAsync(connection => MeetingRows.Withdraw(connection, tenant, id));

    public Task<IReadOnlyList<UnfinishedMeeting>> UnfinishedAsync(CancellationToken ct) => ReadAsync<IReadOnlyList<UnfinishedMeeting>>(
        connection => MeetingRows.Unfinished(connection), ct);

    public Task<IReadOnlyList<UnfinishedMeeting>> OwingCaptionsAsync(CancellationToken ct) => ReadAsync<IReadOnlyList<UnfinishedMeeting>>(
        connection => MeetingRows.OwingCaptions(connection), ct);

    public Task<IReadOnlyList<UnfinishedMeeting>> OwingRefinementAsync(CancellationToken ct) => ReadAsync<IReadOnlyList<UnfinishedMeeting>>(
        connection => MeetingRows.OwingRefinement(connection), ct);

    public Task<bool> KnowsAsync(MeetingId id, CancellationToken ct) => ReadAsync(connection => MeetingRows.Knows(connection, id), ct);

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
