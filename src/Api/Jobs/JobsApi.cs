using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;
using Pipeline.Api.Recordings;

namespace Pipeline.Api.Jobs;

/// <summary>Why a job came to nothing.</summary>
/// <param name="Code">A stable word.</param>
internal sealed record JobErrorDto(string Code, string Detail);

/// <summary>Long work, on its way.</summary>
internal sealed record JobDto
{
    public required string Id { get; init; }
    /// <summary>"render".</summary>
    public required string Kind { get; init; }
    public required string MeetingId { get; init; }
    public required JobStatus Status { get; init; }
    /// <summary>0 … 1.</summary>
    public required double Progress { get; init; }
    /// <summary>The file, of a completed job.</summary>
    public required RecordingDto? Result { get; init; }
    /// <summary>Of a failed job; and of one that is queued again, why the last attempt failed.</summary>
    public required JobErrorDto? Error { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset? EndedAt { get; init; }

    public static JobDto Of(JobView view) => new()
    {
        Id = view.Job.Id.ToString(),
        Kind = "render",
        MeetingId = view.Job.Meeting.ToString(),
        Status = view.Job.Status,
        Progress = Math.Round(view.Progress, 3),
        Result = view.Result is { } file ? RecordingDto.Of(file) : null,
        Error = view.Job.Error is { } error ? new JobErrorDto(error.Code, error.Detail) : null,
        CreatedAt = view.Job.CreatedAt,
        EndedAt = view.Job.EndedAt,
    };
}

/// <summary>What was begun and takes long.</summary>
internal static class JobsApi
{
    public static void MapJobs(this IEndpointRouteBuilder v1)
    {
        v1.MapGet("/jobs/{job}", Find).RequireScope(Scopes.MeetingsRead).WithName("getJob").WithSummary("How far a job is, and what came of it");
        v1.MapPost("/jobs/{job}/cancel", Cancel).RequireScope(Scopes.MeetingsWrite).WithName("cancelJob")
            .WithSummary("Give a job up; what there is of its file is deleted; again is harmless");
    }

    private static async Task<Results<Ok<JobDto>, Problem>> Find(string job, Caller caller, IRenders renders, CancellationToken ct) =>
        JobId.TryParse(job, out var id) && await renders.FindAsync(caller.Tenant, id, ct) is { } view ? TypedResults.Ok(JobDto.Of(view)) : NoSuchJob(job);

    /// <summary>The request's token is not passed on: what was begun is finished.</summary>
    private static async Task<Results<Ok<JobDto>, Problem>> Cancel(string job, Caller caller, RequestBody body, IRenders renders)
    {
        if (JsonBody.RefuseMembers(body) is { } refused) return refused;
        if (!JobId.TryParse(job, out var id) || await renders.CancelAsync(caller.Tenant, id, CancellationToken.None) is not { } view) return NoSuchJob(job);
        return view.Job.Status == JobStatus.Cancelled
            ? TypedResults.Ok(JobDto.Of(view))
            : new Problem(ProblemKind.InvalidState, $"The job is {view.Job.Status.ToString().ToLowerInvariant()}: it can no longer be cancelled.");
    }

    private static Problem NoSuchJob(string id) => new(ProblemKind.NotFound, $"There is no job {(id.Length <= 64 ? id : id[..64] + "…")}.");
}
