using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Sessions;

/// <summary>For the API's description: <see cref="ViewerTokensApi"/> does the reading.</summary>
internal sealed record NewViewerTokenDto
{
    [Range(ViewerTokensApi.Shortest, ViewerTokensApi.Longest), DefaultValue(ViewerTokensApi.Default)]
    public int ExpiresS { get; init; } = ViewerTokensApi.Default;
}

/// <param name="Token">A bearer, or the token of a session.</param>
/// <param name="Url">The page's address for this meeting, the token in its fragment, which browsers send to nobody.</param>
internal sealed record ViewerTokenDto(string Token, string Url, DateTimeOffset ExpiresAt);

/// <summary>Links for people without a key: they open one meeting, to be read.</summary>
internal static class ViewerTokensApi
{
    public const int Shortest = 60;
    public const int Longest = 30 * 24 * 3600;
    public const int Default = 3600;

    public static void MapViewerTokens(this IEndpointRouteBuilder v1) =>
        v1.MapPost("/meetings/{id}/viewer_tokens", Create).RequireScope(Scopes.MeetingsRead).AnswersCredential().WithName("createViewerToken")
            .WithSummary("Make a link that opens this meeting, read-only, for a time").Accepts<NewViewerTokenDto>(isOptional: true, "application/json");

    private static async Task<Results<Created<ViewerTokenDto>, Problem>> Create(
        string id, Caller caller, RequestBody body, HttpContext http, IMeetings meetings, AccessTokens tokens, PipelineOptions options, CancellationToken ct)
    {
        if (TryRead(body, out var lifetime) is { } refused) return refused;
        if (!MeetingId.TryParse(id, out var meeting) || await meetings.FindAsync(caller.Tenant, meeting, ct) is null) return Problem.NoSuchMeeting(id);
        if (caller.Meeting is not null) return new Problem(ProblemKind.Forbidden, "A viewer's link cannot make another one.");
        if (await tokens.IssueAsync(SignedTokens.Viewer, caller, meeting, lifetime, ct) is not { } made)
            return new Problem(ProblemKind.Forbidden, "This key was just deleted.");

        http.Response.Headers.CacheControl = "no-store";
        string url = $"{PublicAddress.Of(http.Request, options)}/#/meetings/{meeting}?token={made.Text}";
        return TypedResults.Created((string?)null, new ViewerTokenDto(made.Text, url, made.Caller.ExpiresAt!.Value));
    }

    private static Problem? TryRead(RequestBody body, out TimeSpan lifetime)
    {
        lifetime = TimeSpan.FromSeconds(Default);
        if (body.Bytes.IsEmpty) return null;
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            lifetime = TimeSpan.FromSeconds(fields.Integer("expires_s", Default, Shortest, Longest));
            fields.RefuseOthers();
        }
        return findings.Refusal();
    }
}
