using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Forms;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Problems;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Api.Minutes;

/// <summary>A meeting's minutes, once it is over.</summary>
internal static class MinutesApi
{
    private static readonly AnswerForms Forms = new(("json", "application/json"), ("md", "text/markdown"), ("html", "text/html"));

    /// <summary>A meeting that still records lasts a while; files are made in seconds; a speech engine that was away may be for long.</summary>
    private static readonly TimeSpan WhileRecording = TimeSpan.FromSeconds(60), WhileEnding = TimeSpan.FromSeconds(2), UntilTranscribed = TimeSpan.FromMinutes(5);
    /// <summary>For whoever finds too many waiting.</summary>
    private static readonly TimeSpan WhileBusy = TimeSpan.FromSeconds(5);

    public static void MapMinutes(this IEndpointRouteBuilder v1) =>
        v1.MapGet("/meetings/{id}/minutes", Find).RequireScope(Scopes.MeetingsRead).WithName("getMinutes")
            .WithSummary("The minutes as `format` (json, md, html) or `Accept` says, once the meeting is over")
            .Produces<MinutesDto>(200, "application/json", "text/markdown", "text/html")
            .AddOpenApiOperationTransformer(ApiDocument.WithTexts);

    private static async Task<IResult> Find(
        string id, string? format, Caller caller, HttpContext http, IMeetings meetings, MinutesOnDemand minutes, CancellationToken ct)
    {
        if (format is not null && !Forms.Has(format)) return Problem.BadQuery([new FieldError("?format", $"must be one of {Forms.Formats}")]);
        http.Response.Headers.Vary = "Accept";
        if ((format ?? Forms.Preferred(http.Request)) is not { } chosen)
            return new Problem(ProblemKind.NotAcceptable, $"Minutes come as {Forms.MediaTypes}.");
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, ct) is not { } meeting) return Problem.NoSuchMeeting(id);
        if (Refuse(meeting) is { } refused) return refused;
        if (await meetings.TranscriptAsync(caller.Tenant, meetingId, meeting.Transcript, ct) is not { } segments
            || await meetings.QualityAsync(caller.Tenant, meetingId, ct) is not { } quality) return Problem.NoSuchMeeting(id);

        var source = MinutesInput.Of(meeting, segments, quality);
        if (await minutes.OfAsync(source, ct) is not { } made)
            return new Problem(ProblemKind.NoCapacity, "Too many minutes are being made.") { RetryAfter = WhileBusy };
        made = made with { Note = Note(meeting, made.Note) };
        if (chosen == "json") return TypedResults.Ok(MinutesDto.Of(meetingId, meeting.Transcript, made));
        if (chosen == "html") http.Response.Headers.ContentSecurityPolicy = $"{MinutesHtml.ContentSecurityPolicy}; frame-ancestors 'none'";
        return TypedResults.Text(Write(chosen, new MinutesDocument(meeting.Spec.Title, source, made)), Forms.MediaTypeOf(chosen) + "; charset=utf-8");
    }

    /// <summary>Null where minutes can be made, and always where the ledger said that they can.</summary>
    private static Problem? Refuse(MeetingView meeting) => meeting switch
    {
        { Spec.Minutes: false } => new Problem(ProblemKind.NotFound, "No minutes were asked for when this meeting was created."),
        { Status: MeetingStatus.Recording } => NotReady("The meeting is still being recorded.", WhileRecording),
        { Status: not (MeetingStatus.Completed or MeetingStatus.Failed) } => NotReady("The meeting is being brought to its end.", WhileEnding),
        _ when !meeting.CaptionsStatus.AllowMinutes() => NotReady("The transcript is not whole yet.", UntilTranscribed),
        _ => null,
    };

    private static Problem NotReady(string detail, TimeSpan wait) => new(ProblemKind.NotReady, detail) { RetryAfter = wait };

    /// <summary>What is not there: of the transcript, which minutes cannot know, and of the minutes.</summary>
    private static string? Note(MeetingView meeting, string? made) => meeting switch
    {
        { CaptionsStatus: CaptionsStatus.Off } => "Captions were off, so there is no transcript: only who talked, and for how long.",
        { Status: MeetingStatus.Failed } => $"The meeting failed: what was said near its end may be missing. {made}".TrimEnd(),
        _ => made,
    };

    private static string Write(string format, MinutesDocument document)
    {
        using var text = new StringWriter();
        if (format == "html") MinutesHtml.Write(text, document);
        else MinutesMarkdown.Write(text, document);
        return text.ToString();
    }
}
