using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.Json;
using System.Threading.Channels;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>
/// A session with a handle of VideoRoom's over one connection: requests with their answers, and what happens in the room. What cannot be
/// gone on with ends the connection: a new one reads everything anew.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Disposed asynchronously; a semaphore whose wait handle is not asked for holds nothing.")]
internal sealed class JanusConnection : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    /// <summary>Events that wait. Over it the connection is given up, as none may be missed.</summary>
    private const int MaxNews = 1024;
    /// <summary>The same in octets, as they came.</summary>
    public const long MaxWaiting = 4 << 20;

    private readonly IJanusTransport transport;
    private readonly string? apiSecret;
    private readonly TimeProvider clock;
    private readonly Channel<RoomNews> news = Channel.CreateBounded<RoomNews>(new BoundedChannelOptions(MaxNews) { SingleReader = true, SingleWriter = true });
    private readonly ConcurrentDictionary<string, Pending> pending = new();
    private readonly SemaphoreSlim sending = new(1);
    private readonly CancellationTokenSource closing = new();
    private readonly Task receiving;
    private volatile JanusFault? fault;
    private long transactions, waiting;
    private long? session, handle;

    /// <param name="AckIsAnswer">Nothing follows it.</param>
    private sealed record Pending(TaskCompletionSource<JanusMessage> Answer, bool AckIsAnswer);

    private JanusConnection(JanusLine line, string? apiSecret, TimeProvider clock)
    {
        (transport, this.apiSecret, this.clock, Peer) = (line.Transport, apiSecret, clock, line.Peer);
        receiving = ReceiveAsync();
    }

    /// <summary>Janus' address.</summary>
    public IPAddress Peer { get; }

    /// <summary>Waits for something to happen in the room. Ends, with a <see cref="JanusException"/>, with the connection.</summary>
    public async Task WaitForNewsAsync(CancellationToken ct) => await news.Reader.WaitToReadAsync(ct);

    /// <summary>What happened in the room, in order; false: nothing more so far.</summary>
    public bool TryReadNews([NotNullWhen(true)] out RoomNews? told)
    {
        if (!news.Reader.TryRead(out told)) return false;
        Interlocked.Add(ref waiting, -told.Octets);
        return true;
    }

    /// <summary>Messages that could not be read, and were passed over.</summary>
    public long Malformed { get; private set; }

    /// <exception cref="JanusException">It cannot be.</exception>
    public static async Task<JanusConnection> OpenAsync(IJanusDoor door, string? apiSecret, TimeProvider clock, CancellationToken ct)
    {
        var connection = new JanusConnection(await door.ConnectAsync(ct), apiSecret, clock);
        try
        {
            connection.session = await connection.IdAsync("create", ct);
            connection.handle = await connection.IdAsync("attach", ct);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks the room's plugin; the answer may be an error of its own.</summary>
    /// <exception cref="JanusException">No answer came, or Janus itself refused.</exception>
    public async Task<RoomNews> AskAsync(RoomRequest body, CancellationToken ct) =>
        (await AskAsync("message", body, ct)).Plugindata?.Data ?? throw new JanusException(JanusFault.NotJanus);

    /// <summary>A session of which nothing is heard for a minute ends.</summary>
    /// <exception cref="JanusException">No answer came: the connection is of no use any more.</exception>
    public Task KeepAliveAsync(CancellationToken ct) => AskAsync("keepalive", null, ct);

    /// <summary>Ends the session, and with it our being in the room; not what is forwarded.</summary>
    public Task LeaveAsync(CancellationToken ct) => AskAsync("destroy", null, ct);

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await transport.DisposeAsync();
        await receiving;
        closing.Dispose();
    }

    private async Task<long> IdAsync(string what, CancellationToken ct) =>
        (await AskAsync(what, null, ct)).Data?.Id ?? throw new JanusException(JanusFault.NotJanus);

    private async Task<JanusMessage> AskAsync(string what, RoomRequest? body, CancellationToken ct)
    {
        string transaction = Interlocked.Increment(ref transactions).ToString();
        var request = new JanusRequest
        {
            Janus = what,
            Transaction = transaction,
            ApiSecret = apiSecret,
            SessionId = session,
            HandleId = handle is { } own && what == "message" ? own : null,
            Plugin = what == "attach" ? "janus.plugin.videoroom" : null,
            Body = body,
        };
        var asked = new Pending(new TaskCompletionSource<JanusMessage>(TaskCreationOptions.RunContinuationsAsynchronously), AckIsAnswer: what == "keepalive");
        pending[transaction] = asked;
        try
        {
            if (fault is { } gone) throw new JanusException(gone);                   // after it is pending: whoever ends the connection sees it, or this does
            await SendAsync(JsonSerializer.SerializeToUtf8Bytes(request, JanusJson.Default.JanusRequest), ct);
            var answer = await asked.Answer.Task.WaitAsync(Patience, clock, ct);
            return answer.Janus == "error" ? throw new JanusException(FaultOf(answer.Error?.Code)) : answer;
        }
        catch (TimeoutException) { throw new JanusException(JanusFault.Silent); }
        finally { pending.TryRemove(transaction, out _); }
    }

    private async Task SendAsync(byte[] message, CancellationToken ct)
    {
        await sending.WaitAsync(ct);
        try { await transport.SendAsync(message, ct); }
        finally { sending.Release(); }
    }

    private async Task ReceiveAsync()
    {
        var end = JanusFault.Closed;
        try
        {
            while (await transport.ReceiveAsync(closing.Token) is { } bytes)
                if (Parse(bytes) is { } message && Take(message, bytes.Length) is { } why) { end = why; break; }
        }
        catch (JanusException e) { end = e.Fault; }
        catch (OperationCanceledException) { /* we close it */ }
        catch (ObjectDisposedException) { /* the same */ }
        fault = end;
        news.Writer.TryComplete(new JanusException(end));
        foreach (var (_, asked) in pending) asked.Answer.TrySetException(new JanusException(end));
    }

    /// <summary>Why the connection is of no use any more; null: it is.</summary>
    private JanusFault? Take(JanusMessage message, int octets)
    {
        if (message.Transaction is { } transaction)
        {
            if (pending.TryGetValue(transaction, out var asked) && (message.Janus != "ack" || asked.AckIsAnswer)) asked.Answer.TrySetResult(message);
            return null;
        }
        if (message.Janus is "timeout" or "detached") return JanusFault.Closed;      // the session, or the handle
        if (message.Janus != "event" || message.Plugindata?.Data is not { } told) return null;
        if (told is { Leaving: { IsNumber: false, Text: "ok" } }) return JanusFault.Kicked;
        if (!told.IsOfStreams) return null;
        return Interlocked.Add(ref waiting, octets) <= MaxWaiting && news.Writer.TryWrite(JanusRoom.Within(told) with { Octets = octets }) ? null : JanusFault.Overrun;
    }

    private JanusMessage? Parse(ReadOnlyMemory<byte> bytes)
    {
        try { return JsonSerializer.Deserialize(bytes.Span, JanusJson.Default.JanusMessage); }
        catch (JsonException)
        {
            Malformed++;
            return null;
        }
    }

    private static JanusFault FaultOf(int? code) => code switch
    {
        403 => JanusFault.ApiSecret,
        458 or 459 => JanusFault.Closed,                                             // no such session, no such handle
        _ => JanusFault.Refused,
    };
}
