using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Actors.Storage;

namespace Pipeline.Actors.Tests.Kit;

/// <summary>A store of jobs that fails as the test says.</summary>
internal sealed class FaultyJobs(IJobStore inner) : IJobStore
{
    /// <summary>Asked before each.</summary>
    public Func<RenderJob, bool> Fails { get; set; } = _ => false;

    public Task SaveAsync(RenderJob job) => Fails(job) ? Task.FromException(new IOException("The disk did not take it.")) : inner.SaveAsync(job);
    public Task<RenderJob?> FindJobAsync(TenantId tenant, JobId id, CancellationToken ct) => inner.FindJobAsync(tenant, id, ct);
    public Task<IReadOnlyList<RenderJob>> UnfinishedJobsAsync(CancellationToken ct) => inner.UnfinishedJobsAsync(ct);
}
