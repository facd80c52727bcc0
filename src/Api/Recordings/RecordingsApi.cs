using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Problems;
using Pipeline.Ingest.Recording;

namespace Pipeline.Api.Recordings;

/// <summary>What was asked for, of a file that was made on demand.</summary>
internal sealed record RenderDto
{
    /// <summary>"grid", "speaker" or "screen"; null: sound alone.</summary>
    public required RenderLayout? Layout { get; init; }
    /// <summary>Ids; null: everybody.</summary>
    public required IReadOnlyList<string>? Participants { get; init; }
    public required long FromMs { get; init; }
    public required long ToMs { get; init; }
    public required int? Width { get; init; }
    public required int? Height { get; init; }
    public required RenderFormat Format { get; init; }

    public static RenderDto Of(RenderRequest asked) => new()
    {
        Layout = asked.Layout,
        Participants = asked.Participants,
        FromMs = Milliseconds.Of(asked.From),
        ToMs = Milliseconds.Of(asked.To),
        Width = asked.Layout is null ? null : asked.Width,
        Height = asked.Layout is null ? null : asked.Height,
        Format = asked.Format,
    };
}

/// <summary>One file of a meeting.</summary>
internal sealed record RecordingDto
{
    public required string Id { get; init; }
    /// <summary>"mix", "track", "video", "waveform" or "thumbnail".</summary>
    public required string Kind { get; init; }
    /// <summary>"audio", "video" or "image"; of a waveform's numbers "data".</summary>
    public required string Media { get; init; }
    public required string? TrackId { get; init; }
    public required string ContentType { get; init; }
    public required string Codec { get; init; }
    public required long Bytes { get; init; }
    public required long DurationMs { get; init; }
    public required long StartMs { get; init; }
    public required string Sha256 { get; init; }
    /// <summary>Integrated (EBU R128), in LUFS; null where it was not measured, or there is nothing to be heard.</summary>
    public required double? LoudnessLufs { get; init; }
    /// <summary>Null: one of the files every meeting has.</summary>
    public required RenderDto? Render { get; init; }
    public required string Url { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    public static RecordingDto Of(Recording file) => new()
    {
        Id = file.Id.ToString(),
        Kind = file.Kind,
        Media = IsImage(file) ? "image" : file.Kind == "waveform" ? "data" : IsVideo(file) ? "video" : "audio",
        TrackId = file.Track?.ToString(),
        ContentType = file.ContentType,
        Codec = file.Codec,
        Bytes = file.Bytes,
        DurationMs = Milliseconds.Of(file.Duration),
        StartMs = file.Render is { } part ? Milliseconds.Of(part.From) : 0,
        Sha256 = file.Sha256,
        LoudnessLufs = file.Loudness is { } loudness ? Math.Round(loudness, 1) : null,
        Render = file.Render is { } asked ? RenderDto.Of(asked) : null,
        Url = $"/v1/meetings/{file.Meeting}/recordings/{file.Id}/content",
        CreatedAt = file.CreatedAt,
    };

    private static bool IsImage(Recording file) => file.ContentType.StartsWith("image/", StringComparison.Ordinal);

    public static bool IsVideo(Recording file) => file.ContentType.StartsWith("video/", StringComparison.Ordinal);
}

internal sealed record RecordingsDto(IReadOnlyList<RecordingDto> Data);

/// <summary>A meeting's files, and their bytes. Files are served by id only: no path comes in or goes out.</summary>
internal static class RecordingsApi
{
    private static readonly string[] Types = ["audio/mp4", "audio/ogg", "audio/flac", "audio/wav", "video/webm", "video/mp4", "application/json", "image/jpeg", "image/png"];

    public static void MapRecordings(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/meetings/{id}/recordings", List).RequireScope(Scopes.MeetingsRead).WithName("listRecordings").WithSummary("A meeting's files");
        v1.MapMethods("/meetings/{id}/recordings/{recording}/content", ["GET"], Content).RequireScope(Scopes.ArchiveRead).TakesLinks().WithName("getRecordingContent")
            .WithSummary("A file's bytes, whole or a range").Produces<Stream>(200, Types[0], Types[1..]).Produces<Stream>(206, Types[0], Types[1..]);
        v1.MapMethods("/meetings/{id}/recordings/{recording}/content", ["HEAD"], Content).RequireScope(Scopes.ArchiveRead).TakesLinks().WithName("headRecordingContent")
            .WithSummary("A file's headers").Produces(200);
    }

    private static async Task<Results<Ok<RecordingsDto>, Problem>> List(string id, Caller caller, IMeetings meetings, CancellationToken ct) =>
        MeetingId.TryParse(id, out var meetingId) && await meetings.RecordingsAsync(caller.Tenant, meetingId, ct) is { } files
            ? TypedResults.Ok(new RecordingsDto([.. files.Select(RecordingDto.Of)]))
            : Problem.NoSuchMeeting(id);

    private static async Task<IResult> Content(string id, string recording, Caller caller, IMeetings meetings, CancellationToken ct)
    {
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is not { } meeting) return Problem.NoSuchMeeting(id);
        if (!RecordingId.TryParse(recording, out var recordingId) || await meetings.FindRecordingAsync(caller.Tenant, meetingId, recordingId, ct) is not { } file)
            return Problem.Missing("recording", recording);
        if (meetings.OpenRecording(file) is not { } content) return new Problem(ProblemKind.InternalError, "The file is missing on this node's disk, or damaged.");
        return new RecordingContent(TypedResults.Stream(
            content, file.ContentType, FileName(meeting, file),
            lastModified: null, entityTag: new EntityTagHeaderValue($"\"{file.Sha256}\""), enableRangeProcessing: true));
    }

    /// <summary>`Weekly sync - Alice.ogg`, with only what file systems like in a name.</summary>
    private static string FileName(MeetingView meeting, Recording file)
    {
        string title = meeting.Spec.Title.Length > 0 ? meeting.Spec.Title : meeting.Id.ToString();
        var spec = meeting.Tracks.FirstOrDefault(view => view.Track.Id == file.Track)?.Track.Spec;
        string part = spec is null ? file.Track?.ToString() ?? file.Kind : spec.Kind == "video" ? $"{spec.Participant.Name} - {spec.Source}" : spec.Participant.Name;
        return $"{Tame(title)} - {Tame(part)}.{Extension(file.ContentType)}";
    }

    private static string Tame(string text)
    {
        var tame = new StringBuilder();
        foreach (var rune in text.EnumerateRunes().Take(80))
            tame.Append(Rune.IsLetterOrDigit(rune) || rune.Value is ' ' or '-' or '_' or '.' ? rune.ToString() : "_");
        return tame.ToString().Trim(' ', '.') is { Length: > 0 } name ? name : "_";
    }

    private static string Extension(string contentType) => contentType switch
    {
        "audio/mp4" => "m4a",
        "audio/ogg" => "ogg",
        "audio/flac" => "flac",
        "audio/wav" => "wav",
        "video/webm" => "webm",
        "video/mp4" => "mp4",
        "application/json" => "json",
        "image/jpeg" => "jpg",
        "image/png" => "png",
        _ => "bin",
    };
}

/// <summary>A file's bytes; a range outside them is refused as a problem, with the file's length in `Content-Range`.</summary>
internal sealed class RecordingContent(FileStreamHttpResult file) : IResult
{
    public async Task ExecuteAsync(HttpContext context)
    {
        // RFC 9110 §14.2: a unit we do not know is passed over; the framework would take any for bytes.
        var range = context.Request.Headers.Range;
        if (range.Count > 0 && !range.ToString().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase)) context.Request.Headers.Remove("Range");

        await file.ExecuteAsync(context);
        var response = context.Response;
        if (response.StatusCode != StatusCodes.Status416RangeNotSatisfiable || response.HasStarted) return;
        response.ContentLength = null;
        response.Headers.ContentDisposition = default;
        await Problem.Of(ProblemKind.RangeNotSatisfiable).ExecuteAsync(context);
    }
}
