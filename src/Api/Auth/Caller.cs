using System.Reflection;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Auth;

/// <summary>Whose request this is. Only endpoints with a <see cref="RequiredScope"/> have one.</summary>
/// <param name="Key">The API key it was made with, or that a session or a viewer token came from.</param>
internal sealed record Caller(TenantId Tenant, IReadOnlySet<string> Scopes, KeyId Key) : IBindableFromHttpContext<Caller>
{
    /// <summary>Of the key, not the key: kept beside what it did.</summary>
    public string Id => Key.ToString();
    /// <summary>The only meeting there is for this caller; null: all of the tenant's.</summary>
    public MeetingId? Meeting { get; init; }
    /// <summary>The only file of it; null: all.</summary>
    public RecordingId? Recording { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }

    public static ValueTask<Caller?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<Caller?>(context.Features.GetRequiredFeature<Caller>());
}
