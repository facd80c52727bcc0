using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Pipeline.Api.Auth;
using Pipeline.Ingest.Net;

namespace Pipeline.Api.Node;

/// <summary>What is done and said once, before the first request.</summary>
internal sealed partial class StartChecks(ApiKeys keys, SigningKey signing, PrometheusMetrics metrics, PipelineOptions options, ILogger<StartChecks> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        // Asking for the keys opened them: one that cannot be read ends the start. Metrics listen from here on.
        _ = (keys, signing, metrics);
        RefuseForeignAddress();
        if (IPAddress.TryParse(options.RtpHost, out var told) && (told.Equals(IPAddress.Any) || told.Equals(IPAddress.IPv6Any))) LogHostIsAny(options.RtpHost);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Else every meeting would be refused, later.</summary>
    private void RefuseForeignAddress()
    {
        try
        {
            UdpReceiver.TryBind(options.RtpBind, port: 0)?.Dispose();
        }
        catch (SocketException)
        {
            throw new OptionsValidationException("RTP_BIND", typeof(PipelineOptions), [$"PIPELINE_RTP_BIND is \"{options.RtpBind}\": it must be an address of this machine, such as 127.0.0.1 or 0.0.0.0."]);
        }
    }
}
