using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>API keys lie beside the meetings: one file, one writer.</summary>
public sealed partial class EmbeddedMeetingStore : IApiKeyStore
{
    Task IApiKeyStore.AddAsync(StoredApiKey key) => writer.WriteAsync(connection => ApiKeyRows.Write(connection, key));

    Task<StoredApiKey?> IApiKeyStore.FindByHashAsync(ReadOnlyMemory<byte> hash, CancellationToken ct) =>
        ReadAsync(connection => ApiKeyRows.OfHash(connection, hash), ct);

    Task<StoredApiKey?> IApiKeyStore.FindAsync(TenantId tenant, KeyId id, CancellationToken ct) =>
        ReadAsync(connection => ApiKeyRows.Find(connection, tenant, id), ct);

    Task<IReadOnlyList<StoredApiKey>> IApiKeyStore.ListAsync(TenantId tenant, KeyId? before, int limit, CancellationToken ct) =>
        ReadAsync<IReadOnlyList<StoredApiKey>>(connection => ApiKeyRows.List(connection, tenant, before, limit), ct);

    async Task<bool> IApiKeyStore.DeleteAsync(TenantId tenant, KeyId id)
    {
        bool found = false;
        await writer.WriteAsync(connection => found = ApiKeyRows.Delete(connection, tenant, id));
        return found;
    }
}
