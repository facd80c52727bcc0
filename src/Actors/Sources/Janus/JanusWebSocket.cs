using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>
/// Janus over a WebSocket. Its name is resolved anew for each connection, every address is checked, and the one that is connected to is the
/// one that was checked; redirects and proxies are not followed.
/// </summary>
/// <param name="url">`ws` or `wss`.</param>
internal sealed class JanusWebSocketDoor(Uri url, TimeProvider clock) : IJanusDoor
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public async Task<JanusLine> ConnectAsync(CancellationToken ct)
    {
        using var late = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, late.Token);
        try
        {
            return await ConnectAsync(await ResolveAsync(either.Token), either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested) { throw new JanusException(JanusFault.Unreachable); }
    }

    private async Task<IPAddress[]> ResolveAsync(CancellationToken ct)
    {
        IPAddress[] found;
        try { found = IPAddress.TryParse(url.DnsSafeHost, out var literal) ? [literal] : await Dns.GetHostAddressesAsync(url.DnsSafeHost, ct).WaitAsync(ct); }
        catch (Exception e) when (e is SocketException or ArgumentException) { throw new JanusException(JanusFault.Unresolved, e); }
        if (found.Length == 0) throw new JanusException(JanusFault.Unresolved);
        var allowed = found.Where(OutgoingAddress.IsAllowed).ToArray();
        return allowed.Length > 0 ? allowed : throw new JanusException(JanusFault.Forbidden);
    }

    private async Task<JanusLine> ConnectAsync(IPAddress[] addresses, CancellationToken ct)
    {
        IPAddress? peer = null;
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            ConnectCallback = async (_, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(addresses, url.Port, token);
                    peer = ((IPEndPoint)socket.RemoteEndPoint!).Address;
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("janus-protocol");
        socket.Options.KeepAliveInterval = TimeSpan.Zero;                            // the protocol has its own
        try
        {
            await socket.ConnectAsync(url, invoker, ct);
        }
        catch (WebSocketException e)
        {
            socket.Dispose();
            throw new JanusException(peer is null ? JanusFault.Unreachable : JanusFault.NotJanus, e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        if (peer!.IsIPv4MappedToIPv6) peer = peer.MapToIPv4();
        return new JanusLine(new JanusWebSocket(socket), peer);
    }
}

internal sealed class JanusWebSocket(WebSocket socket) : IJanusTransport
{
    private byte[] buffer = new byte[8192];

    public async ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken ct)
    {
        try { await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, ct); }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException) { throw new JanusException(JanusFault.Closed, e); }
    }

    public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken ct)
    {
        try
        {
            int length = 0;
            while (true)
            {
                if (length == buffer.Length) Array.Resize(ref buffer, Math.Min(2 * buffer.Length, IJanusTransport.MaxMessage));
                if (length == buffer.Length) throw new JanusException(JanusFault.Overrun);
                var part = await socket.ReceiveAsync(buffer.AsMemory(length), ct);
                if (part.MessageType == WebSocketMessageType.Close) return null;
                length += part.Count;
                if (part.EndOfMessage) return buffer.AsMemory(0, length);
            }
        }
        catch (Exception e) when (e is WebSocketException or InvalidOperationException or IOException) { throw new JanusException(JanusFault.Closed, e); }
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();                                                            // Janus needs no closing handshake: the session was destroyed, or times out
        return ValueTask.CompletedTask;
    }
}
