using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Json;

namespace Pipeline.Api.Streams;

/// <summary>The meeting is over and everything of the stream was sent.</summary>
internal sealed record StreamEndDto(string MeetingId);

/// <summary>
/// `text/event-stream` of something of a meeting. The framework's own result writes no comments, and a stream that is silent for
/// a minute is cut by proxies. A slow reader slows only itself: the next event is asked for when the last one is written.
/// </summary>
internal abstract class EventStream<T>(MeetingId meeting, Func<CancellationToken, IAsyncEnumerable<T>> read) : IResult
{
    /// <summary>Half of the shortest idle time-out that proxies come with (nginx 60 s, load balancers 30 s).</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public async Task ExecuteAsync(HttpContext context)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";

        var clock = context.RequestServices.GetRequiredService<TimeProvider>();
        var lifetime = context.RequestServices.GetRequiredService<IHostApplicationLifetime>();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await response.BodyWriter.FlushAsync(over.Token);   // the headers: a client learns that it is connected
            await WriteAsync(response.BodyWriter, clock, over);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested) { }   // the reader left, or the node stops: no `end`, so readers come back
    }

    protected abstract void Write(PipeWriter body, T next);

    /// <summary>JSON has no line breaks of its own, so one `data:` line holds it.</summary>
    protected static void WriteEvent<TData>(PipeWriter body, string name, long? id, TData data, JsonTypeInfo<TData> type)
    {
        Encoding.UTF8.GetBytes(id is { } sequence ? $"id: {sequence}\nevent: {name}\ndata: " : $"event: {name}\ndata: ", body);
        using (var json = new Utf8JsonWriter(body)) JsonSerializer.Serialize(json, data, type);
        body.Write("\n\n"u8);
    }

    private async Task WriteAsync(PipeWriter body, TimeProvider clock, CancellationTokenSource over)
    {
        using var quiet = new PeriodicTimer(KeepAlive, clock);
        await using var events = read(over.Token).GetAsyncEnumerator(over.Token);
        var next = events.MoveNextAsync().AsTask();
        try
        {
            var tick = quiet.WaitForNextTickAsync(over.Token).AsTask();
            while (true)
            {
                if (await Task.WhenAny(next, tick) == tick)
                {
                    await tick;
                    body.Write(": keep-alive\n\n"u8);
                    await body.FlushAsync(over.Token);
                    tick = quiet.WaitForNextTickAsync(over.Token).AsTask();
                    continue;
                }
                if (!await next) break;
                Write(body, events.Current);
                await body.FlushAsync(over.Token);
                next = events.MoveNextAsync().AsTask();
            }
            WriteEvent(body, "end", null, new StreamEndDto(meeting.ToString()), ApiJson.Default.StreamEndDto);
            await body.FlushAsync(over.Token);
        }
        finally
        {
            await over.CancelAsync();   // an enumerator may be disposed only between two steps
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
