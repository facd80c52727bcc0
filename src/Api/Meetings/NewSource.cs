using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Api.Bodies;

namespace Pipeline.Api.Meetings;

/// <summary>A room the node watches itself, instead of being sent RTP.</summary>
internal sealed record NewSourceDto
{
    /// <summary>"janus": a room of Janus' VideoRoom.</summary>
    public required string Type { get; init; }
    /// <summary>Of Janus' WebSocket, such as wss://janus.example/ws.</summary>
    [MaxLength(NewSource.LongestUrl)]
    public required string Url { get; init; }
    /// <summary>Its number; a text where Janus has `string_ids`.</summary>
    public required JanusId Room { get; init; }
    /// <summary>The room's, where it has one: without it Janus forwards nothing.</summary>
    [MaxLength(NewSource.LongestSecret)]
    public string? Secret { get; init; }
    /// <summary>What the room asks of whoever enters.</summary>
    [MaxLength(NewSource.LongestSecret)]
    public string? Pin { get; init; }
    /// <summary>What Janus asks of every request.</summary>
    [MaxLength(NewSource.LongestSecret)]
    public string? ApiSecret { get; init; }
    /// <summary>What VideoRoom asks where forwarding is locked with its `admin_key`.</summary>
    [MaxLength(NewSource.LongestSecret)]
    public string? AdminKey { get; init; }
}

/// <summary>Reads a meeting's source. No finding repeats what was sent: it may be a secret.</summary>
internal static class NewSource
{
    public const int LongestUrl = 500;
    public const int LongestSecret = 200;
    private const int LongestRoom = 200;

    /// <summary>Null where there is none, or something is wrong.</summary>
    public static SourceSpec? Read(JsonFields meeting)
    {
        if (!meeting.TryGet("source", out var value, nullable: true) || JsonFields.Of(value, meeting.Pointer("source"), meeting.Findings) is not { } fields) return null;
        string? type = fields.RequiredText("type", longest: 100);
        if (type is not null and not SourceSpec.Janus) fields.Invalid("type", $"must be {SourceSpec.Janus}");
        string? url = ReadUrl(fields);
        var room = ReadRoom(fields);
        var secrets = new SourceSecrets(Secret("secret"), Secret("pin"), Secret("api_secret"), Secret("admin_key"));
        fields.RefuseOthers();
        return url is null || room is null ? null : new SourceSpec(url, room.Value) { Offered = secrets };

        string? Secret(string name) => fields.NullableText(name, LongestSecret, shortest: 1);
    }

    private static string? ReadUrl(JsonFields fields)
    {
        if (fields.RequiredText("url", LongestUrl) is not { } text) return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("ws" or "wss") || url.Host.Length == 0) fields.Invalid("url", "must be an address such as wss://janus.example/ws");
        else if (url.UserInfo.Length + url.Query.Length + url.Fragment.Length > 0) fields.Invalid("url", "must have no user, query or fragment: it is shown to whoever may read the meeting");
        else return text;
        return null;
    }

    private static JanusId? ReadRoom(JsonFields fields)
    {
        if (!fields.TryGet("room", out var value)) fields.Invalid("room", "is required");
        else if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number is > 0 and <= JanusId.Greatest) return JanusId.Of(number);
        else if (value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= LongestRoom } text && !text.Any(char.IsControl)) return JanusId.Of(text);
        else fields.Invalid("room", $"must be an integer from 1 to {JanusId.Greatest}, or a text of 1 to {LongestRoom} characters");
        return null;
    }
}
