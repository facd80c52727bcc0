using System.Collections.Concurrent;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;
using Pipeline.Ingest.Recording;

namespace Pipeline.Api.Tests;

/// <summary>Jobs that end as the test says.</summary>
public sealed class FakeRenders : IRenders
{
    private readonly ConcurrentDictionary<(TenantId, JobId), JobView> jobs = new();

    /// <summary>Answered to the next that is asked for.</summary>
    public AskRenderResult? Refusal { get; set; }
    public RenderRequest? LastAsked { get; private set; }
    public int Count => jobs.Count;

    public Task<AskRenderResult> AskAsync(TenantId tenant, MeetingId meeting, RenderRequest request, CancellationToken ct)
    {
        LastAsked = request;
        if (Refusal is { } refusal) return Task.FromResult(refusal);
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        var job = new JobView(
            new RenderJob { Id = JobId.New(now), Tenant = tenant, Meeting = meeting, Recording = RecordingId.New(now), Request = request, CreatedAt = now }, 0, null);
        jobs[(tenant, job.Job.Id)] = job;
        return Task.FromResult<AskRenderResult>(new AskRenderResult.Queued(job));
    }

    public Task<JobView?> FindAsync(TenantId tenant, JobId id, CancellationToken ct) => Task.FromResult(jobs.GetValueOrDefault((tenant, id)));

    public Task<JobView?> CancelAsync(TenantId tenant, JobId id, CancellationToken ct)
    {
        if (jobs.TryGetValue((tenant, id), out var job) && !job.Job.IsOver) jobs[(tenant, id)] = job with { Job = job.Job.Cancel(job.Job.CreatedAt.AddSeconds(1)) };
        return FindAsync(tenant, id, ct);
    }

    public void Become(string id, Func<JobView, JobView> change)
    {
        var (key, job) = jobs.Single(job => job.Key.Item2.ToString() == id);
        jobs[key] = change(job);
    }
}
