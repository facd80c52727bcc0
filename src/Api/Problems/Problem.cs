using Pipeline.Api.Json;

namespace Pipeline.Api.Problems;

/// <summary>One bad field.</summary>
/// <param name="Pointer">RFC 6901, into the body; or `?name` for a query parameter.</param>
internal sealed record FieldError(string Pointer, string Message);

/// <summary>A refusal as it goes out (RFC 9457).</summary>
internal sealed record ProblemDto(
    string Type, string Title, int Status, string Detail, string Instance, string Code, IReadOnlyList<FieldError> Errors, string RequestId);

/// <summary>Answers with `application/problem+json`.</summary>
internal sealed class Problem(ProblemKind kind, string detail, IReadOnlyList<FieldError>? errors = null) : IResult
{
    /// <summary>What a client should wait before it asks again; null: asking again is no use.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>`WWW-Authenticate`, which every 401 carries (RFC 9110 §15.5.2).</summary>
    public string? Challenge { get; init; }

    /// <summary>What was sent is no key that is known.</summary>
    public static Problem UnknownKey(string detail) => new(ProblemKind.Unauthenticated, detail) { Challenge = "Bearer error=\"invalid_token\"" };

    public static Problem NoSuchMeeting(string id) => new(ProblemKind.NotFound, $"There is no meeting {Shown(id)}.");

    public static Problem Missing(string what, string id) => new(ProblemKind.NotFound, $"There is no {what} {Shown(id)} in this meeting.");

    public static Problem BadQuery(IReadOnlyList<FieldError> errors) => new(ProblemKind.ValidationFailed, "Some query parameters are not valid.", errors);

    public static Problem BadHeader(string detail) => new(ProblemKind.BadRequest, detail);

    public static Problem Of(ProblemKind kind) => new(kind, kind.Title + ".");

    public Task ExecuteAsync(HttpContext context)
    {
        context.Response.StatusCode = kind.Status;
        if (Challenge is not null) context.Response.Headers.WWWAuthenticate = Challenge;
        if (RetryAfter is { } wait) context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
        var dto = new ProblemDto(
            $"urn:pipeline:problem:{kind.Code}", kind.Title, kind.Status, detail, context.Request.Path, kind.Code, errors ?? [], context.TraceIdentifier);
        return context.Response.WriteAsJsonAsync(dto, ApiJson.Default.ProblemDto, "application/problem+json", context.RequestAborted);
    }

    private static string Shown(string id) => id.Length <= 64 ? id : id[..64] + "…";
}
