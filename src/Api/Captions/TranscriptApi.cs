using System.Text.Json.Serialization;
using Microsoft.Net.Http.Headers;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Meetings;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Problems;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Api.Captions;

internal sealed record EngineDto(string Name, string Model, string Sha256);

/// <summary>What one track said in one utterance. The last three members are there once it was corrected.</summary>
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

    public static SegmentDto Of(Segment segment) => new(
        segment.Id.ToString(), SpeakerDto.Of(segment.Participant), segment.Track.ToString(),
        Milliseconds.Of(segment.Start), Milliseconds.Of(segment.End), segment.Text, WordDto.Of(segment.Words))
    {
        CorrectedBy = segment.Correction?.By,
        CorrectedAt = segment.Correction?.At,
        OriginalText = segment.Correction?.OriginalText,
    };
}

/// <param name="Engine">What made the words; null where no speech model is set.</param>
/// <param name="Segments">By `start_ms`.</param>
internal sealed record TranscriptDto(string MeetingId, string Version, string Language, EngineDto? Engine, IReadOnlyList<SegmentDto> Segments);

/// <summary>What was said, in every form it comes in.</summary>
internal static class TranscriptApi
{
    private static readonly (string Format, string MediaType)[] Forms =
        [("json", "application/json"), ("vtt", "text/vtt"), ("srt", "application/x-subrip"), ("txt", "text/plain")];

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
        if ((format ?? Preferred(http.Request)) is not { } chosen)
            return new Problem(ProblemKind.NotAcceptable, $"A transcript comes as {string.Join(", ", Forms.Select(form => form.MediaType))}.");
        if (!MeetingId.TryParse(id, out var meetingId)
            || await meetings.FindAsync(caller.Tenant, meetingId, ct) is not { } meeting
            || await meetings.TranscriptAsync(caller.Tenant, meetingId, ct) is not { } segments) return Problem.NoSuchMeeting(id);
        if (version == "refined") return new Problem(ProblemKind.NotFound, "There is no refined transcript of this meeting.");

        if (chosen != "json") return TypedResults.Text(TranscriptFormats.Write(chosen, Lines(segments)), MediaTypeOf(chosen) + "; charset=utf-8");
        var engine = meetings.Engine is { } made ? new EngineDto(made.Name, made.Model, made.Sha256) : null;
        return TypedResults.Ok(new TranscriptDto(
            meetingId.ToString(), "live", LanguageOf(meeting, segments), engine, [.. segments.Select(SegmentDto.Of)]));
    }

    private static Problem? RefuseQuery(string? format, string? version)
    {
        var errors = new List<FieldError>();
        if (format is not null && !Forms.Any(form => form.Format == format)) errors.Add(new FieldError("?format", "must be one of json, vtt, srt, txt"));
        if (version is not (null or "live" or "refined")) errors.Add(new FieldError("?version", "must be one of live, refined"));
        return errors.Count == 0 ? null : Problem.BadQuery(errors);
    }

    /// <summary>The form that `Accept` likes best, JSON where it does not care; null when it wants none of ours.</summary>
    private static string? Preferred(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0) return "json";
        return accepted.Where(type => type.Quality is not 0)
            .OrderByDescending(type => type, MediaTypeHeaderValueComparer.QualityComparer)
            .Select(type => Forms.FirstOrDefault(form => new MediaTypeHeaderValue(form.MediaType).IsSubsetOf(Plain(type))).Format)
            .FirstOrDefault(format => format is not null);
    }

    /// <summary>Without parameters: a charset or a profile does not make it another form.</summary>
    private static MediaTypeHeaderValue Plain(MediaTypeHeaderValue type) => new(type.MediaType);

    private static string MediaTypeOf(string format) => Forms.First(form => form.Format == format).MediaType;

    private static IReadOnlyList<TranscriptLine> Lines(IReadOnlyList<Segment> segments) =>
        [.. segments.Select(segment => new TranscriptLine(segment.Id.ToString(), segment.Participant.Name, segment.Start, segment.End, segment.Text))];

    /// <summary>The language that was asked for; under "auto" the one most was said in.</summary>
    private static string LanguageOf(MeetingView meeting, IReadOnlyList<Segment> segments) =>
        meeting.Spec.Language != "auto" || segments.Count == 0
            ? meeting.Spec.Language
            : segments.CountBy(segment => segment.Language).MaxBy(count => count.Value).Key;
}
