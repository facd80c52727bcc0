namespace Pipeline.Actors.Sources.Janus;

/// <summary>Carries whole JSON messages to and from Janus. One sends and one receives at a time.</summary>
internal interface IJanusTransport : IAsyncDisposable
{
    /// <summary>A message is at most this long, octets: a room of a thousand publishers.</summary>
    public const int MaxMessage = 1 << 20;

    /// <exception cref="JanusException">The connection is gone.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken ct);
    /// <summary>Good until the next call. Null once the other side has closed.</summary>
    /// <inheritdoc cref="SendAsync"/>
    ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken ct);
}

/// <summary>Connects to one Janus; each time anew.</summary>
internal interface IJanusDoor
{
    /// <exception cref="JanusException">It cannot be.</exception>
    Task<JanusLine> ConnectAsync(CancellationToken ct);
}

/// <param name="Peer">The address that was connected to.</param>
internal sealed record JanusLine(IJanusTransport Transport, System.Net.IPAddress Peer);
