using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using SQLitePCL;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>SQL with named values.</summary>
internal static class Sql
{
    /// <summary>Of the engine's virtual machine: some hundredths of a millisecond.</summary>
    private const int InstructionsBetweenLooks = 1000;

    /// <summary>How many rows it changed.</summary>
    public static int Run(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = connection.Command(sql, values);
        return command.ExecuteNonQuery();
    }

    public static T Scalar<T>(this SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = connection.Command(sql, values);
        return (T)command.ExecuteScalar()!;
    }

    /// <summary>
    /// Every row of one tenant. Rows of others are out of reach: a query that does not compare the tenant is refused.
    /// </summary>
    public static List<T> Select<T>(
        this SqliteConnection connection, TenantId tenant, string sql, Func<SqliteDataReader, T> row,
        params ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!sql.Contains("tenant = $tenant", StringComparison.Ordinal)) throw new UnreachableException("A query names no tenant.");
        using var command = connection.Command(sql, values);
        command.Parameters.AddWithValue("$tenant", tenant.Value);
        using var reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read()) rows.Add(row(reader));
        return rows;
    }

    /// <summary>What runs on the connection ends soon after with SQLITE_INTERRUPT, and so does what is begun then.</summary>
    public static void InterruptOn(this SqliteConnection connection, CancellationToken ct) =>
        raw.sqlite3_progress_handler(connection.Handle, InstructionsBetweenLooks, _ => ct.IsCancellationRequested ? 1 : 0, null);

    private static SqliteCommand Command(this SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }
}
