using System.ComponentModel;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;
using Pipeline.Api.Streams;

namespace Pipeline.Api.Events;

/// <param name="Seq">Rises within the tenant without a hole.</param>
/// <param name="Data">The meeting's id, and what else there is to say: ids and plain words, never what was spoken.</param>
internal sealed record EventDto(string Id, long Seq, string Type, DateTimeOffset Timestamp, JsonElement Data)
{
    public static EventDto Of(LedgerEvent happened) =>
        new(happened.Id, happened.Seq, happened.Type, happened.Timestamp, JsonElement.Parse(happened.Data));
}

/// <param name="NextCursor">The `after` of the next page; null where there is none yet.</param>
internal sealed record EventPageDto(IReadOnlyList<EventDto> Data, string? NextCursor);

/// <summary>The ledger: what happened, to all meetings of a tenant or as it comes to one.</summary>
internal static class EventsApi
{
    public static void MapEvents(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/events", List).RequireScope(Scopes.MeetingsRead).WithName("listEvents").WithSummary("What happened to all meetings, in order");
        v1.MapGet("/meetings/{id}/events", Live).RequireScope(Scopes.MeetingsRead).WithName("followEvents")
            .WithSummary("What happened to a meeting so far, then live (server-sent events, resumable)");
    }

    private static async Task<Results<Ok<EventPageDto>, Problem>> List(
        [FromQuery, Description("The `seq` of the last event that is known")] string? after, [FromQuery, Description("How many at most")] string? limit,
        Caller caller, HttpRequest request, IMeetings meetings, CancellationToken ct)
    {
        var query = new QueryFields(request.Query);
        long from = query.Integer("after", 0, 0, long.MaxValue);
        int most = (int)query.Integer("limit", 50, 1, 200);
        if (query.Refusal() is { } refused) return refused;

        var found = await meetings.LedgerAsync(caller.Tenant, from, most + 1, ct);
        EventDto[] page = [.. found.Take(most).Select(EventDto.Of)];
        return TypedResults.Ok(new EventPageDto(page, found.Count > most ? page[^1].Seq.ToString() : null));
    }

    private static async Task<Results<EventStream<LedgerEvent, EventDto>, Problem>> Live(
        string id, [FromHeader(Name = LastEventId.Header)] string? lastEventId, Caller caller, IMeetings meetings, CancellationToken ct)
    {
        if (!LastEventId.TryRead(lastEventId, out long after)) return LastEventId.Refused;
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is null) return Problem.NoSuchMeeting(id);
        return new EventStream<LedgerEvent, EventDto>(
            "event", meetingId, stopping => meetings.EventsAsync(caller.Tenant, meetingId, after, stopping),
            happened => (happened.Seq, EventDto.Of(happened)), ApiJson.Default.EventDto);
    }
}
