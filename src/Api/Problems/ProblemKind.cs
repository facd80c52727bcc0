namespace Pipeline.Api.Problems;

/// <summary>Why a request was refused: the word programs branch on, and the status it always has. The only place that pairs them.</summary>
internal sealed record ProblemKind(string Code, int Status, string Title)
{
    public static readonly ProblemKind BadRequest = new("bad_request", 400, "The request cannot be understood");
    public static readonly ProblemKind MalformedJson = new("malformed_json", 400, "The body is not JSON");
    public static readonly ProblemKind Unauthenticated = new("unauthenticated", 401, "No valid key was sent");
    public static readonly ProblemKind Forbidden = new("forbidden", 403, "The key does not allow this");
    public static readonly ProblemKind NotFound = new("not_found", 404, "There is nothing here");
    public static readonly ProblemKind MethodNotAllowed = new("method_not_allowed", 405, "This path has other methods");
    public static readonly ProblemKind NotAcceptable = new("not_acceptable", 406, "There is no such form of it");
    public static readonly ProblemKind InvalidState = new("invalid_state", 409, "The meeting's state does not allow it");
    public static readonly ProblemKind NotReady = new("not_ready", 409, "It is not there yet");
    public static readonly ProblemKind IdempotencyInFlight = new("idempotency_in_flight", 409, "The first request with this key is still running");
    public static readonly ProblemKind PreconditionFailed = new("precondition_failed", 412, "It is not the version that was expected");
    public static readonly ProblemKind BodyTooLarge = new("body_too_large", 413, "The body is over 1 MiB");
    public static readonly ProblemKind UnsupportedMediaType = new("unsupported_media_type", 415, "The body is of another type than is taken here");
    public static readonly ProblemKind RangeNotSatisfiable = new("range_not_satisfiable", 416, "The range lies outside the file");
    public static readonly ProblemKind ValidationFailed = new("validation_failed", 422, "Some fields are not valid");
    public static readonly ProblemKind AmbiguousTrack = new("ambiguous_track", 422, "Two tracks cannot be told apart");
    public static readonly ProblemKind IdempotencyMismatch = new("idempotency_mismatch", 422, "This key was used for another request");
    public static readonly ProblemKind QuotaExceeded = new("quota_exceeded", 429, "There is as much of it as there may be");
    public static readonly ProblemKind InternalError = new("internal_error", 500, "Something went wrong here");
    public static readonly ProblemKind NotImplemented = new("not_implemented", 501, "This is not built yet");
    public static readonly ProblemKind Unavailable = new("unavailable", 503, "It cannot be answered right now");
    public static readonly ProblemKind NoCapacity = new("no_capacity", 503, "The node is full");

    /// <summary>The kind of an answer that something below us gave without a body, such as routing or Kestrel.</summary>
    public static ProblemKind OfStatus(int status) => status switch
    {
        401 => Unauthenticated,
        403 => Forbidden,
        404 => NotFound,
        405 => MethodNotAllowed,
        406 => NotAcceptable,
        412 => PreconditionFailed,
        413 => BodyTooLarge,
        415 => UnsupportedMediaType,
        416 => RangeNotSatisfiable,
        429 => QuotaExceeded,
        501 => NotImplemented,
        503 => NoCapacity,
        < 500 => BadRequest with { Status = status },
        _ => InternalError,
    };
}
