namespace Pipeline.Api.Sessions;

/// <summary>Where people reach this node.</summary>
internal static class PublicAddress
{
    /// <summary>The address that was set, else the one that this request was sent to. Ends without a slash.</summary>
    public static string Of(HttpRequest request, PipelineOptions options) => options.PublicUrl ?? $"{SchemeOf(request)}://{request.Host}";

    /// <summary>
    /// What the browser spoke: TLS ends at a proxy, which says so (the first of several is the one nearest to the browser). Nothing but the
    /// asker's own cookie and link depend on it, so anyone may say it.
    /// </summary>
    public static string SchemeOf(HttpRequest request) =>
        request.Headers["X-Forwarded-Proto"].ToString().Split(',')[0].Trim().Equals("https", StringComparison.OrdinalIgnoreCase) ? "https" : request.Scheme;
}
