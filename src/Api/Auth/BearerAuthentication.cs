using Pipeline.Api.Problems;

namespace Pipeline.Api.Auth;

/// <summary>Lets a request through to an endpoint with a <see cref="RequiredScope"/> only with a key that has it.</summary>
internal sealed class BearerAuthentication(RequestDelegate next, ApiKeyring keyring)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>() is not { Scope: var scope }) return next(context);

        var header = context.Request.Headers.Authorization;
        string? credentials = header.Count == 1 ? header[0] : null;
        if (credentials is null || !credentials.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return Challenge(context, "Bearer", "Send `Authorization: Bearer` and an API key.");
        if (keyring.Identify(credentials[Scheme.Length..].Trim()) is not { } caller)
            return Challenge(context, "Bearer error=\"invalid_token\"", "This node does not know that key.");
        if (!caller.Scopes.Contains(scope))
            return new Problem(ProblemKind.Forbidden, $"This needs the scope {scope}.").ExecuteAsync(context);

        context.Features.Set(caller);
        return next(context);
    }

    private static Task Challenge(HttpContext context, string challenge, string detail)
    {
        context.Response.Headers.WWWAuthenticate = challenge;
        return new Problem(ProblemKind.Unauthenticated, detail).ExecuteAsync(context);
    }
}
