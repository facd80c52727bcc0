using System.Security.Cryptography;
using System.Text;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Auth;

/// <summary>The keys this node knows, as hashes.</summary>
internal sealed class ApiKeyring
{
    private readonly List<(byte[] Hash, Caller Caller)> keys = [];

    public static ApiKeyring OfAdmin(string key) =>
        new ApiKeyring().Add(key, new Caller(new TenantId("default"), Scopes.All.ToHashSet()));

    public ApiKeyring Add(string key, Caller caller)
    {
        keys.Add((Hash(key), caller));
        return this;
    }

    /// <summary>Null for a key that is not known. Takes as long whichever key it is, and however much of it is right.</summary>
    public Caller? Identify(string key)
    {
        byte[] presented = Hash(key);
        Caller? found = null;
        foreach (var (hash, caller) in keys)
            if (CryptographicOperations.FixedTimeEquals(hash, presented)) found = caller;
        return found;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
