using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>
/// The only task that writes. Decisions that wait while another commit is syncing share the next one, so a disk that syncs
/// 100 times a second still stores thousands of decisions.
/// </summary>
internal sealed class StoreWriter : IAsyncDisposable
{
    /// <summary>A decision waits no longer than this for later ones to join it: a tenth of what feels immediate.</summary>
    private static readonly TimeSpan MaxGroupTime = TimeSpan.FromMilliseconds(50);
    private const int MaxGroup = 256;

    /// <summary>Full: the writers' callers wait. What they hold is bounded by their mailboxes.</summary>
    private readonly Channel<Write> queue = Channel.CreateBounded<Write>(new BoundedChannelOptions(1024) { SingleReader = true });
    private readonly SqliteConnection connection;
    private readonly TimeProvider clock;
    private readonly ActorsMetrics metrics;
    private readonly Task running;

    /// <param name="connection">Open, and from now on the writer's own.</param>
    public StoreWriter(SqliteConnection connection, TimeProvider clock, ActorsMetrics metrics)
    {
        this.connection = connection;
        this.clock = clock;
        this.metrics = metrics;
        running = Task.Run(RunAsync);
    }

    /// <summary>
    /// Does <paramref name="write"/> whole or not at all, in the order of the calls; returns once it is synced. What it
    /// throws comes back to the caller and touches no other write.
    /// </summary>
    public async Task WriteAsync(Action<SqliteConnection> write)
    {
        var waiting = new Write(write, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await queue.Writer.WriteAsync(waiting);
        await waiting.Done.Task;
    }

    /// <summary>Writes what waits, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await running;
        await connection.DisposeAsync();
    }

    private async Task RunAsync()
    {
        while (await queue.Reader.WaitToReadAsync())
        {
            long began = clock.GetTimestamp();
            List<Write> group = [];
            bool failed = false;
            try
            {
                WriteGroup(group, began);
            }
            catch (Exception e)   // nothing of the group is stored: each caller hears why, and later writes have their own chance
            {
                failed = true;
                foreach (var write in group) write.Failure ??= Told(e);
                Abort();
            }
            foreach (var write in group) write.Answer();
            metrics.Committed(clock.GetElapsedTime(began), group.Count, failed);
        }
    }

    private void WriteGroup(List<Write> group, long began)
    {
        while (group.Count < MaxGroup && clock.GetElapsedTime(began) < MaxGroupTime && queue.Reader.TryRead(out var write))
        {
            group.Add(write);
            if (group.Count == 1) connection.Run("BEGIN IMMEDIATE");
            connection.Run("SAVEPOINT decision");
            try
            {
                write.Do(connection);
            }
            catch (Exception e)
            {
                write.Failure = Told(e);
                connection.Run("ROLLBACK TO decision");
            }
            connection.Run("RELEASE decision");
        }
        connection.Run("COMMIT");
    }

    /// <summary>A disk that is full, read-only or broken is the world's fault: trying again can help.</summary>
    private static Exception Told(Exception e)
    {
        const int ReadOnly = 8, InputOutput = 10, Full = 13, CannotOpen = 14;
        return e is SqliteException { SqliteErrorCode: ReadOnly or InputOutput or Full or CannotOpen } ? new IOException("the archive cannot be written", e) : e;
    }

    private void Abort()
    {
        try
        {
            connection.Run("ROLLBACK");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back on its own already (disk full, I/O error): no transaction is left to end.
        }
    }

    private sealed record Write(Action<SqliteConnection> Do, TaskCompletionSource Done)
    {
        public Exception? Failure { get; set; }

        public void Answer()
        {
            if (Failure is null) Done.SetResult();
            else Done.SetException(Failure);
        }
    }
}
