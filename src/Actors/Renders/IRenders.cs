using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Recording;

namespace Pipeline.Actors.Renders;

/// <summary>A job as the outside sees it, at one moment.</summary>
/// <param name="Progress">0 … 1.</param>
/// <param name="Result">Of a completed job; null where its file is gone again.</param>
public sealed record JobView(RenderJob Job, double Progress, Recording? Result);

public abstract record AskRenderResult
{
    private AskRenderResult() { }

    public sealed record Queued(JobView Job) : AskRenderResult;
    public sealed record NoSuchMeeting : AskRenderResult;
    /// <summary>The meeting is not over, or nothing of it was recorded.</summary>
    public sealed record InvalidState(MeetingStatus Status) : AskRenderResult;
    /// <summary>The tenant has as many waiting as it may.</summary>
    public sealed record QuotaExceeded(int Most) : AskRenderResult;
    /// <summary>The node has.</summary>
    public sealed record NoCapacity : AskRenderResult;
}

/// <summary>Files that somebody asks for when a meeting is over: made one after the other, after a restart too.</summary>
public interface IRenders
{
    /// <summary>Answered once the job is stored.</summary>
    /// <param name="request">Fits the meeting: its times, its participants.</param>
    Task<AskRenderResult> AskAsync(TenantId tenant, MeetingId meeting, RenderRequest request, CancellationToken ct);

    Task<JobView?> FindAsync(TenantId tenant, JobId id, CancellationToken ct);

    /// <summary>
    /// Ends a job, whatever it is at, and deletes what there is of its file; a job that is over stays as it is. Answered once that is stored. Again is harmless.
    /// </summary>
    /// <returns>The job as it is then; null where there is none.</returns>
    Task<JobView?> CancelAsync(TenantId tenant, JobId id, CancellationToken ct);
}
