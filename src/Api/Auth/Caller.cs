using System.Reflection;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Auth;

/// <summary>What a key may do. `admin` is one scope among them, not all of them.</summary>
internal static class Scopes
{
    public const string MeetingsWrite = "meetings:write";
    public const string MeetingsRead = "meetings:read";
    public const string ArchiveRead = "archive:read";
    public const string ArchiveHold = "archive:hold";
    public const string ArchiveErase = "archive:erase";
    public const string WebhooksWrite = "webhooks:write";
    public const string Admin = "admin";

    public static readonly IReadOnlyList<string> All = [MeetingsWrite, MeetingsRead, ArchiveRead, ArchiveHold, ArchiveErase, WebhooksWrite, Admin];
}

/// <summary>Marks an endpoint that answers only a caller with this scope.</summary>
internal sealed record RequiredScope(string Scope);

internal static class RequiredScopeExtensions
{
    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoints, string scope) where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new RequiredScope(scope));
}

/// <summary>Whose request this is. Only endpoints with a <see cref="RequiredScope"/> have one.</summary>
internal sealed record Caller(TenantId Tenant, IReadOnlySet<string> Scopes) : IBindableFromHttpContext<Caller>
{
    /// <summary>The key's id, which stays when the key is renamed: kept beside what it did.</summary>
    public string Id { get; init; } = "key_admin";

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<Caller?>(context.Features.GetRequiredFeature<Caller>());
}
