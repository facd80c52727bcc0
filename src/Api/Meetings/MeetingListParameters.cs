using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>Which meetings are asked for. All that are given must match; `metadata[key]` may be given for several keys. For the API's
/// description: <see cref="TryRead"/> does the reading.</summary>
internal sealed record MeetingListParameters(
    [property: FromQuery(Name = "status"), Description("recording, stopping, processing, completed or failed")] string? Status,
    [property: FromQuery(Name = "external_id")] string? ExternalId,
    [property: FromQuery(Name = "participant"), Description("A participant's id")] string? Participant,
    [property: FromQuery(Name = "from"), Description("Started at this time or later (ISO 8601)")] string? From,
    [property: FromQuery(Name = "to"), Description("Started no later than this (ISO 8601)")] string? To,
    [property: FromQuery(Name = "q"), Description("A part of the title, without regard to case")] string? Q,
    [property: FromQuery(Name = "limit"), Description("How many at most")] string? Limit,
    [property: FromQuery(Name = "cursor"), Description("The `next_cursor` of the page before")] string? Cursor)
{
    /// <summary>Null when it is a query; else everything that is wrong. A parameter nobody knows is refused: it would have filtered nothing.</summary>
    public static Problem? TryRead(IQueryCollection parameters, out MeetingQuery query)
    {
        var fields = new QueryFields(parameters);
        query = new MeetingQuery
        {
            Status = fields.Read<MeetingStatus>("status", "must be one of recording, stopping, processing, completed, failed", ParseStatus),
            ExternalId = fields.Text("external_id"),
            Participant = fields.Text("participant"),
            From = fields.Time("from"),
            To = fields.Time("to"),
            Metadata = fields.Members("metadata"),
            Text = fields.Text("q"),
            Limit = (int)fields.Integer("limit", 50, 1, 200),
            Before = fields.Read<MeetingId>("cursor", "must be a `next_cursor` of this list", text => MeetingId.TryParse(text, out var id) ? id : null),
        };
        return fields.Refusal();
    }

    private static MeetingStatus? ParseStatus(string text) => text switch
    {
        "recording" => MeetingStatus.Recording,
        "stopping" => MeetingStatus.Stopping,
        "processing" => MeetingStatus.Processing,
        "completed" => MeetingStatus.Completed,
        "failed" => MeetingStatus.Failed,
        _ => null,
    };
}
