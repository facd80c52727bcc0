using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Sessions;

/// <summary>For the API's description: <see cref="SessionsApi"/> does the reading.</summary>
internal sealed record NewSessionDto
{
    /// <summary>An API key or a viewer token.</summary>
    [Required]
    public string Token { get; init; } = "";
}

/// <param name="Meeting">The only meeting there is for this caller; null: all of the tenant's.</param>
/// <param name="ExpiresAt">Null: never.</param>
internal sealed record SessionDto(string Tenant, IReadOnlyList<string> Scopes, string? Meeting, DateTimeOffset? ExpiresAt)
{
    public static SessionDto Of(Caller caller) => new(
        caller.Tenant.Value, [.. Auth.Scopes.All.Where(caller.Scopes.Contains)], caller.Meeting?.ToString(), caller.ExpiresAt);
}

/// <summary>A browser's way in: a key or a viewer token is changed for a cookie that reads and changes nothing.</summary>
internal static class SessionsApi
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);
    private const int LongestToken = 4096;

    public static void MapSessions(this IEndpointRouteBuilder v1)
    {
        v1.MapPost("/session", Begin).AnswersCredential().WithName("beginSession").WithSummary("Change an API key or a viewer token for a read-only cookie of 8 hours")
            .Accepts<NewSessionDto>("application/json");
        v1.MapGet("/session", (Caller caller) => TypedResults.Ok(SessionDto.Of(caller))).RequireCaller().WithName("getSession").WithSummary("Who one is");
        v1.MapDelete("/session", End).WithName("endSession").WithSummary("Take the cookie back");
    }

    private static async Task<Results<Ok<SessionDto>, Problem>> Begin(
        RequestBody body, HttpContext http, Callers callers, AccessTokens tokens, CancellationToken ct)
    {
        if (TryRead(body, out string token) is { } refused) return refused;
        if (await callers.IdentifyBearerAsync(token, ct) is not { } caller) return Unknown();
        if (!Scopes.ReadOnly.Any(caller.Scopes.Contains)) return new Problem(ProblemKind.Forbidden, "This key may read nothing.");
        if (await tokens.IssueAsync(SignedTokens.Session, caller, null, Lifetime, ct) is not { } session) return Unknown();

        http.Response.Headers.CacheControl = "no-store";
        http.Response.Cookies.Append(Credential.Cookie, session.Text, Options(http.Request, Lifetime));
        return TypedResults.Ok(SessionDto.Of(session.Caller));
    }

    /// <summary>For everybody: whoever is not signed in can sign out.</summary>
    private static NoContent End(HttpContext http)
    {
        http.Response.Cookies.Delete(Credential.Cookie, Options(http.Request, null));
        return TypedResults.NoContent();
    }

    private static CookieOptions Options(HttpRequest request, TimeSpan? lifetime) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Path = "/",
        MaxAge = lifetime,
        Secure = PublicAddress.SchemeOf(request) == "https",
    };

    private static Problem? TryRead(RequestBody body, out string token)
    {
        token = "";
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            token = fields.RequiredText("token", LongestToken) ?? "";
            fields.RefuseOthers();
        }
        return findings.Refusal();
    }

    private static Problem Unknown() => Problem.UnknownKey("This node does not know that key, or the link has expired.");
}
