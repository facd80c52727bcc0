using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Forms;
using Pipeline.Api.Json;
using Pipeline.Api.Meetings;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Problems;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Api.Captions;

internal sealed record EngineDto(string Name, string Model, string Sha256);

/// <summary>What one track said in one utterance. Corrections and what it replaces are there where there are any.</summary>
internal sealed record SegmentDto(
    string Id, SpeakerDto Participant, string TrackId, long StartMs, long EndMs, string Text, IReadOnlyList<WordDto> Words)
{
    /// <summary>The id of the key that corrected it last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CorrectedBy { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DateTimeOffset? CorrectedAt { get; init; }
    /// <summary>As it was recognised, however often it was corrected.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OriginalText { get; init; }
    /// <summary>Ids of live segments that the refined transcript has it in the place of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Replaces { get; init; }

    public static SegmentDto Of(Segment segment) => new(
        segment.Id.ToString(), SpeakerDto.Of(segment.Participant), segment.Track.ToString(),
        Milliseconds.Of(segment.Start), Milliseconds.Of(segment.End), segment.Text, WordDto.Of(segment.Words))
    {
        CorrectedBy = segment.Correction?.By,
        CorrectedAt = segment.Correction?.At,
        OriginalText = segment.Correction?.OriginalText,
        Replaces = segment.Replaces.Count == 0 ? null : [.. segment.Replaces.Select(id => id.ToString())],
    };
}

/// <param name="Engine">What made the words; null where no speech model is set.</param>
/// <param name="Segments">By `start_ms`.</param>
internal sealed record TranscriptDto(string MeetingId, string Version, string Language, EngineDto? Engine, IReadOnlyList<SegmentDto> Segments);

/// <summary>What was said, in every form it comes in.</summary>
internal static class TranscriptApi
{
    private static readonly AnswerForms Forms = new(("json", "application/json"), ("vtt", "text/vtt"), ("srt", "application/x-subrip"), ("txt", "text/plain"));

    public static void MapTranscript(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/meetings/{id}/transcript", Find).RequireScope(Scopes.MeetingsRead).WithName("getTranscript")
            .WithSummary("The transcript as `format` (json, vtt, srt, txt) or `Accept` says")
            .Produces<TranscriptDto>(200, "application/json", "text/vtt", "application/x-subrip", "text/plain")
            .AddOpenApiOperationTransformer(ApiDocument.WithTexts);
        v1.MapGet("/meetings/{id}/transcript/segments/{segment}", SegmentApi.Find).RequireScope(Scopes.MeetingsRead).WithName("getSegment").WithSummary("One segment");
        v1.MapPatch("/meetings/{id}/transcript/segments/{segment}", SegmentApi.Correct).RequireScope(Scopes.MeetingsWrite).WithName("correctSegment")
            .WithSummary("Correct what was recognised; the original is kept beside it").Accepts<CorrectionDto>("application/json");
    }

    private static async Task<IResult> Find(
        string id, string? format, string? version, Caller caller, HttpContext http, IMeetings meetings, CancellationToken ct)
    {
        if (RefuseQuery(format, version) is { } refused) return refused;
        http.Response.Headers.Vary = "Accept";
        if ((format ?? Forms.Preferred(http.Request)) is not { } chosen)
            return new Problem(ProblemKind.NotAcceptable, $"A transcript comes as {Forms.MediaTypes}.");
        if (!MeetingId.TryParse(id, out var meetingId)
            || await meetings.FindAsync(caller.Tenant, meetingId, ct) is not { } meeting) return Problem.NoSuchMeeting(id);
        if (version == "refined" && meeting.Transcript == TranscriptVersion.Live)
            return new Problem(ProblemKind.NotFound, "There is no refined transcript of this meeting, or not yet.");
        var told = version == "live" ? TranscriptVersion.Live : meeting.Transcript;
        if (await meetings.TranscriptAsync(caller.Tenant, meetingId, told, ct) is not { } segments) return Problem.NoSuchMeeting(id);

        if (chosen != "json") return TypedResults.Text(TranscriptFormats.Write(chosen, Lines(segments)), Forms.MediaTypeOf(chosen) + "; charset=utf-8");
        var engine = meetings.Engine is { } made ? new EngineDto(made.Name, made.Model, made.Sha256) : null;
        return TypedResults.Ok(new TranscriptDto(
            meetingId.ToString(), Name(told), SpokenLanguage.Of(meeting.Spec, segments), engine, [.. segments.Select(SegmentDto.Of)]));
    }

    /// <summary>As `version` has it.</summary>
    public static string Name(TranscriptVersion version) => version == TranscriptVersion.Refined ? "refined" : "live";

    private static Problem? RefuseQuery(string? format, string? version)
    {
        var errors = new List<FieldError>();
        if (format is not null && !Forms.Has(format)) errors.Add(new FieldError("?format", $"must be one of {Forms.Formats}"));
        if (version is not (null or "live" or "refined")) errors.Add(new FieldError("?version", "must be one of live, refined"));
        return errors.Count == 0 ? null : Problem.BadQuery(errors);
    }

    private static IReadOnlyList<TranscriptLine> Lines(IReadOnlyList<Segment> segments) =>
        [.. segments.Select(segment => new TranscriptLine(segment.Id.ToString(), segment.Participant.Name, segment.Start, segment.End, segment.Text))];
}
