using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Auth;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Idempotency;

/// <summary>A POST with an `Idempotency-Key` happens once; asked again it gets the first answer again.</summary>
internal sealed class IdempotentPosts(RequestDelegate next, IIdempotencyStore store)
{
    private const int LongestKey = 255;
    private static readonly string[] KeptHeaders = ["Content-Type", "Location", "ETag", "Cache-Control"];
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method)
            || context.Features.Get<Caller>() is not { } caller
            || !context.Request.Headers.TryGetValue("Idempotency-Key", out var header))
        {
            await next(context);
            return;
        }
        string? key = header.Count == 1 ? header[0] : null;
        if (key is null || key.Length is 0 or > LongestKey)
        {
            await Problem.BadHeader($"`Idempotency-Key` must be there once, with 1 to {LongestKey} characters.").ExecuteAsync(context);
            return;
        }
        await (await store.ClaimAsync(caller.Tenant, key, Fingerprint(context, caller)) switch
        {
            IdempotencyClaim.First => AnswerAsync(context, caller.Tenant, key),
            IdempotencyClaim.Answered(var answer) => ReplayAsync(context, answer),
            IdempotencyClaim.InFlight => new Problem(ProblemKind.IdempotencyInFlight, "Ask again in a moment.") { RetryAfter = Soon }.ExecuteAsync(context),
            IdempotencyClaim.OtherRequest => Problem.Of(ProblemKind.IdempotencyMismatch).ExecuteAsync(context),
            var other => throw new System.Diagnostics.UnreachableException(other.ToString()),
        });
    }

    /// <summary>The answer is made whole before any of it is sent, so that one whose reader has gone is kept all the same.</summary>
    private async Task AnswerAsync(HttpContext context, TenantId tenant, string key)
    {
        var response = context.Response;
        var wire = response.Body;
        using var made = new MemoryStream();
        response.Body = made;
        bool kept = false;
        try
        {
            await next(context);
            if (response.StatusCode < 500)
            {
                await store.KeepAsync(tenant, key, new KeptAnswer(response.StatusCode, Headers(response), made.ToArray()));
                kept = true;
            }
        }
        finally
        {
            response.Body = wire;
            if (!kept) await store.ReleaseAsync(tenant, key);
        }
        await wire.WriteAsync(made.GetBuffer().AsMemory(0, (int)made.Length), context.RequestAborted);
    }

    private static async Task ReplayAsync(HttpContext context, KeptAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers) response.Headers[name] = value;
        response.Headers["Idempotent-Replayed"] = "true";
        await response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    private static IReadOnlyList<KeyValuePair<string, string>> Headers(HttpResponse response) =>
        [.. KeptHeaders.Where(response.Headers.ContainsKey).Select(name => KeyValuePair.Create(name, response.Headers[name].ToString()))];

    /// <summary>
    /// Path, query, content type and body, and who may not see all: the same body elsewhere is another request. Where the answer is a
    /// credential, the caller's key too: it is good for what that key may do, and nobody else's.
    /// </summary>
    private static ReadOnlyMemory<byte> Fingerprint(HttpContext context, Caller caller)
    {
        var body = context.Features.GetRequiredFeature<RequestBody>();
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var whose = context.GetEndpoint()?.Metadata.GetMetadata<CredentialAnswer>() is null ? null : (KeyId?)caller.Key;
        hash.AppendData(Encoding.UTF8.GetBytes($"{context.Request.Path}\n{context.Request.QueryString}\n{body.ContentType}\n{caller.Meeting}\n{whose}\n"));
        hash.AppendData(body.Bytes.Span);
        return hash.GetHashAndReset();
    }
}
