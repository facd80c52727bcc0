using System.Collections.Concurrent;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;

namespace Pipeline.Api.Tests;

/// <summary>API keys in memory.</summary>
public sealed class FakeApiKeys : IApiKeyStore
{
    private readonly ConcurrentDictionary<(TenantId, KeyId), StoredApiKey> keys = new();

    public Task AddAsync(StoredApiKey key)
    {
        keys[(key.Tenant, key.Id)] = key;
        return Task.CompletedTask;
    }

    public Task<StoredApiKey?> FindByHashAsync(ReadOnlyMemory<byte> hash, CancellationToken ct) =>
        Task.FromResult(keys.Values.FirstOrDefault(key => hash.Span.SequenceEqual(key.Hash)));

    public Task<StoredApiKey?> FindAsync(TenantId tenant, KeyId id, CancellationToken ct) => Task.FromResult(keys.GetValueOrDefault((tenant, id)));

    public Task<IReadOnlyList<StoredApiKey>> ListAsync(TenantId tenant, KeyId? before, int limit, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<StoredApiKey>>([.. keys.Values.Where(key => key.Tenant == tenant)
            .Where(key => before is null || string.CompareOrdinal(key.Id.ToString(), before.ToString()) < 0)
            .OrderByDescending(key => key.Id.ToString(), StringComparer.Ordinal).Take(limit)]);

    public Task<bool> DeleteAsync(TenantId tenant, KeyId id) => Task.FromResult(keys.TryRemove((tenant, id), out _));
}
