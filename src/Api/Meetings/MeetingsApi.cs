using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Json;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>Meetings: made, listed, looked at, changed, paused, stopped.</summary>
internal static class MeetingsApi
{
    /// <summary>How soon a client may ask a full node again. Meetings end after minutes; another node may have room at once.</summary>
    private static readonly TimeSpan FullFor = TimeSpan.FromSeconds(30);

    public static void MapMeetings(this IEndpointRouteBuilder v1)
    {
        v1.MapPost("/meetings", Create).RequireScope(Scopes.MeetingsWrite).WithName("createMeeting").WithSummary("Record a meeting")
            .Accepts<NewMeetingDto>("application/json");
        v1.MapGet("/meetings", List).RequireScope(Scopes.MeetingsRead).WithName("listMeetings").WithSummary("List meetings, newest first")
            .AddOpenApiOperationTransformer(ApiDocument.WithListParameters);
        v1.MapGet("/meetings/{id}", Find).RequireScope(Scopes.MeetingsRead).WithName("getMeeting").WithSummary("Look at a meeting")
            .Produces(StatusCodes.Status304NotModified);
        v1.MapPatch("/meetings/{id}", Change).RequireScope(Scopes.MeetingsWrite).WithName("changeMeeting").WithSummary("Change a meeting's title or metadata")
            .Accepts<MeetingChangeDto>("application/json", "application/merge-patch+json")
            .AddOpenApiOperationTransformer(ApiDocument.WithIfMatch);
        v1.MapPost("/meetings/{id}/pause", Pause).RequireScope(Scopes.MeetingsWrite).WithName("pauseMeeting")
            .WithSummary("Pause a meeting: until it is resumed nothing that is said is kept; again is harmless");
        v1.MapPost("/meetings/{id}/resume", Resume).RequireScope(Scopes.MeetingsWrite).WithName("resumeMeeting").WithSummary("Resume a paused meeting; again is harmless");
        v1.MapPost("/meetings/{id}/stop", Stop).RequireScope(Scopes.MeetingsWrite).WithName("stopMeeting").WithSummary("Stop a meeting; again is harmless");
    }

    /// <summary>The request's token is not passed on: what was begun is finished, and kept for whoever asks again with its key.</summary>
    private static async Task<Results<Created<MeetingDto>, Problem>> Create(Caller caller, RequestBody body, IMeetings meetings, PipelineOptions options)
    {
        if (NewMeeting.TryRead(body, out var spec, out var tracks) is { } refused) return refused;
        return await meetings.CreateAsync(caller.Tenant, spec, tracks, CancellationToken.None) switch
        {
            CreateMeetingResult.Created(var meeting) => TypedResults.Created($"/v1/meetings/{meeting.Id}", MeetingDto.Of(meeting, options.RtpHost)),
            CreateMeetingResult.AmbiguousTrack(var index) => TracksApi.Ambiguous(tracks[index], $"/tracks/{index}"),
            CreateMeetingResult.NoCapacity(var detail) => Full(detail),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        };
    }

    private static async Task<Results<Ok<MeetingPageDto>, Problem>> List(
        Caller caller, [AsParameters] MeetingListParameters asked, HttpRequest request, IMeetings meetings, PipelineOptions options, CancellationToken ct)
    {
        if (MeetingListParameters.TryRead(request.Query, out var query) is { } refused) return refused;
        var page = await meetings.ListAsync(caller.Tenant, query, ct);
        return TypedResults.Ok(new MeetingPageDto(
            [.. page.Meetings.Select(meeting => MeetingSummaryDto.Of(meeting, options.RtpHost))], page.Next?.ToString()));
    }

    private static async Task<Results<Ok<MeetingDto>, StatusCodeHttpResult, Problem>> Find(
        string id, Caller caller, HttpContext http, IMeetings meetings, PipelineOptions options, CancellationToken ct)
    {
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is not { } view)
            return Problem.NoSuchMeeting(id);

        var meeting = MeetingDto.Of(view, options.RtpHost);
        var tag = Tag(view, meeting);
        http.Response.GetTypedHeaders().ETag = tag;
        return IsKnown(http.Request, tag) ? TypedResults.StatusCode(StatusCodes.Status304NotModified) : TypedResults.Ok(meeting);
    }

    private static async Task<Results<Ok<MeetingDto>, Problem>> Change(
        string id, Caller caller, HttpContext http, RequestBody body, IMeetings meetings, PipelineOptions options)
    {
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        if (MeetingChange.TryRead(body, out var patch) is { } refused) return refused;
        if (Preconditions.TryRead(http.Request, out var expected) is { } malformed) return malformed;
        if (expected is not null)
        {
            if (await meetings.FindAsync(caller.Tenant, meetingId, CancellationToken.None) is not { } seen) return Problem.NoSuchMeeting(id);
            if (!expected.HoldFor(Tag(seen, MeetingDto.Of(seen, options.RtpHost)))) return Problem.Of(ProblemKind.PreconditionFailed);
            patch = patch with { OnlyAt = seen.Version };
        }
        switch (await meetings.PatchAsync(caller.Tenant, meetingId, patch, CancellationToken.None))
        {
            case PatchMeetingResult.NotFound: return Problem.NoSuchMeeting(id);
            case PatchMeetingResult.TooMuchMetadata: return MeetingChange.TooMuchMetadata;
            case PatchMeetingResult.OtherVersion: return Problem.Of(ProblemKind.PreconditionFailed);
            case PatchMeetingResult.Patched(var view):
                var meeting = MeetingDto.Of(view, options.RtpHost);
                http.Response.GetTypedHeaders().ETag = Tag(view, meeting);
                return TypedResults.Ok(meeting);
            case var other: throw new System.Diagnostics.UnreachableException(other.ToString());
        }
    }

    private static Task<Results<Ok<MeetingDto>, Problem>> Pause(string id, Caller caller, RequestBody body, IMeetings meetings, PipelineOptions options) =>
        TellAsync(id, body, options, meeting => meetings.PauseAsync(caller.Tenant, meeting, CancellationToken.None));

    private static Task<Results<Ok<MeetingDto>, Problem>> Resume(string id, Caller caller, RequestBody body, IMeetings meetings, PipelineOptions options) =>
        TellAsync(id, body, options, meeting => meetings.ResumeAsync(caller.Tenant, meeting, CancellationToken.None));

    private static async Task<Results<Ok<MeetingDto>, Problem>> TellAsync(
        string id, RequestBody body, PipelineOptions options, Func<MeetingId, Task<PauseMeetingResult>> tell)
    {
        if (JsonBody.RefuseMembers(body) is { } refused) return refused;
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        return await tell(meetingId) switch
        {
            PauseMeetingResult.Done(var meeting) => TypedResults.Ok(MeetingDto.Of(meeting, options.RtpHost)),
            PauseMeetingResult.InvalidState(var status) => new Problem(
                ProblemKind.InvalidState, $"The meeting is {status.ToString().ToLowerInvariant()}: it can be neither paused nor resumed."),
            PauseMeetingResult.NotFound => Problem.NoSuchMeeting(id),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        };
    }

    private static async Task<Results<Accepted<MeetingDto>, Problem>> Stop(string id, Caller caller, RequestBody body, IMeetings meetings, PipelineOptions options)
    {
        if (JsonBody.RefuseMembers(body) is { } refused) return refused;
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        return await meetings.StopAsync(caller.Tenant, meetingId, CancellationToken.None) switch
        {
            StopMeetingResult.Accepted(var meeting) => TypedResults.Accepted($"/v1/meetings/{meeting.Id}", MeetingDto.Of(meeting, options.RtpHost)),
            StopMeetingResult.NotFound => Problem.NoSuchMeeting(id),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        };
    }

    public static Problem Full(string detail) => new(ProblemKind.NoCapacity, detail) { RetryAfter = FullFor };

    /// <summary>The version of what was decided, and a digest of what is shown: health and status of tracks change without a decision.</summary>
    private static EntityTagHeaderValue Tag(MeetingView view, MeetingDto shown)
    {
        byte[] digest = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(shown, ApiJson.Default.MeetingDto));
        return new EntityTagHeaderValue($"\"{view.Version}-{Convert.ToHexStringLower(digest.AsSpan(0, 8))}\"");
    }

    /// <summary>RFC 9110 §13.1.2: compared weakly; `*` is any.</summary>
    private static bool IsKnown(HttpRequest request, EntityTagHeaderValue tag) =>
        request.GetTypedHeaders().IfNoneMatch.Any(known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
}
