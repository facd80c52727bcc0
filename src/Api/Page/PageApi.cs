using System.Collections.Frozen;
using System.Net.Mime;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Page;

/// <summary>The page people look at meetings with, and the API's reference: files inside this program, the same for everybody, so no key is needed.</summary>
internal static class PageApi
{
    /// <summary>
    /// Only our own files, and no text is ever taken for HTML or script (Trusted Types), so that a title or a caption cannot become one.
    /// `data:` is for the picture of a tick in a box, `blob:` for sound that is put together here piece by piece.
    /// </summary>
    internal const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self' blob:; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private const string Prefix = "page/";

    private static readonly FrozenDictionary<string, PageFile> Files = Assembly.GetExecutingAssembly().GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..], PageFile.Load, StringComparer.Ordinal);

    public static void MapPage(this IEndpointRouteBuilder routes)
    {
        Map("/", _ => "index.html");
        Map("/docs", _ => "docs.html");
        Map("/page/{**file}", context => (string?)context.Request.RouteValues["file"] ?? "");

        void Map(string path, Func<HttpContext, string> name) =>
            routes.MapMethods(path, ["GET", "HEAD"], (HttpContext context) => Find(name(context), context.Response)).ExcludeFromDescription();
    }

    private static Results<FileContentHttpResult, Problem> Find(string name, HttpResponse response)
    {
        if (!Files.TryGetValue(name, out var file)) return Problem.Of(ProblemKind.NotFound);
        response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        // Modules name each other without versions, so each is asked for anew; nearly always the answer is 304.
        response.Headers.CacheControl = "no-cache";
        return TypedResults.Bytes(file.Bytes, file.ContentType, entityTag: file.Tag);
    }
}

/// <summary>One file of the page.</summary>
internal sealed record PageFile(byte[] Bytes, string ContentType, EntityTagHeaderValue Tag)
{
    public static PageFile Load(string resource)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        string tag = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16));
        return new PageFile(bytes, TypeOf(Path.GetExtension(resource)), new EntityTagHeaderValue($"\"{tag}\""));
    }

    private static string TypeOf(string extension) => extension switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => MediaTypeNames.Image.Svg,
        ".txt" => "text/plain; charset=utf-8",
        _ => throw new NotSupportedException($"The page has no files of the kind {extension}."),
    };
}
