using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>API keys, found by hash through an index.</summary>
internal static class ApiKeyRows
{
    private const string Columns = "id, tenant, name, scopes, created_at, hash";

    public static void Write(SqliteConnection connection, StoredApiKey key) => connection.Run(
        $"INSERT INTO api_keys ({Columns}) VALUES ($id, $tenant, $name, $scopes, $created, $hash)",
        ("$id", key.Id.ToString()), ("$tenant", key.Tenant.Value), ("$name", key.Name), ("$scopes", string.Join(' ', key.Scopes)),
        ("$created", key.CreatedAt.ToUnixTimeMilliseconds()), ("$hash", key.Hash));

    /// <summary>Across tenants: whose key it is, is what is asked.</summary>
    public static StoredApiKey? OfHash(SqliteConnection connection, ReadOnlyMemory<byte> hash)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM api_keys WHERE hash = $hash";
        command.Parameters.AddWithValue("$hash", hash.ToArray());
        using var reader = command.ExecuteReader();
        return reader.Read() ? Key(reader) : null;
    }

    public static StoredApiKey? Find(SqliteConnection connection, TenantId tenant, KeyId id) => connection.Select(
        tenant, $"SELECT {Columns} FROM api_keys WHERE tenant = $tenant AND id = $id", Key, ("$id", id.ToString())) is [var found] ? found : null;

    public static List<StoredApiKey> List(SqliteConnection connection, TenantId tenant, KeyId? before, int limit) => connection.Select(
        tenant, $"SELECT {Columns} FROM api_keys WHERE tenant = $tenant AND ($before IS NULL OR id < $before) ORDER BY id DESC LIMIT $limit", Key,
        ("$before", before?.ToString()), ("$limit", limit));

    public static bool Delete(SqliteConnection connection, TenantId tenant, KeyId id) => connection.Run(
        "DELETE FROM api_keys WHERE tenant = $tenant AND id = $id", ("$tenant", tenant.Value), ("$id", id.ToString())) > 0;

    private static StoredApiKey Key(SqliteDataReader row) => new(
        KeyId.TryParse(row.GetString(0), out var id) ? id : throw new FormatException("Not a key's id."), new TenantId(row.GetString(1)),
        row.GetString(2), row.GetString(3).Split(' '), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)), row.GetFieldValue<byte[]>(5));
}
