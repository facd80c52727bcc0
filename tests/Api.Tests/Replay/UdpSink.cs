using System.Net;
using System.Net.Sockets;

namespace Pipeline.Api.Tests.Replay;

/// <summary>A local port that keeps every datagram, and where it came from.</summary>
internal sealed class UdpSink : IDisposable
{
    private static readonly byte[] EndMark = [0xFF];

    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 };
    private readonly Task<List<(byte[] Bytes, int FromPort)>> receiving;

    public UdpSink()
    {
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        receiving = Task.Run(ReceiveAsync);
    }

    public IPEndPoint Address => (IPEndPoint)socket.LocalEndPoint!;

    /// <returns>All that was sent before this call: loopback keeps the order, and the mark comes last.</returns>
    public async Task<IReadOnlyList<(byte[] Bytes, int FromPort)>> AllAsync()
    {
        using var marker = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await marker.SendToAsync(EndMark, Address);
        return await receiving;
    }

    public void Dispose() => socket.Dispose();

    private async Task<List<(byte[], int)>> ReceiveAsync()
    {
        var received = new List<(byte[], int)>();
        var buffer = new byte[2048];
        while (true)
        {
            var result = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
            if (buffer.AsSpan(0, result.ReceivedBytes).SequenceEqual(EndMark)) return received;
            received.Add((buffer[..result.ReceivedBytes], ((IPEndPoint)result.RemoteEndPoint).Port));
        }
    }
}
