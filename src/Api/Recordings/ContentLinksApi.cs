using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;
using Pipeline.Api.Sessions;

namespace Pipeline.Api.Recordings;

/// <summary>For the API's description: <see cref="ContentLinksApi"/> does the reading.</summary>
internal sealed record NewContentLinkDto
{
    public required string RecordingId { get; init; }
    [Range(ContentLinksApi.Shortest, ContentLinksApi.Longest), DefaultValue(ContentLinksApi.Longest)]
    public int ExpiresS { get; init; } = ContentLinksApi.Longest;
}

/// <param name="Url">The file's content, for whoever has it.</param>
internal sealed record ContentLinkDto(string Url, DateTimeOffset ExpiresAt);

/// <summary>Addresses for players, which send no headers of ours: each opens one file, to be read, for a time.</summary>
internal static class ContentLinksApi
{
    public const int Shortest = 1;
    public const int Longest = 3600;

    public static void MapContentLinks(this IEndpointRouteBuilder v1) =>
        v1.MapPost("/meetings/{id}/content_links", Create).RequireScope(Scopes.ArchiveRead).AnswersCredential().WithName("createContentLink")
            .WithSummary("Make an address that opens one file without a key, for a time").Accepts<NewContentLinkDto>("application/json");

    private static async Task<Results<Created<ContentLinkDto>, Problem>> Create(
        string id, Caller caller, RequestBody body, HttpContext http, IMeetings meetings, AccessTokens tokens, PipelineOptions options, CancellationToken ct)
    {
        if (!MeetingId.TryParse(id, out var meeting) || await meetings.FindAsync(caller.Tenant, meeting, ct) is null) return Problem.NoSuchMeeting(id);
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        var (recording, lifetime) = (default(RecordingId), TimeSpan.Zero);
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            lifetime = TimeSpan.FromSeconds(fields.Integer("expires_s", Longest, Shortest, Longest));
            if (fields.RequiredText("recording_id", longest: 64) is { } text
                && (!RecordingId.TryParse(text, out recording) || await meetings.FindRecordingAsync(caller.Tenant, meeting, recording, ct) is null))
                fields.Invalid("recording_id", "is no file of this meeting");
            fields.RefuseOthers();
        }
        if (findings.Refusal() is { } wrong) return wrong;
        if (await tokens.IssueLinkAsync(caller, meeting, recording, lifetime, ct) is not { } made)
            return new Problem(ProblemKind.Forbidden, "This key was just deleted.");

        http.Response.Headers.CacheControl = "no-store";
        string url = $"{PublicAddress.Of(http.Request, options)}/v1/meetings/{meeting}/recordings/{recording}/content?{Credential.Link}={made.Text}";
        return TypedResults.Created((string?)null, new ContentLinkDto(url, made.Caller.ExpiresAt!.Value));
    }
}
