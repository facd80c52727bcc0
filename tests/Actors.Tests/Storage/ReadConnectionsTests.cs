using Microsoft.Data.Sqlite;
using Pipeline.Actors.Storage.Embedded;

namespace Pipeline.Actors.Tests.Storage;

public sealed class ReadConnectionsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("read-").FullName;
    private readonly ReadConnections connections;

    public ReadConnectionsTests()
    {
        SystemSqlite.Use();
        connections = new ReadConnections(Path.Combine(folder, "any.db"));
    }

    public void Dispose()
    {
        connections.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Readers_that_come_at_once_have_a_connection_each()
    {
        const int readers = 2 * ReadConnections.Kept;
        for (int wave = 0; wave < 3; wave++)
        {
            using var together = new Barrier(readers);
            var lent = await Task.WhenAll(Enumerable.Range(0, readers).Select(_ => Task.Factory.StartNew(
                () => connections.Read(connection =>
                {
                    together.SignalAndWait();   // all of them are lent now
                    return connection;
                }),
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
            Assert.Equal(readers, lent.Distinct().Count());
            Assert.Equal(ReadConnections.Kept, lent.Count(connection => connection.State == System.Data.ConnectionState.Open));
        }
    }

    [Fact]
    public void The_next_reader_has_the_same_but_not_after_an_error()
    {
        var first = connections.Read(connection => connection);
        Assert.Same(first, connections.Read(connection => connection));
        Assert.Throws<SqliteException>(() => connections.Read(connection => connection.Run("no such statement")));
        Assert.NotSame(first, connections.Read(connection => connection));
    }

    [Fact]
    public void What_is_lent_when_they_are_closed_is_closed_when_it_comes_back()
    {
        var lent = connections.Read(connection =>
        {
            connections.Dispose();
            Assert.Equal(1L, connection.Scalar<long>("SELECT 1"));
            return connection;
        });
        Assert.Equal(System.Data.ConnectionState.Closed, lent.State);
    }
}
