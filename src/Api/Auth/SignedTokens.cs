using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Api.Auth;

/// <summary>What a signed token says. Anyone who has one can read it: there are no secrets in it.</summary>
/// <param name="Key">The API key it came from.</param>
/// <param name="Meeting">The only meeting it opens; null: all of the tenant's.</param>
/// <param name="Expires">Unix seconds.</param>
/// <param name="Recording">The only file of that meeting it opens; null: all.</param>
internal sealed record TokenClaims(string Key, string Tenant, IReadOnlyList<string> Scopes, string? Meeting, long Expires, string? Recording = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TokenClaims))]
internal sealed partial class TokenJson : JsonSerializerContext;

/// <summary>
/// Text that this node alone can write: prefix, claims in base64url, dot, HMAC-SHA256 in base64url. The signature covers every
/// character before it, and is made with the node's key and the hash of the API key that the token came from: it is void
/// without either.
/// </summary>
internal static class SignedTokens
{
    public const string Session = "ps_";
    public const string Viewer = "vt_";
    public const string Link = "cl_";
    /// <summary>Far more than the longest that is written.</summary>
    private const int MaxLength = 4096;

    public static string Write(string prefix, TokenClaims claims, SigningKey node, byte[] apiKeyHash)
    {
        string text = prefix + Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims, TokenJson.Default.TokenClaims));
        return $"{text}.{Sign(text, node, apiKeyHash)}";
    }

    /// <summary>What the text claims; null where it is no such token. Nothing of it holds before <see cref="IsSigned"/>.</summary>
    public static TokenClaims? TryRead(string prefix, string text)
    {
        if (text.Length > MaxLength || !text.StartsWith(prefix, StringComparison.Ordinal) || text.IndexOf('.') is var dot && dot < 0) return null;
        try
        {
            return JsonSerializer.Deserialize(Base64Url.DecodeFromChars(text.AsSpan(prefix.Length, dot - prefix.Length)), TokenJson.Default.TokenClaims) is
            { Key: not null, Tenant: not null, Scopes: not null } claims ? claims : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    public static bool IsSigned(string text, SigningKey node, byte[] apiKeyHash)
    {
        int dot = text.IndexOf('.');
        // Compared as text: base64url can say the same bits in more than one way.
        return dot >= 0 && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(text[(dot + 1)..]), Encoding.UTF8.GetBytes(Sign(text[..dot], node, apiKeyHash)));
    }

    private static string Sign(string text, SigningKey node, byte[] apiKeyHash)
    {
        byte[] key = HMACSHA256.HashData(node.Bits, apiKeyHash);
        return Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text)));
    }
}
