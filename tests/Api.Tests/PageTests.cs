using System.Net;
using System.Text.RegularExpressions;

namespace Pipeline.Api.Tests;

/// <summary>How the page is served, and what its files may not have in them. What it does is seen in a browser only.</summary>
public sealed partial class PageTests(ApiServer server) : IClassFixture<ApiServer>
{
    private static readonly string[] Paths =
        [.. typeof(PipelineHost).Assembly.GetManifestResourceNames().Where(name => name.StartsWith("page/", StringComparison.Ordinal)).Select(name => "/" + name)];

    /// <summary>Every file of the page.</summary>
    public static TheoryData<string> Files => [.. Paths];

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/docs", "text/html")]
    [InlineData("/page/app.js", "text/javascript")]
    [InlineData("/page/meeting/transcript.js", "text/javascript")]
    [InlineData("/page/base.css", "text/css")]
    [InlineData("/page/icon.svg", "image/svg+xml")]
    public async Task Everybody_gets_the_page_with_its_type(string path, string type)
    {
        var answer = await server.Stranger.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(type, answer.Content.Headers.ContentType?.MediaType);
        Assert.NotEmpty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_browser_may_run_nothing_but_the_page_itself(string path)
    {
        var answer = await server.Stranger.GetAsync(path);
        string policy = Header(answer, "Content-Security-Policy");
        foreach (string part in new[]
        {
            "default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        }) Assert.Contains(part, policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.DoesNotContain("http", policy);
        Assert.Equal("nosniff", Header(answer, "X-Content-Type-Options"));
        Assert.Equal("no-referrer", Header(answer, "Referrer-Policy"));
    }

    [Fact]
    public async Task The_API_itself_still_allows_browsers_nothing() =>
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", Header(await server.Stranger.GetAsync("/healthz"), "Content-Security-Policy"));

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_file_that_is_known_is_not_sent_again(string path)
    {
        var first = await server.Stranger.GetAsync(path);
        Assert.Equal("no-cache", Header(first, "Cache-Control"));
        var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        var answer = await server.Stranger.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
        Assert.Equal(first.Headers.ETag, answer.Headers.ETag);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Files_differ_in_their_tags()
    {
        var tags = new List<string>();
        foreach (string path in Paths) tags.Add((await server.Stranger.GetAsync(path)).Headers.ETag!.Tag);
        Assert.Equal(tags.Count, tags.Distinct().Count());
    }

    [Theory]
    [InlineData("/page/")]
    [InlineData("/page/nothing.js")]
    [InlineData("/page/App.js")]
    [InlineData("/page/../api-key")]
    [InlineData("/page/%2e%2e/Program.cs")]
    [InlineData("/page/views/..%2fapp.js")]
    public async Task What_is_not_of_the_page_is_not_found(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await server.Stranger.GetAsync(path)).StatusCode);

    [Fact]
    public async Task The_page_is_only_read() =>
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await server.Client.PostAsync("/", null)).StatusCode);

    [Theory]
    [MemberData(nameof(Files))]
    public void No_file_has_script_or_style_within_HTML_or_makes_HTML_of_text(string path)
    {
        string text = Read(path);
        Assert.DoesNotMatch(PlaceForScript(), text);
        if (path.EndsWith(".html", StringComparison.Ordinal)) Assert.DoesNotMatch(Inline(), text);
        if (path.EndsWith(".js", StringComparison.Ordinal)) Assert.DoesNotMatch(KeptKey(), text);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Everything_a_file_names_is_there_and_of_this_server(string path)
    {
        if (path.StartsWith("/page/vendor/", StringComparison.Ordinal)) return;      // a program by others, without spaces: what looks like a name is none
        foreach (Match name in Named().Matches(Read(path)))
        {
            var target = new Uri(new Uri("http://page" + path), name.Groups[1].Value);
            Assert.True(target.Host == "page", $"{path} names {target}");
            if (target.AbsolutePath.StartsWith("/page/", StringComparison.Ordinal)) Assert.True(Paths.Contains(target.AbsolutePath), $"{path} names {target.AbsolutePath}, which is not there");
        }
    }

    [Fact]
    public void Every_module_and_every_style_is_used()
    {
        var named = Paths
            .SelectMany(path => Named().Matches(Read(path)).Select(name => new Uri(new Uri("http://page" + path), name.Groups[1].Value).AbsolutePath)).ToHashSet();
        var unused = Paths.Where(path => !path.EndsWith(".html", StringComparison.Ordinal) && !path.EndsWith("LICENSE.txt", StringComparison.Ordinal) && !named.Contains(path));
        Assert.Empty(unused);
    }

    private static string Header(HttpResponseMessage answer, string name) => Assert.Single(answer.Headers.GetValues(name));

    private static string Read(string path)
    {
        using var stream = typeof(PipelineHost).Assembly.GetManifestResourceStream(path[1..])!;
        return new StreamReader(stream).ReadToEnd();
    }

    /// <summary>What takes text for HTML or for a program.</summary>
    [GeneratedRegex(@"\.(innerHTML|outerHTML|insertAdjacentHTML|srcdoc)\b|document\.write|\beval\s*\(|new Function|javascript:|DOMParser")]
    private static partial Regex PlaceForScript();

    [GeneratedRegex(@"<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle=|\son\w+=", RegexOptions.IgnoreCase)]
    private static partial Regex Inline();

    /// <summary>Keys live in memory only.</summary>
    [GeneratedRegex(@"localStorage|sessionStorage|indexedDB|document\.cookie")]
    private static partial Regex KeptKey();

    /// <summary>`from "…"`, `import "…"`, `import("…")`, `src="…"`, `href="…"` of links to files, `url(…)`.</summary>
    [GeneratedRegex("""(?:\bfrom |\bimport |\bimport\(|<script[^>]*\ssrc=|<img[^>]*\ssrc=|<link[^>]*\shref=|\burl\()["']([^"']+)["']""")]
    private static partial Regex Named();
}
