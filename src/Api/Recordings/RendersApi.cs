using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Jobs;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Recordings;

/// <summary>Files that are asked for when a meeting is over: parts of it, other formats, only some of its people.</summary>
internal static class RendersApi
{
    /// <summary>What one takes, or so.</summary>
    private static readonly TimeSpan FullFor = TimeSpan.FromSeconds(60);

    public static void MapRenders(this IEndpointRouteBuilder v1) =>
        v1.MapPost("/meetings/{id}/renders", Create).RequireScope(Scopes.MeetingsWrite).WithName("createRender")
            .WithSummary("Have a file made of a meeting that is over").Accepts<NewRenderDto>("application/json");

    /// <summary>The request's token is not passed on: what was begun is finished, and kept for whoever asks again with its key.</summary>
    private static async Task<Results<Accepted<JobDto>, Problem>> Create(string id, Caller caller, RequestBody body, IMeetings meetings, IRenders renders)
    {
        if (!MeetingId.TryParse(id, out var meetingId) || await meetings.FindAsync(caller.Tenant, meetingId, CancellationToken.None) is not { } meeting) return Problem.NoSuchMeeting(id);
        if (Refuse(meeting) is { } early) return early;
        if (NewRender.TryRead(body, meeting, out var request) is { } refused) return refused;
        return await renders.AskAsync(caller.Tenant, meetingId, request, CancellationToken.None) switch
        {
            AskRenderResult.Queued(var job) => TypedResults.Accepted($"/v1/jobs/{job.Job.Id}", JobDto.Of(job)),
            AskRenderResult.NoSuchMeeting => Problem.NoSuchMeeting(id),
            AskRenderResult.InvalidState(var status) => NotOver(status),
            AskRenderResult.QuotaExceeded(var most) => new Problem(ProblemKind.QuotaExceeded, $"{most} renders are waiting already.") { RetryAfter = FullFor },
            AskRenderResult.NoCapacity => new Problem(ProblemKind.NoCapacity, "Too many renders are waiting on this node.") { RetryAfter = FullFor },
            var other => throw new UnreachableException(other.ToString()),
        };
    }

    /// <summary>Before the body is looked at: what fits into a meeting is known when it is over.</summary>
    private static Problem? Refuse(MeetingView meeting) =>
        meeting.Status is not (MeetingStatus.Completed or MeetingStatus.Failed) ? NotOver(meeting.Status)
        : meeting.Port == 0 || meeting.Duration < TimeSpan.FromMilliseconds(1) ? new Problem(ProblemKind.InvalidState, "Nothing of the meeting was recorded.")
        : null;

    private static Problem NotOver(MeetingStatus status) => new(ProblemKind.InvalidState, $"The meeting is {status.ToString().ToLowerInvariant()}: files can be asked for when it is over.");
}
