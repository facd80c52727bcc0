using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;

namespace Pipeline.Actors.Storage;

/// <summary>Where jobs are kept. Every method throws where the store cannot be read or written; trying again can help.</summary>
public interface IJobStore
{
    /// <summary>Stores a job, new or as it is now. Returns once it would survive a power cut.</summary>
    Task SaveAsync(RenderJob job);
    Task<RenderJob?> FindJobAsync(TenantId tenant, JobId id, CancellationToken ct);
    /// <summary>Those that are not over, of every tenant, the oldest first.</summary>
    Task<IReadOnlyList<RenderJob>> UnfinishedJobsAsync(CancellationToken ct);
}
