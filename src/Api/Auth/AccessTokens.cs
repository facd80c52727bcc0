using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Auth;

/// <summary>Read-only rights handed on for a time: sessions, viewer tokens and links to files. They survive a restart, and die with the API key they came from.</summary>
internal sealed class AccessTokens(SigningKey node, ApiKeys keys, TimeProvider clock)
{
    /// <summary>
    /// What <paramref name="from"/> may read, until <paramref name="lifetime"/> is over, but no longer than it may itself. Null where
    /// its key is just gone. Expires at a whole second.
    /// </summary>
    /// <param name="prefix">One of <see cref="SignedTokens"/>.</param>
    /// <param name="meeting">Null: as <paramref name="from"/>.</param>
    public ValueTask<(string Text, Caller Caller)?> IssueAsync(string prefix, Caller from, MeetingId? meeting, TimeSpan lifetime, CancellationToken ct) =>
        IssueAsync(prefix, from, [.. Scopes.ReadOnly.Where(from.Scopes.Contains)], meeting ?? from.Meeting, null, lifetime, ct);

    /// <summary>The same for the bytes of one file.</summary>
    public ValueTask<(string Text, Caller Caller)?> IssueLinkAsync(Caller from, MeetingId meeting, RecordingId recording, TimeSpan lifetime, CancellationToken ct) =>
        IssueAsync(SignedTokens.Link, from, [Scopes.ArchiveRead], meeting, recording, lifetime, ct);

    private async ValueTask<(string Text, Caller Caller)?> IssueAsync(
        string prefix, Caller from, string[] scopes, MeetingId? meeting, RecordingId? recording, TimeSpan lifetime, CancellationToken ct)
    {
        if (await keys.HashAsync(from.Tenant, from.Key, ct) is not { } hash) return null;
        long expires = (clock.GetUtcNow() + lifetime).ToUnixTimeSeconds();
        if (from.ExpiresAt is { } end) expires = Math.Min(expires, end.ToUnixTimeSeconds());
        var claims = new TokenClaims(from.Key.ToString(), from.Tenant.Value, scopes, meeting?.ToString(), expires, recording?.ToString());
        return (SignedTokens.Write(prefix, claims, node, hash), Of(claims, from.Key, meeting, recording));
    }

    /// <summary>Null for what this node did not sign, what has expired, and what came from a key that is gone.</summary>
    public async ValueTask<Caller?> IdentifyAsync(string prefix, string text, CancellationToken ct)
    {
        if (SignedTokens.TryRead(prefix, text) is not { } claims
            || !KeyId.TryParse(claims.Key, out var key)
            || await keys.HashAsync(new TenantId(claims.Tenant), key, ct) is not { } hash
            || !SignedTokens.IsSigned(text, node, hash)
            || clock.GetUtcNow().ToUnixTimeSeconds() >= claims.Expires) return null;
        if (claims.Meeting is null) return Of(claims, key, null, null);
        if (!MeetingId.TryParse(claims.Meeting, out var meeting)) return null;
        if (claims.Recording is null) return Of(claims, key, meeting, null);
        return RecordingId.TryParse(claims.Recording, out var recording) ? Of(claims, key, meeting, recording) : null;
    }

    private static Caller Of(TokenClaims claims, KeyId key, MeetingId? meeting, RecordingId? recording) => new(new TenantId(claims.Tenant), claims.Scopes.ToHashSet(), key)
    {
        Meeting = meeting,
        Recording = recording,
        ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(claims.Expires),
    };
}
