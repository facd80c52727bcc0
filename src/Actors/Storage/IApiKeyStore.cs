using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Storage;

/// <summary>
/// Where a node's API keys are kept, as hashes: whoever reads the archive can use none of them. Every method throws where the
/// store cannot be read or written; trying again can help.
/// </summary>
public interface IApiKeyStore
{
    /// <summary>Returns once the key would survive a power cut.</summary>
    Task AddAsync(StoredApiKey key);

    /// <summary>The one read that names no tenant: the key says whose it is.</summary>
    /// <param name="hash">SHA-256 of the key.</param>
    Task<StoredApiKey?> FindByHashAsync(ReadOnlyMemory<byte> hash, CancellationToken ct);

    Task<StoredApiKey?> FindAsync(TenantId tenant, KeyId id, CancellationToken ct);

    /// <summary>Newest first, older than <paramref name="before"/>, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<StoredApiKey>> ListAsync(TenantId tenant, KeyId? before, int limit, CancellationToken ct);

    /// <summary>False where there is no such key.</summary>
    Task<bool> DeleteAsync(TenantId tenant, KeyId id);
}

/// <param name="Hash">SHA-256 of the key.</param>
public sealed record StoredApiKey(KeyId Id, TenantId Tenant, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, byte[] Hash);
