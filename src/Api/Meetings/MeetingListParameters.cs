using System.ComponentModel;
using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>Which meetings are asked for. All that are given must match; `metadata[key]` may be given for several keys.</summary>
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
    public Problem? TryRead(IQueryCollection parameters, out MeetingQuery query)
    {
        var errors = new List<FieldError>();
        var metadata = new Dictionary<string, string>();
        foreach (var (name, values) in parameters)
        {
            if (values.Count > 1) errors.Add(new FieldError($"?{name}", "is there more than once"));
            if (name.StartsWith("metadata[", StringComparison.Ordinal) && name.EndsWith(']')) metadata[name[9..^1]] = values[0] ?? "";
            else if (!IsKnown(name)) errors.Add(new FieldError($"?{name}", "is not a parameter of this"));
        }
        query = new MeetingQuery
        {
            Status = Read<MeetingStatus?>("status", Status, "must be one of recording, stopping, processing, completed, failed", ParseStatus),
            ExternalId = ExternalId,
            Participant = Participant,
            From = Read<DateTimeOffset?>("from", From, "must be a time such as 2026-01-02T03:04:05.678Z", ParseTime),
            To = Read<DateTimeOffset?>("to", To, "must be a time such as 2026-01-02T03:04:05.678Z", ParseTime),
            Metadata = metadata,
            Text = Q,
            Limit = Read<int?>("limit", Limit, "must be an integer from 1 to 200", ParseLimit) ?? 50,
            Before = Read<MeetingId?>("cursor", Cursor, "must be a `next_cursor` of this list", ParseCursor),
        };
        return errors.Count == 0 ? null : Problem.BadQuery(errors);

        T? Read<T>(string name, string? text, string otherwise, Func<string, T?> parse)
        {
            if (text is null) return default;
            if (parse(text) is { } value) return value;
            errors.Add(new FieldError($"?{name}", otherwise));
            return default;
        }
    }

    private static bool IsKnown(string name) => name is "status" or "external_id" or "participant" or "from" or "to" or "q" or "limit" or "cursor";

    private static MeetingStatus? ParseStatus(string text) => text switch
    {
        "recording" => MeetingStatus.Recording,
        "stopping" => MeetingStatus.Stopping,
        "processing" => MeetingStatus.Processing,
        "completed" => MeetingStatus.Completed,
        "failed" => MeetingStatus.Failed,
        _ => null,
    };

    /// <summary>A time without an offset is UTC.</summary>
    public static DateTimeOffset? ParseTime(string text) =>
        text.Length >= 10 && char.IsAsciiDigit(text[0])
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    public static int? ParseLimit(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= 200 ? limit : null;

    private static MeetingId? ParseCursor(string text) => MeetingId.TryParse(text, out var id) ? id : null;
}
