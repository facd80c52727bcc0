using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Storage.Decisions;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>
/// An archive that is being made from meetings' journals, in a file of its own until it is whole. A meeting is added whole or not at all.
/// Not for two threads at once.
/// </summary>
internal sealed class RebuiltArchive : IDisposable
{
    private readonly SqliteConnection connection;
    private readonly ITextSealer sealer;

    private RebuiltArchive(SqliteConnection connection, ITextSealer sealer) => (this.connection, this.sealer) = (connection, sealer);

    /// <param name="path">Where it is made; what lies there goes.</param>
    public static RebuiltArchive Create(string path, ITextSealer sealer)
    {
        SystemSqlite.Use();
        foreach (string old in new[] { path, path + "-wal", path + "-shm", path + "-journal" }) File.Delete(old);
        new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        connection.Open();
        connection.Run("PRAGMA journal_mode = WAL");
        connection.Run("PRAGMA synchronous = NORMAL");                               // synced as a whole, when it is closed
        Schema.Upgrade(connection);
        connection.Run("CREATE TEMP TABLE unnumbered (tenant TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, meeting TEXT NOT NULL, data TEXT NOT NULL)");
        return new RebuiltArchive(connection, sealer);
    }

    public void Add(DecisionHistory history)
    {
        var meeting = history.Meeting;
        using var transaction = connection.BeginTransaction();
        MeetingRows.WriteState(connection, meeting, isNew: true);
        var sealedText = new Dictionary<long, byte[]>();
        var spoken = new HashSet<long>();
        var recordings = history.Recordings;
        foreach (var step in history.Steps)
        {
            if (step is DecisionHistory.Correction { Of: var correction }) Correct(meeting, correction);
            if (step is not DecisionHistory.Commit commit) continue;
            long? next = commit.First;
            for (int n = 0; n < commit.Events.Count; n++)
            {
                var happened = commit.Events[n];
                sealedText.Clear();
                if (happened is CaptionFinal e) sealedText[e.Sequence] = Sealed(meeting.Id, e);
                if (happened is TranscriptRefined refined) RefinedRows.Seal(refined, text => sealer.Seal(meeting.Id, text), sealedText);
                bool isOnce = happened switch { CaptionFinal said => spoken.Add(said.Sequence), RecordingReady file => recordings.Contains(file), _ => true };
                if (isOnce && history.Keeps(happened))
                    MeetingRows.WriteWhatHappened(connection, meeting, happened, sealedText);
                if (LedgerEntry.Of(meeting.Id, happened) is { } entry)
                    Write(meeting, entry, LedgerEntry.IdOf(meeting.Id, commit.Revision, n, happened.At), happened.At, next is null ? null : next++);
            }
        }
        transaction.Commit();
    }

    /// <summary>Has a file made that somebody had asked for, under the id it had.</summary>
    public void Ask(Meeting meeting, RecordingReady lost, RenderRequest request) => EmbeddedMeetingStore.Write(connection, new RenderJob
    {
        Id = JobId.New(lost.At),
        Tenant = meeting.Tenant,
        Meeting = meeting.Id,
        Recording = lost.Id,
        Request = request,
        CreatedAt = lost.At,
    });

    /// <summary>Takes over from another archive what is in no journal: API keys, and jobs.</summary>
    /// <returns>How many API keys.</returns>
    /// <exception cref="SqliteException">It cannot be read.</exception>
    public int TakeOver(string path)
    {
        connection.Run("ATTACH DATABASE $path AS old", ("$path", path));
        try
        {
            if (Has("jobs")) connection.Run("INSERT OR IGNORE INTO jobs (tenant, id, meeting, status, state) SELECT tenant, id, meeting, status, state FROM old.jobs");
            return Has("api_keys") ? connection.Run("INSERT INTO api_keys (tenant, id, name, scopes, created_at, hash) SELECT tenant, id, name, scopes, created_at, hash FROM old.api_keys") : 0;
        }
        finally { connection.Run("DETACH DATABASE old"); }

        bool Has(string table) => connection.Scalar<long>("SELECT count(*) FROM old.sqlite_master WHERE type = 'table' AND name = $table", ("$table", table)) > 0;
    }

    /// <summary>Numbers what no journal has the number of, behind all others and by time; then all of it is in one file, and durable.</summary>
    public void Finish()
    {
        connection.Run("BEGIN");
        connection.Run("INSERT INTO tenants (tenant, last_seq) SELECT tenant, max(seq) FROM ledger WHERE true GROUP BY tenant ON CONFLICT (tenant) DO UPDATE SET last_seq = excluded.last_seq");
        connection.Run("INSERT OR IGNORE INTO tenants (tenant, last_seq) SELECT DISTINCT tenant, 0 FROM unnumbered");
        connection.Run("""
            INSERT INTO ledger (tenant, seq, id, type, at, meeting, data)
            SELECT u.tenant, t.last_seq + row_number() OVER (PARTITION BY u.tenant ORDER BY u.at, u.meeting, u.rowid), u.id, u.type, u.at, u.meeting, u.data
            FROM unnumbered u JOIN tenants t ON t.tenant = u.tenant
            """);
        connection.Run("UPDATE tenants SET last_seq = coalesce((SELECT max(seq) FROM ledger WHERE ledger.tenant = tenants.tenant), 0)");
        connection.Run("COMMIT");
        connection.Run("PRAGMA synchronous = FULL");
        connection.Run("PRAGMA wal_checkpoint(TRUNCATE)");
        connection.Close();
    }

    public void Dispose() => connection.Dispose();

    private byte[] Sealed(MeetingId meeting, CaptionFinal e) => sealer.Seal(
        meeting, JsonSerializer.SerializeToUtf8Bytes(new SpokenText(e.Caption.Text, e.Caption.Words, e.Caption.Revision), StoredJson.Default.SpokenText));

    /// <summary>One that was lost is as the next one.</summary>
    private void Correct(Meeting meeting, Corrected c)
    {
        for (int revision = LastRevision(meeting, c.Sequence) + 1; revision <= c.Revision; revision++)
            SegmentRows.Correct(connection, meeting.Tenant, meeting.Id, c.Sequence, revision, c.By, c.At, sealer.Seal(meeting.Id, Encoding.UTF8.GetBytes(c.Text!)));
    }

    private int LastRevision(Meeting meeting, long sequence) => (int)connection.Scalar<long>(
        "SELECT revision FROM segments WHERE tenant = $tenant AND meeting = $meeting AND sequence = $sequence",
        ("$tenant", meeting.Tenant.Value), ("$meeting", meeting.Id.ToString()), ("$sequence", sequence));

    /// <summary>A number that is somebody else's already, of an archive that was put back once, is none.</summary>
    private void Write(Meeting meeting, LedgerEntry entry, string id, DateTimeOffset at, long? seq)
    {
        if (seq is { } number && connection.Scalar<long>(
            "SELECT count(*) FROM ledger WHERE tenant = $tenant AND seq = $seq", ("$tenant", meeting.Tenant.Value), ("$seq", number)) == 0)
        {
            LedgerRows.Write(connection, meeting, entry, id, at, number);
            return;
        }
        connection.Run("INSERT INTO unnumbered (tenant, at, id, type, meeting, data) VALUES ($tenant, $at, $id, $type, $meeting, $data)",
            ("$tenant", meeting.Tenant.Value), ("$at", at.ToUnixTimeMilliseconds()), ("$id", id), ("$type", entry.Type),
            ("$meeting", meeting.Id.ToString()), ("$data", entry.Data));
    }
}
