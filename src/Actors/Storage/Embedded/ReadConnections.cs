using Microsoft.Data.Sqlite;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>
/// Open connections for reading one file, each lent to one reader at a time. The driver's own pool is not used: when many open at
/// once, it takes one that was just handed out for one that was forgotten, and hands it out again.
/// </summary>
internal sealed class ReadConnections(string path) : IDisposable
{
    /// <summary>Kept open for the next reader; those over it are closed after use. More readers at once are rare and short.</summary>
    public const int Kept = 8;

    /// <summary>The driver's own pool is off.</summary>
    private readonly string connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString();
    private readonly Lock gate = new();
    private readonly Stack<SqliteConnection> idle = new(Kept);
    private bool isClosed;

    /// <summary>Everything <paramref name="read"/> sees is of one moment.</summary>
    public T Read<T>(Func<SqliteConnection, T> read)
    {
        var connection = Take();
        bool isSound = false;
        try
        {
            T found;
            using (connection.BeginTransaction(deferred: true)) found = read(connection);
            isSound = true;
            return found;
        }
        finally
        {
            if (!isSound || !TryKeep(connection)) connection.Dispose();   // after an error nobody knows what state it is in
        }
    }

    /// <summary>Closes what is not lent; what is, when it comes back.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            isClosed = true;
            while (idle.TryPop(out var connection)) connection.Dispose();
        }
    }

    private SqliteConnection Take()
    {
        lock (gate)
        {
            if (idle.TryPop(out var open)) return open;
        }
        var connection = new SqliteConnection(connectionString);
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private bool TryKeep(SqliteConnection connection)
    {
        lock (gate)
        {
            if (isClosed || idle.Count == Kept) return false;
            idle.Push(connection);
            return true;
        }
    }
}
