using System.Net;
using Pipeline.Api.Auth;

namespace Pipeline.Api.Node;

/// <summary>What is done and said once, before the first request.</summary>
internal sealed partial class StartChecks(ApiKeyring keyring, PrometheusMetrics metrics, PipelineOptions options, ILogger<StartChecks> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Asking for the keyring opened it: a key that cannot be read ends the start. Metrics listen from here on.
        _ = (keyring, metrics);
        if (IPAddress.TryParse(options.RtpHost, out var told) && (told.Equals(IPAddress.Any) || told.Equals(IPAddress.IPv6Any))) LogHostIsAny(options.RtpHost);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
