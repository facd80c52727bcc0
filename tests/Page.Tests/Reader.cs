using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>Somebody at a browser of their own: nothing of it is shared with other readers.</summary>
internal sealed partial class Reader
{
    private readonly ConcurrentQueue<string> complaints = [];
    private readonly List<string> expected = [];

    private Reader(IBrowserContext context, IPage page)
    {
        (Context, Page) = (context, page);
        context.Console += (_, message) => { if (message.Type is "error" or "warning" && !IsExpected(message)) complaints.Enqueue($"{message.Text} ({message.Location})"); };
        context.WebError += (_, error) => complaints.Enqueue(error.Error);
    }

    public IBrowserContext Context { get; }
    public IPage Page { get; }

    /// <summary>Plays a visit, and then sees that the browser had nothing to complain of: no error of a script, nothing the policy forbade, nothing that did not load.</summary>
    /// <param name="refusals">Statuses that the visit is about, for paths that begin so: "404 /v1/meetings/"; status 0 is no answer.</param>
    public static async Task VisitAsync(PipelineServer server, Func<Reader, Task> visit, params string[] refusals)
    {
        var browser = await Chromium.Instance;
        await using var context = await browser.NewContextAsync(new()
        {
            BaseURL = server.Address.ToString(),
            Locale = "en-GB",
            TimezoneId = "Europe/Berlin",
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new() { Width = 1280, Height = 900 },
            Permissions = ["clipboard-read", "clipboard-write"],
        });
        context.SetDefaultTimeout(Patience.Milliseconds);
        await context.AddInitScriptAsync(scriptPath: Axe.Script);
        var reader = new Reader(context, await context.NewPageAsync());
        reader.expected.AddRange(["401 /v1/session", "409 /v1/meetings/", .. refusals]);   // nobody yet; minutes not ready
        await visit(reader);
        Assert.True(reader.complaints.IsEmpty, string.Join(Environment.NewLine, reader.complaints));
    }

    /// <summary>Opens an address of the page: "#/" is the list.</summary>
    public Task OpenAsync(string fragment = "#/") => Page.GotoAsync($"/{fragment}");

    /// <summary>Opens an address as who has a key.</summary>
    public async Task SignInAsync(string fragment = "#/")
    {
        await OpenAsync(fragment);
        await Page.GetByLabel("API key or viewer link").FillAsync(PipelineServer.ApiKey);
        await Button("Sign in").ClickAsync();
        await Expect(Button("Sign out")).ToBeVisibleAsync();
    }

    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
    public ILocator Link(string name) => Page.GetByRole(AriaRole.Link, new() { Name = name });
    public ILocator Heading(string name) => Page.GetByRole(AriaRole.Heading, new() { Name = name, Exact = true });
    public ILocator Notice => Page.Locator("#notice");

    /// <summary>
    /// What is shown now, light and dark, on a desk and on a phone: nothing that axe-core calls serious or critical, and nothing to
    /// scroll sideways for. With PIPELINE_SCREENSHOTS, a picture of each is left in that folder.
    /// </summary>
    /// <param name="pictures">Those that are wanted of "light", "dark" and "phone".</param>
    public async Task LookAsync(string view, params string[] pictures)
    {
        foreach (var (size, width, height) in new[] { ("phone", 390, 844), ("desktop", 1280, 900) })
        {
            await Page.SetViewportSizeAsync(width, height);
            foreach (var scheme in new[] { ColorScheme.Dark, ColorScheme.Light })
            {
                await Page.EmulateMediaAsync(new() { ColorScheme = scheme });
                string shown = $"{view}, {scheme}, {size}";
                Assert.True(await Page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{shown} is too wide");
                var found = await Axe.FindAsync(Page);
                Assert.True(found.Count == 0, $"{shown}: {string.Join(Environment.NewLine, found)}");
                string? picture = (size, scheme) switch { ("phone", ColorScheme.Light) => "phone", ("desktop", ColorScheme.Light) => "light", ("desktop", _) => "dark", _ => null };
                if (picture is not null && pictures.Contains(picture)) await PictureAsync($"page-{view}-{picture}");
            }
        }
    }

    private async Task PictureAsync(string name)
    {
        if (Environment.GetEnvironmentVariable("PIPELINE_SCREENSHOTS") is not { Length: > 0 } folder) return;
        await Page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    private bool IsExpected(IConsoleMessage message)
    {
        if (!message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal)) return false;
        string status = Status().Match(message.Text) is { Success: true } match ? match.Groups[1].Value : "0";
        return Uri.TryCreate(message.Location.Split('#')[0], UriKind.Absolute, out var from)
            && expected.Exists(refusal => $"{status} {from.AbsolutePath}".StartsWith(refusal, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"status of (\d+)")]
    private static partial Regex Status();
}
