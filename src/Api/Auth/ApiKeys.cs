using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;

namespace Pipeline.Api.Auth;

/// <summary>The keys this node knows: the first admin key, of tenant `default`, and those in the archive. Only hashes are kept.</summary>
internal sealed class ApiKeys(string first, IApiKeyStore store)
{
    /// <summary>In no archive, so it can be neither listed nor deleted.</summary>
    public static KeyId First => default;
    private const string Prefix = "pk_";
    private static readonly TenantId FirstTenant = new("default");

    private readonly byte[] firstHash = Hash(first);

    /// <summary>256 bits that nobody can guess.</summary>
    public static string NewKey() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>Null for a key that is not known. How long that takes tells at most of the key's hash, which is of no use.</summary>
    public async ValueTask<Caller?> IdentifyAsync(string key, CancellationToken ct)
    {
        byte[] hash = Hash(key);
        if (CryptographicOperations.FixedTimeEquals(hash, firstHash)) return new Caller(FirstTenant, Scopes.All.ToHashSet(), First);
        return key.StartsWith(Prefix, StringComparison.Ordinal) && await store.FindByHashAsync(hash, ct) is { } found
            ? new Caller(found.Tenant, found.Scopes.ToHashSet(), found.Id)
            : null;
    }

    /// <summary>The hash of a key that is known: what was signed with it is void once the key is deleted, or is another. Else null.</summary>
    public async ValueTask<byte[]?> HashAsync(TenantId tenant, KeyId id, CancellationToken ct)
    {
        if (id == First) return tenant == FirstTenant ? firstHash : null;
        return (await store.FindAsync(tenant, id, ct))?.Hash;
    }
}
