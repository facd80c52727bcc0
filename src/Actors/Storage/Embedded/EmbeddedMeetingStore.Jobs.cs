using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Renders;

namespace Pipeline.Actors.Storage.Embedded;

/// <summary>Jobs beside the meetings they are of.</summary>
public sealed partial class EmbeddedMeetingStore : IJobStore
{
    public Task SaveAsync(RenderJob job) => writer.WriteAsync(connection => Write(connection, job));

    internal static void Write(SqliteConnection connection, RenderJob job) => connection.Run(
        "INSERT OR REPLACE INTO jobs (tenant, id, meeting, status, state) VALUES ($tenant, $id, $meeting, $status, $state)",
        ("$tenant", job.Tenant.Value), ("$id", job.Id.ToString()), ("$meeting", job.Meeting.ToString()),
        ("$status", job.Status.ToString().ToLowerInvariant()), ("$state", JsonSerializer.Serialize(job, StoredJson.Default.RenderJob)));

    public Task<RenderJob?> FindJobAsync(TenantId tenant, JobId id, CancellationToken ct) => ReadAsync(connection =>
        connection.Select(tenant, "SELECT state FROM jobs WHERE tenant = $tenant AND id = $id", row => Job(row.GetString(0)), ("$id", id.ToString())) is [var job] ? job : null, ct);

    /// <summary>Across tenants: a node goes on with everybody's.</summary>
    public Task<IReadOnlyList<RenderJob>> UnfinishedJobsAsync(CancellationToken ct) => ReadAsync<IReadOnlyList<RenderJob>>(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT state FROM jobs WHERE status IN ('queued', 'running') ORDER BY id";
        using var reader = command.ExecuteReader();
        List<RenderJob> found = [];
        while (reader.Read()) found.Add(Job(reader.GetString(0)));
        return found;
    }, ct);

    private static RenderJob Job(string state) => JsonSerializer.Deserialize(state, StoredJson.Default.RenderJob)!;
}
