using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Node;

/// <param name="Status">"ok" or "ready".</param>
internal sealed record NodeStatusDto(string Status);

/// <summary>What those who run the node ask it. No key: nothing here is about anybody.</summary>
internal static class NodeApi
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    public static void MapNode(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", () => TypedResults.Ok(new NodeStatusDto("ok"))).WithName("healthz").WithSummary("The process answers");
        routes.MapGet("/readyz", Ready).WithName("readyz").WithSummary("The node takes meetings");
        routes.MapGet("/metrics", (PrometheusMetrics metrics) => TypedResults.Text(metrics.Write(), PrometheusMetrics.ContentType))
            .WithName("metrics").WithSummary("Metrics for Prometheus").Produces<string>(200, "text/plain");
    }

    private static Results<Ok<NodeStatusDto>, Problem> Ready(IMeetings meetings) =>
        meetings.IsReady
            ? TypedResults.Ok(new NodeStatusDto("ready"))
            : new Problem(ProblemKind.NoCapacity, "The node takes no meetings now.") { RetryAfter = Soon };
}
