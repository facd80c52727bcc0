using System.Reflection;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Bodies;

/// <summary>The whole body of a request, at most 1 MiB.</summary>
internal sealed record RequestBody(ReadOnlyMemory<byte> Bytes, string? ContentType, bool IsJson) : IBindableFromHttpContext<RequestBody>
{
    public static ValueTask<RequestBody?> BindAsync(HttpContext context, ParameterInfo parameter) =>
        ValueTask.FromResult<RequestBody?>(context.Features.GetRequiredFeature<RequestBody>());
}

/// <summary>Reads a body once, before anything looks at it.</summary>
internal sealed class RequestBodies(RequestDelegate next)
{
    public const int MaxBytes = 1 << 20;

    public async Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (context.GetEndpoint() is null || HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            await next(context);
            return;
        }
        if (await ReadAsync(request, context.RequestAborted) is not { } bytes)
        {
            await Problem.Of(ProblemKind.BodyTooLarge).ExecuteAsync(context);
            return;
        }
        context.Features.Set(new RequestBody(bytes, request.ContentType, request.HasJsonContentType() && IsUtf8(request)));
        await next(context);
    }

    /// <summary>Null for one that is too large.</summary>
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (request.ContentLength > MaxBytes) return null;
        var bytes = new MemoryStream((int)(request.ContentLength ?? 0));
        var chunk = new byte[8192];
        for (int read; (read = await request.Body.ReadAsync(chunk, ct)) > 0;)
        {
            if (bytes.Length + read > MaxBytes) return null;
            bytes.Write(chunk, 0, read);
        }
        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static bool IsUtf8(HttpRequest request)
    {
        var charset = request.GetTypedHeaders().ContentType?.Charset ?? default;
        return !charset.HasValue || charset.Value!.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase);
    }
}
