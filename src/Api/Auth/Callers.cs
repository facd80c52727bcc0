namespace Pipeline.Api.Auth;

/// <summary>Says whose a credential is.</summary>
internal sealed class Callers(ApiKeys keys, AccessTokens tokens)
{
    /// <summary>Null where it is nobody's.</summary>
    public ValueTask<Caller?> IdentifyAsync(Credential credential, CancellationToken ct) => credential.Kind switch
    {
        CredentialKind.Cookie => tokens.IdentifyAsync(SignedTokens.Session, credential.Text, ct),
        CredentialKind.Link => tokens.IdentifyAsync(SignedTokens.Link, credential.Text, ct),
        _ => IdentifyBearerAsync(credential.Text, ct),
    };

    /// <summary>An API key or a viewer token.</summary>
    public async ValueTask<Caller?> IdentifyBearerAsync(string text, CancellationToken ct) =>
        await keys.IdentifyAsync(text, ct) ?? await tokens.IdentifyAsync(SignedTokens.Viewer, text, ct);
}

internal enum CredentialKind { Bearer, Link, Cookie }

/// <summary>What a request says of its sender, not yet believed.</summary>
internal sealed record Credential(string Text, CredentialKind Kind)
{
    /// <summary>The query parameter of a link.</summary>
    public const string Link = "link";
    public const string Cookie = "pipeline_session";
    private const string Scheme = "Bearer ";

    /// <summary>
    /// The bearer, else the link, where the endpoint takes one, else the session's cookie; null where there is none. A cookie counts only where nothing is changed by it:
    /// browsers send it whoever made them ask.
    /// </summary>
    public static Credential? Of(HttpRequest request, bool takesLinks)
    {
        var header = request.Headers.Authorization;
        if (header.Count > 0)
            return header.Count == 1 && header[0]!.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? new Credential(header[0]![Scheme.Length..].Trim(), CredentialKind.Bearer) : null;
        if (takesLinks && request.Query[Link] is [{ } link]) return new Credential(link, CredentialKind.Link);
        return (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) && request.Cookies[Cookie] is { } session
            ? new Credential(session, CredentialKind.Cookie)
            : null;
    }
}
