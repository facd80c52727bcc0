using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Metadata;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Json;

namespace Pipeline.Api.Captions;

/// <summary>
/// `text/event-stream` of a meeting's captions. The framework's own result writes no comments, and a stream that is silent for
/// a minute is cut by proxies. A slow reader slows only itself: the next caption is asked for when the last one is written.
/// </summary>
internal sealed class CaptionStream(MeetingId meeting, Func<CancellationToken, IAsyncEnumerable<Segment>> read) : IResult, IEndpointMetadataProvider
{
    /// <summary>Half of the shortest idle time-out that proxies come with (nginx 60 s, load balancers 30 s).</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(CaptionDto), ["text/event-stream"]));

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

    private async Task WriteAsync(PipeWriter body, TimeProvider clock, CancellationTokenSource over)
    {
        using var quiet = new PeriodicTimer(KeepAlive, clock);
        await using var captions = read(over.Token).GetAsyncEnumerator(over.Token);
        var next = captions.MoveNextAsync().AsTask();
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
                WriteEvent(body, "caption", captions.Current.Sequence, CaptionDto.Of(captions.Current), ApiJson.Default.CaptionDto);
                await body.FlushAsync(over.Token);
                next = captions.MoveNextAsync().AsTask();
            }
            WriteEvent(body, "end", null, new CaptionsEndDto(meeting.ToString()), ApiJson.Default.CaptionsEndDto);
            await body.FlushAsync(over.Token);
        }
        finally
        {
            await over.CancelAsync();   // an enumerator may be disposed only between two steps
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>JSON has no line breaks of its own, so one `data:` line holds it.</summary>
    private static void WriteEvent<T>(PipeWriter body, string name, long? id, T data, JsonTypeInfo<T> type)
    {
        Encoding.UTF8.GetBytes(id is { } sequence ? $"id: {sequence}\nevent: {name}\ndata: " : $"event: {name}\ndata: ", body);
        using (var json = new Utf8JsonWriter(body)) JsonSerializer.Serialize(json, data, type);
        body.Write("\n\n"u8);
    }
}
