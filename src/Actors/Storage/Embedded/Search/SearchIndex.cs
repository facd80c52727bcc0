using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded.Search;

/// <summary>
/// One tenant's index: a file of its own, that only its owner may read and that can be deleted at any time. It holds which words were
/// said when, not the texts; what it shows is read from the archive, under the meetings' keys. Written by one thread at a time.
/// </summary>
/// <remarks>
/// A segment's place is its time: the millisecond it was said, times eight, and one more for each other of that millisecond. So SQLite walks
/// through hits by time, either way and within bounds, without sorting. How far the archive was read is stored with what was read from it.
/// </remarks>
internal sealed class SearchIndex : IDisposable
{
    /// <summary>Raised with anything below: an index of another version is made anew.</summary>
    public const int Version = 1;
    private const int PlacesPerMillisecond = 8;

    private const string Tables = """
        CREATE TABLE source (tenant TEXT NOT NULL, read INTEGER NOT NULL, documents INTEGER NOT NULL);
        CREATE TABLE meetings (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
        CREATE TABLE speakers (number INTEGER PRIMARY KEY, participant TEXT NOT NULL UNIQUE);
        CREATE TABLE documents (place INTEGER PRIMARY KEY, meeting INTEGER NOT NULL, sequence INTEGER NOT NULL, revision INTEGER NOT NULL);
        CREATE UNIQUE INDEX documents_by_segment ON documents (meeting, sequence);
        CREATE VIRTUAL TABLE spoken USING fts5 (text, speaker, content = '', prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
        """;

    private readonly SqliteConnection connection;
    private readonly Dictionary<MeetingId, long> meetings = [];
    private readonly Dictionary<string, long> speakers = [];
    private long documents;

    private SearchIndex(SqliteConnection connection) => this.connection = connection;

    /// <summary>Everything up to this change is in it.</summary>
    public long Read { get; private set; }

    /// <summary>Named by a hash: a tenant's name may be anything.</summary>
    public static string PathOf(string folder, TenantId tenant) => Path.Combine(
        folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant.Value)).AsSpan(0, 16)) + ".sqlite");

    /// <summary>Opens the tenant's index, or makes an empty one, also in the place of one of another version.</summary>
    /// <exception cref="SqliteException">It is damaged, or the disk is full or broken.</exception>
    public static SearchIndex Open(string folder, TenantId tenant)
    {
        SystemSqlite.Use();
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string path = PathOf(folder, tenant);
        var index = Connect(path);
        if (index.TryLoad(tenant)) return index;
        index.Dispose();
        Delete(path);
        index = Connect(path);
        try
        {
            index.Make(tenant);
        }
        catch
        {
            index.Dispose();
            throw;
        }
        return index;
    }

    public static void Delete(string path)
    {
        foreach (string file in new[] { path, path + "-wal", path + "-shm" }) File.Delete(file);
    }

    /// <summary>Takes in what changed, whole or not at all.</summary>
    /// <param name="upTo">The last number that was read, whether or not there was anything.</param>
    /// <param name="textOf">What a segment's text was at a revision: to take it out, the index must be told what it holds.</param>
    public void Write(IReadOnlyList<SegmentChange> changes, long upTo, Func<MeetingId, long, int, string?> textOf)
    {
        using var transaction = connection.BeginTransaction();
        try
        {
            long added = 0;
            using var batch = new Batch(connection);
            foreach (var change in changes)
            {
                if (change.Text is not { } text) continue;
                (long meeting, long speaker) = (Number(meetings, change.Meeting, "meetings", "id"), Number(speakers, change.Participant, "speakers", "participant"));
                string token = SpeakerToken(speaker);
                if (batch.Find(meeting, change.Sequence) is { } known)
                {
                    if (change.IsGone)
                    {
                        if (textOf(change.Meeting, change.Sequence, known.Revision) is not { } gone) continue;
                        batch.TakeOut(known.Place, gone, token);
                        batch.Remove(known.Place);
                        added--;
                        continue;
                    }
                    if (known.Revision == change.Revision) continue;
                    if (textOf(change.Meeting, change.Sequence, known.Revision) is not { } old) continue;   // its key has just gone, or it is damaged: those words stay
                    batch.TakeOut(known.Place, old, token);
                    batch.PutIn(known.Place, text, token);
                    batch.Revise(known.Place, change.Revision);
                    continue;
                }
                if (change.IsGone) continue;
                long place = batch.FreePlace(PlaceOf(change.SaidAt));
                batch.PutIn(place, text, token);
                batch.Add(place, meeting, change.Sequence, change.Revision);
                added++;
            }
            connection.Run("UPDATE source SET read = $read, documents = documents + $added", ("$read", upTo), ("$added", added));
            transaction.Commit();
            Read = upTo;
            documents += added;
        }
        catch
        {
            meetings.Clear();   // numbers that were given in it are not given any more
            speakers.Clear();
            throw;
        }
    }

    /// <summary>Folds what was written into few pieces: after much of it.</summary>
    public void Optimize()
    {
        connection.Run("INSERT INTO spoken (spoken) VALUES ('optimize')");
        connection.Run("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    public void Dispose() => connection.Dispose();

    public static long PlaceOf(DateTimeOffset saidAt) => PlaceOf(saidAt.ToUnixTimeMilliseconds());

    /// <param name="unixMs">Before 1970 there is one place.</param>
    public static long PlaceOf(long unixMs) => Math.Max(0, unixMs) * PlacesPerMillisecond;

    public static string SpeakerToken(long number) => $"p{number}";

    private static SearchIndex Connect(string path)
    {
        var create = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        new FileStream(path, create).Dispose();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            connection.Run("PRAGMA journal_mode = WAL");
            connection.Run("PRAGMA synchronous = NORMAL");   // what a power cut takes from it is read from the archive again
            connection.Run("PRAGMA secure_delete = ON");
            connection.Run("PRAGMA cache_size = -32768");
            return new SearchIndex(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private bool TryLoad(TenantId tenant)
    {
        if (connection.Scalar<long>("PRAGMA user_version") != Version) return false;
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT tenant, read, documents FROM source";
        using var reader = command.ExecuteReader();
        if (!reader.Read() || reader.GetString(0) != tenant.Value) return false;
        (Read, documents) = (reader.GetInt64(1), reader.GetInt64(2));
        return true;
    }

    private void Make(TenantId tenant)
    {
        using var transaction = connection.BeginTransaction();
        connection.Run(Tables);
        connection.Run("INSERT INTO source (tenant, read, documents) VALUES ($tenant, 0, 0)", ("$tenant", tenant.Value));
        connection.Run($"PRAGMA user_version = {Version}");
        transaction.Commit();
    }

    private long Number<T>(Dictionary<T, long> numbers, T key, string table, string column) where T : notnull
    {
        if (numbers.TryGetValue(key, out long number)) return number;
        if (numbers.Count > 10_000) numbers.Clear();   // of no use any more, mostly
        connection.Run($"INSERT OR IGNORE INTO {table} ({column}) VALUES ($key)", ("$key", key.ToString()));
        return numbers[key] = connection.Scalar<long>($"SELECT number FROM {table} WHERE {column} = $key", ("$key", key.ToString()));
    }

    /// <summary>The statements of one transaction, prepared once.</summary>
    private sealed class Batch(SqliteConnection connection) : IDisposable
    {
        private readonly SqliteCommand find = Prepare(connection, "SELECT place, revision FROM documents WHERE meeting = $0 AND sequence = $1", 2);
        private readonly SqliteCommand taken = Prepare(connection, "SELECT 1 FROM documents WHERE place = $0", 1);
        private readonly SqliteCommand add = Prepare(connection, "INSERT INTO documents (place, meeting, sequence, revision) VALUES ($0, $1, $2, $3)", 4);
        private readonly SqliteCommand remove = Prepare(connection, "DELETE FROM documents WHERE place = $0", 1);
        private readonly SqliteCommand revise = Prepare(connection, "UPDATE documents SET revision = $1 WHERE place = $0", 2);
        private readonly SqliteCommand putIn = Prepare(connection, "INSERT INTO spoken (rowid, text, speaker) VALUES ($0, $1, $2)", 3);
        private readonly SqliteCommand takeOut = Prepare(connection, "INSERT INTO spoken (spoken, rowid, text, speaker) VALUES ('delete', $0, $1, $2)", 3);

        public (long Place, int Revision)? Find(long meeting, long sequence)
        {
            using var row = Bind(find, meeting, sequence).ExecuteReader();
            return row.Read() ? (row.GetInt64(0), row.GetInt32(1)) : null;
        }

        public long FreePlace(long place)
        {
            while (Bind(taken, place).ExecuteScalar() is not null) place++;
            return place;
        }

        public void Add(long place, long meeting, long sequence, int revision) => Bind(add, place, meeting, sequence, revision).ExecuteNonQuery();
        public void Remove(long place) => Bind(remove, place).ExecuteNonQuery();
        public void Revise(long place, int revision) => Bind(revise, place, revision).ExecuteNonQuery();
        public void PutIn(long place, string text, string speaker) => Bind(putIn, place, text, speaker).ExecuteNonQuery();
        public void TakeOut(long place, string text, string speaker) => Bind(takeOut, place, text, speaker).ExecuteNonQuery();

        public void Dispose()
        {
            foreach (var command in new[] { find, taken, add, remove, revise, putIn, takeOut }) command.Dispose();
        }

        private static SqliteCommand Prepare(SqliteConnection connection, string sql, int values)
        {
            var command = connection.CreateCommand();
            command.CommandText = sql;
            for (int i = 0; i < values; i++) command.Parameters.Add(new SqliteParameter($"${i}", DBNull.Value));
            return command;
        }

        private static SqliteCommand Bind(SqliteCommand command, params ReadOnlySpan<object> values)
        {
            for (int i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
            return command;
        }
    }
}
