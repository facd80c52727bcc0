using Pipeline.Api.Auth;
using Pipeline.Api.Problems;

namespace Pipeline.Api.NotBuilt;

/// <summary>The contract's routes that are not built yet: each answers 501 on its exact path and method, and is in no description.</summary>
internal static class NotBuiltApi
{
    /// <summary>Scope null: whoever asks has no key yet.</summary>
    private static readonly (string Method, string Path, string? Scope)[] Routes =
    [
        ("DELETE", "/v1/meetings/{id}", Scopes.ArchiveErase),
        ("POST", "/v1/meetings/{id}/holds", Scopes.ArchiveHold),
        ("DELETE", "/v1/meetings/{id}/holds/{hold}", Scopes.ArchiveHold),
        ("GET", "/v1/meetings/{id}/erasure", Scopes.ArchiveRead),
        ("POST", "/v1/meetings/{id}/masks", Scopes.ArchiveErase),
        ("GET", "/v1/meetings/{id}/export", Scopes.ArchiveRead),
        ("GET", "/v1/holds", Scopes.ArchiveHold),
        ("POST", "/v1/erasures", Scopes.ArchiveErase),
        ("GET", "/v1/audit", Scopes.ArchiveRead),
        ("GET", "/v1/audit/verify", Scopes.ArchiveRead),
        ("GET", "/v1/webhooks", Scopes.WebhooksWrite),
        ("POST", "/v1/webhooks", Scopes.WebhooksWrite),
        ("GET", "/v1/webhooks/{webhook}", Scopes.WebhooksWrite),
        ("PATCH", "/v1/webhooks/{webhook}", Scopes.WebhooksWrite),
        ("DELETE", "/v1/webhooks/{webhook}", Scopes.WebhooksWrite),
        ("GET", "/v1/webhooks/{webhook}/deliveries", Scopes.WebhooksWrite),
        ("POST", "/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", Scopes.WebhooksWrite),
        ("POST", "/v1/webhooks/{webhook}/test", Scopes.WebhooksWrite),
    ];

    public static void MapNotBuilt(this IEndpointRouteBuilder routes)
    {
        foreach (var (method, path, scope) in Routes)
        {
            var endpoint = routes.MapMethods(path, [method], () => new Problem(ProblemKind.NotImplemented, $"{method} {path} is not built yet."))
                .ExcludeFromDescription();
            if (scope is not null) endpoint.RequireScope(scope);
        }
    }
}
