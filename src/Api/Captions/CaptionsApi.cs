using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;
using Pipeline.Api.Streams;

namespace Pipeline.Api.Captions;

/// <summary>Captions as they come: server-sent events.</summary>
internal static class CaptionsApi
{
    public static void MapCaptions(this IEndpointRouteBuilder v1) =>
        v1.MapGet("/meetings/{id}/captions", Live).RequireScope(Scopes.MeetingsRead).WithName("followCaptions")
            .WithSummary("Every final so far and what is being said, then live (server-sent events, resumable)");

    private static async Task<Results<EventStream<SegmentUpdate, CaptionDto>, Problem>> Live(
        string id, [FromHeader(Name = LastEventId.Header)] string? lastEventId, Caller caller, IMeetings meetings, CancellationToken ct)
    {
        if (!LastEventId.TryRead(lastEventId, out long after)) return LastEventId.Refused;
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is null) return Problem.NoSuchMeeting(id);
        return new EventStream<SegmentUpdate, CaptionDto>(
            "caption", meetingId, stopping => meetings.CaptionsAsync(caller.Tenant, meetingId, after, stopping),
            update => ((update as SegmentUpdate.Final)?.Segment.Sequence, CaptionDto.Of(update)), ApiJson.Default.CaptionDto);
    }
}
