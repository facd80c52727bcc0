using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Auth;

/// <summary>Read-only rights handed on for a time: sessions and viewer tokens. They survive a restart, and die with the API key they came from.</summary>
internal sealed class AccessTokens(SigningKey node, ApiKeys keys, TimeProvider clock)
{
    /// <summary>
    /// What <paramref name="from"/> may read, until <paramref name="lifetime"/> is over, but no longer than it may itself. Null where
    /// its key is just gone. Expires at a whole second.
    /// </summary>
    /// <param name="prefix">One of <see cref="SignedTokens"/>.</param>
    /// <param name="meeting">Null: as <paramref name="from"/>.</param>
    public async ValueTask<(string Text, Caller Caller)?> IssueAsync(
        string prefix, Caller from, MeetingId? meeting, TimeSpan lifetime, CancellationToken ct)
    {
        if (await keys.HashAsync(from.Tenant, from.Key, ct) is not { } hash) return null;
        long expires = (clock.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        if (from.ExpiresAt is { } end) expires = Math.Min(expires, end.ToUnixTimeSeconds());
        string[] scopes = [.. Scopes.ReadOnly.Where(from.Scopes.Contains)];
        var claims = new TokenClaims(from.Key.ToString(), from.Tenant.Value, scopes, (meeting ?? from.Meeting)?.ToString(), expires);
        return (SignedTokens.Write(prefix, claims, node, hash), Of(claims, from.Key, meeting ?? from.Meeting));
    }

    /// <summary>Null for what this node did not sign, what has expired, and what came from a key that is gone.</summary>
    public async ValueTask<Caller?> IdentifyAsync(string prefix, string text, CancellationToken ct)
    {
        if (SignedTokens.TryRead(prefix, text) is not { } claims
            || !KeyId.TryParse(claims.Key, out var key)
            || await keys.HashAsync(new TenantId(claims.Tenant), key, ct) is not { } hash
            || !SignedTokens.IsSigned(text, node, hash)
            || clock.GetUtcNow().ToUnixTimeSeconds() >= claims.Expires) return null;
        if (claims.Meeting is null) return Of(claims, key, null);
        return MeetingId.TryParse(claims.Meeting, out var meeting) ? Of(claims, key, meeting) : null;
    }

    private static Caller Of(TokenClaims claims, KeyId key, MeetingId? meeting) => new(new TenantId(claims.Tenant), claims.Scopes.ToHashSet(), key)
    {
        Meeting = meeting,
        ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(claims.Expires),
    };
}
