using System.Net;
using System.Net.Sockets;

namespace Pipeline.Actors.Sources;

/// <summary>HTTP to where an operator said: every address of the name is checked, the one that is connected to is one that was; redirects and proxies are not followed.</summary>
public static class OutgoingHttp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The caller disposes it.</summary>
    public static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectTimeout = Patience,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),                          // names are resolved anew now and then
        ConnectCallback = ConnectAsync,
    };

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken ct)
    {
        string host = context.DnsEndPoint.Host;
        var found = IPAddress.TryParse(host, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(host, ct);
        var allowed = found.Where(OutgoingAddress.IsAllowed).ToArray();
        if (allowed.Length == 0) throw new HttpRequestException(HttpRequestError.ConnectionError, $"{host} has no address that may be connected to.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
