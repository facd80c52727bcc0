using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Captions;

/// <summary>Captions as they come: server-sent events.</summary>
internal static class CaptionsApi
{
    public static void MapCaptions(this IEndpointRouteBuilder v1) =>
        v1.MapGet("/meetings/{id}/captions", Live).RequireScope(Scopes.MeetingsRead).WithName("followCaptions")
            .WithSummary("Every final so far, then live (server-sent events, resumable)");

    private static async Task<Results<CaptionStream, Problem>> Live(
        string id, [FromHeader(Name = "Last-Event-ID")] string? lastEventId, Caller caller, IMeetings meetings, CancellationToken ct)
    {
        if (!TryReadSequence(lastEventId, out long after)) return Problem.BadHeader("`Last-Event-ID` is not an id of this stream.");
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is null) return Problem.NoSuchMeeting(id);
        return new CaptionStream(meetingId, stopping => meetings.CaptionsAsync(caller.Tenant, meetingId, after, stopping));
    }

    private static bool TryReadSequence(string? lastEventId, out long sequence)
    {
        sequence = 0;
        return string.IsNullOrEmpty(lastEventId) || long.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
    }
}
