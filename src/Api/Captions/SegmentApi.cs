using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Captions;

/// <summary>What was really said.</summary>
internal sealed record CorrectionDto([property: MinLength(1), MaxLength(SegmentApi.LongestText)] string Text);

/// <summary>One segment of a transcript: looked at, corrected.</summary>
internal static class SegmentApi
{
    /// <summary>An utterance is half a minute at most; ten minutes of the fastest speech fit.</summary>
    public const int LongestText = 10_000;

    public static async Task<Results<Ok<SegmentDto>, Problem>> Find(
        string id, string segment, Caller caller, HttpResponse response, IMeetings meetings, CancellationToken ct)
    {
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is null) return Problem.NoSuchMeeting(id);
        return SegmentId.TryParse(segment, out var segmentId) && await meetings.FindSegmentAsync(caller.Tenant, meetingId, segmentId, ct) is { } found
            ? Show(found, response)
            : Problem.Missing("segment", segment);
    }

    /// <summary>The request's token is not passed on: what was begun is stored.</summary>
    public static async Task<Results<Ok<SegmentDto>, Problem>> Correct(
        string id, string segment, Caller caller, RequestBody body, HttpContext http, IMeetings meetings)
    {
        if (TryRead(body, out string text) is { } refused) return refused;
        if (!MeetingId.TryParse(id, out var meetingId)) return Problem.NoSuchMeeting(id);
        if (!SegmentId.TryParse(segment, out var segmentId)) segmentId = default;    // no segment has that id: the meeting is looked for first

        int? revision = null;
        if (Preconditions.TryRead(http.Request, out var expected) is { } malformed) return malformed;
        if (expected is not null && await meetings.FindSegmentAsync(caller.Tenant, meetingId, segmentId, CancellationToken.None) is { } now)
        {
            if (!expected.HoldFor(Tag(SegmentDto.Of(now)))) return Changed();
            revision = now.Correction?.Revision ?? 0;
        }
        return await meetings.CorrectSegmentAsync(caller.Tenant, meetingId, segmentId, text, caller.Id, revision, CancellationToken.None) switch
        {
            CorrectSegmentResult.Corrected(var corrected) => Show(corrected, http.Response),
            CorrectSegmentResult.OtherRevision => Changed(),
            CorrectSegmentResult.Superseded(var by) => new Problem(ProblemKind.InvalidState, by.Count == 0
                ? "The refined transcript does not have this segment: nothing was heard when it was recognised once more."
                : $"The refined transcript has {string.Join(", ", by)} in the place of this segment: correct that."),
            CorrectSegmentResult.NoSuchMeeting => Problem.NoSuchMeeting(id),
            CorrectSegmentResult.NoSuchSegment => Problem.Missing("segment", segment),
            var other => throw new UnreachableException(other.ToString()),
        };
    }

    private static Problem Changed() => new(ProblemKind.PreconditionFailed, "The segment was corrected meanwhile: look at it again.");

    private static Problem? TryRead(RequestBody body, out string text)
    {
        text = "";
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is { } fields)
        {
            if (fields.RequiredText("text", LongestText) is { } read)
            {
                text = read;
                if (string.IsNullOrWhiteSpace(read)) fields.Invalid("text", "must not be blank");
            }
            fields.RefuseOthers();
        }
        return findings.Refusal();
    }

    private static Ok<SegmentDto> Show(Segment segment, HttpResponse response)
    {
        var shown = SegmentDto.Of(segment);
        response.GetTypedHeaders().ETag = Tag(shown);
        return TypedResults.Ok(shown);
    }

    private static EntityTagHeaderValue Tag(SegmentDto shown)
    {
        byte[] digest = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(shown, ApiJson.Default.SegmentDto));
        return new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(digest.AsSpan(0, 8))}\"");
    }
}
