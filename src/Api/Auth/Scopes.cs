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
    /// <summary>All that a session or a viewer token may hold.</summary>
    public static readonly IReadOnlyList<string> ReadOnly = [MeetingsRead, ArchiveRead];
}

/// <summary>Marks an endpoint that answers only a caller with this scope; null: any caller.</summary>
internal sealed record RequiredScope(string? Scope);

/// <summary>Marks an endpoint that lets in who has a link to what it answers.</summary>
internal sealed record LinkedContent;

internal static class RequiredScopeExtensions
{
    public static TBuilder TakesLinks<TBuilder>(this TBuilder endpoints) where TBuilder : IEndpointConventionBuilder => endpoints.WithMetadata(new LinkedContent());

    public static TBuilder RequireScope<TBuilder>(this TBuilder endpoints, string scope) where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new RequiredScope(scope));

    public static TBuilder RequireCaller<TBuilder>(this TBuilder endpoints) where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new RequiredScope(null));
}
