using Pipeline.Actors.Meetings;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Auth;

/// <summary>
/// Lets a request through to an endpoint with a <see cref="RequiredScope"/> only from a caller who has it; and a caller of one meeting
/// only to paths below that meeting, one of a file only to that. No endpoint has to think of any of this.
/// </summary>
internal sealed class Authentication(RequestDelegate next, Callers callers)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is { } endpoint && endpoint.Metadata.GetMetadata<RequiredScope>() is { } required
            && await RefuseAsync(context, endpoint, required.Scope) is { } refused) await refused.ExecuteAsync(context);
        else await next(context);
    }

    /// <summary>Null when the caller is known and may do this.</summary>
    private async ValueTask<Problem?> RefuseAsync(HttpContext context, Endpoint endpoint, string? scope)
    {
        if (Credential.Of(context.Request, endpoint.Metadata.GetMetadata<LinkedContent>() is not null) is not { } credential)
            return new Problem(ProblemKind.Unauthenticated, "Send `Authorization: Bearer` and an API key.") { Challenge = "Bearer" };
        if (await callers.IdentifyAsync(credential, context.RequestAborted) is not { } caller)
            return Problem.UnknownKey(credential.Kind switch
            {
                CredentialKind.Cookie => "This session is over: sign in again.",
                CredentialKind.Link => "This link is over: ask for another one.",
                _ => "This node does not know that key.",
            });
        context.Features.Set(caller);
        return Refuse(caller, endpoint, context.Request, scope);
    }

    private static Problem? Refuse(Caller caller, Endpoint endpoint, HttpRequest request, string? scope)
    {
        if (caller.Meeting is { } only && scope is not null)
        {
            if ((endpoint as RouteEndpoint)?.RoutePattern.RawText?.StartsWith("/v1/meetings/{id}", StringComparison.Ordinal) is not true)
                return new Problem(ProblemKind.Forbidden, $"This key is for {only} alone.");
            string id = (string)request.RouteValues["id"]!;
            if (!MeetingId.TryParse(id, out var asked) || asked != only) return Problem.NoSuchMeeting(id);
        }
        if (caller.Recording is { } file && (string?)request.RouteValues["recording"] is var named && !(RecordingId.TryParse(named, out var recording) && recording == file))
            return Problem.Missing("recording", named ?? "");
        return scope is null || caller.Scopes.Contains(scope) ? null : new Problem(ProblemKind.Forbidden, $"This needs the scope {scope}.");
    }
}
