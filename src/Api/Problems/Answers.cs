using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Problems;

/// <summary>What every answer has: an id, headers that keep browsers careful, and a problem where there is no other body.</summary>
internal static partial class Answers
{
    /// <summary>About what a stop and the next start take.</summary>
    private static readonly TimeSpan Restart = TimeSpan.FromSeconds(5);
    /// <summary>As long as one was waited for already.</summary>
    private static readonly TimeSpan DiskIsBack = TimeSpan.FromSeconds(10);

    public static void UseAnswers(this IApplicationBuilder app)
    {
        app.Use(Identify);
        app.UseExceptionHandler(new ExceptionHandlerOptions { ExceptionHandler = Failed });
        app.UseStatusCodePages(page => Problem.Of(ProblemKind.OfStatus(page.HttpContext.Response.StatusCode)).ExecuteAsync(page.HttpContext));
    }

    private static Task Identify(HttpContext context, RequestDelegate next)
    {
        var asked = context.Request.Headers["X-Request-Id"];
        context.TraceIdentifier = asked.Count == 1 && asked[0] is { } id && SaneId().IsMatch(id) ? id : SortableId.Format("req_", Guid.CreateVersion7());

        context.Response.OnStarting(static state =>   // so that they outlive the clearing of a failed answer
        {
            var context = (HttpContext)state;
            var headers = context.Response.Headers;
            headers["X-Request-Id"] = context.TraceIdentifier;
            if (headers.ContentSecurityPolicy.Count == 0) headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            if (headers.CacheControl.Count == 0) headers.CacheControl = "private, no-cache";
            return Task.CompletedTask;
        }, context);
        return next(context);
    }

    /// <summary>
    /// A request that Kestrel found wrong keeps its status, and one that a stopping node gave up, or a disk kept waiting, may be sent again;
    /// anything else is our own fault. The framework logs it; the answer tells nothing.
    /// </summary>
    private static Task Failed(HttpContext context)
    {
        bool stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested;
        var problem = context.Features.Get<IExceptionHandlerFeature>()?.Error switch
        {
            BadHttpRequestException bad => Problem.Of(ProblemKind.OfStatus(bad.StatusCode)),
            OperationCanceledException when stopping => new Problem(ProblemKind.NoCapacity, "The node is stopping.") { RetryAfter = Restart },
            TimeoutException => new Problem(ProblemKind.Unavailable, "The disk does not answer. Asking again is harmless.") { RetryAfter = DiskIsBack },
            IOException => new Problem(ProblemKind.Unavailable, "The disk cannot be read or written. Asking again is harmless.") { RetryAfter = DiskIsBack },
            _ => Problem.Of(ProblemKind.InternalError),
        };
        return problem.ExecuteAsync(context);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,128}\z")]
    private static partial Regex SaneId();
}
