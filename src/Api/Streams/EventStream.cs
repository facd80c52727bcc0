using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Metadata;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;

namespace Pipeline.Api.Streams;

/// <summary>The last event of a stream: the meeting is over and everything of it was sent.</summary>
internal sealed record StreamEndDto(string MeetingId);

/// <summary>
/// `text/event-stream` of a meeting (WHATWG HTML §9.2). The framework's own result writes no comments, and a stream that is silent for
/// a minute is cut by proxies. A slow reader slows only itself: the next item is asked for when the last one is written.
/// </summary>
/// <param name="name">Of the events, in their `event:` line.</param>
/// <param name="read">Completes when the meeting is over and all were given.</param>
/// <param name="show">An item's `id:`, by which a reader goes on later (null: it cannot), and its `data:`.</param>
internal sealed class EventStream<TItem, TData>(
    string name, MeetingId meeting, Func<CancellationToken, IAsyncEnumerable<TItem>> read, Func<TItem, (long? Id, TData Data)> show, JsonTypeInfo<TData> type)
    : IResult, IEndpointMetadataProvider
{
    /// <summary>Half of the shortest idle time-out that proxies come with (nginx 60 s, load balancers 30 s).</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(TData), ["text/event-stream"]));

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
            await WriteAsync(context, clock, over);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested) { }   // the reader left, or the node stops: no `end`, so readers come back
    }

    private async Task WriteAsync(HttpContext context, TimeProvider clock, CancellationTokenSource over)
    {
        var body = context.Response.BodyWriter;
        using var quiet = new PeriodicTimer(KeepAlive, clock);
        await using var items = read(over.Token).GetAsyncEnumerator(over.Token);
        var next = items.MoveNextAsync().AsTask();
        try
        {
            var tick = quiet.WaitForNextTickAsync(over.Token).AsTask();
            while (true)
            {
                if (await Task.WhenAny(tick, next) == tick)   // of two that are complete the first: who is always behind is looked at too
                {
                    await tick;
                    if (!await MayStillReadAsync(context)) return;   // without an `end`: whoever comes back is told why
                    body.Write(": keep-alive\n\n"u8);
                    await body.FlushAsync(over.Token);
                    tick = quiet.WaitForNextTickAsync(over.Token).AsTask();
                    continue;
                }
                if (!await next) break;
                var (id, data) = show(items.Current);
                WriteEvent(body, name, id, data, type);
                await body.FlushAsync(over.Token);
                next = items.MoveNextAsync().AsTask();
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

    /// <summary>A session expires and a key is deleted while their streams are open.</summary>
    private static async Task<bool> MayStillReadAsync(HttpContext context) =>
        Credential.Of(context.Request, takesLinks: false) is { } credential
        && await context.RequestServices.GetRequiredService<Callers>().IdentifyAsync(credential, context.RequestAborted) is not null;

    /// <summary>JSON has no line breaks of its own, so one `data:` line holds it.</summary>
    private static void WriteEvent<T>(PipeWriter body, string name, long? id, T data, JsonTypeInfo<T> type)
    {
        Encoding.UTF8.GetBytes(id is { } sequence ? $"id: {sequence}\nevent: {name}\ndata: " : $"event: {name}\ndata: ", body);
        using (var json = new Utf8JsonWriter(body)) JsonSerializer.Serialize(json, data, type);
        body.Write("\n\n"u8);
    }
}
