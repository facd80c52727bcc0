using System.Net.Sockets;

namespace Pipeline.Ingest.Files;

/// <summary>Gives a stream to the one program that connects to a socket's path: what is sealed on disk is read by it in the clear, and never lies there so.</summary>
public sealed class SocketFeed : IAsyncDisposable
{
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource stopping = new();
    private readonly Stream content;
    private readonly Task feeding;

    /// <param name="path">Of the socket: at most 107 bytes, in a folder that only this user can enter.</param>
    /// <param name="content">Read from where it is; disposed with the feed, also where there is none.</param>
    /// <exception cref="SocketException">It cannot be listened to there.</exception>
    public SocketFeed(string path, Stream content)
    {
        (Path, this.content) = (path, content);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen(1);
        }
        catch
        {
            listener.Dispose();
            stopping.Dispose();
            content.Dispose();
            throw;
        }
        feeding = Task.Run(FeedAsync);
    }

    public string Path { get; }

    /// <summary>Ends it, also where nobody came or not all was read.</summary>
    /// <exception cref="IOException">The content cannot be read: what was given is not all of it.</exception>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Dispose();
        try { await feeding; }
        finally
        {
            await content.DisposeAsync();
            stopping.Dispose();
            File.Delete(Path);
        }
    }

    private async Task FeedAsync()
    {
        try
        {
            using var connection = await listener.AcceptAsync(stopping.Token);
            await using var peer = new NetworkStream(connection);
            var buffer = new byte[SealedFormat.ChunkLength];
            for (int read; (read = await content.ReadAsync(buffer, stopping.Token)) > 0;)
            {
                try { await peer.WriteAsync(buffer.AsMemory(0, read), stopping.Token); }
                catch (IOException) { return; }                                      // it needed no more, or it died: its status says
            }
        }
        catch (OperationCanceledException) { /* Nobody came, or nobody reads any more. */ }
        catch (SocketException) when (stopping.IsCancellationRequested) { /* The same. */ }
    }
}
