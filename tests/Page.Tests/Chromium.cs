using Microsoft.Playwright;

namespace Pipeline.Page.Tests;

/// <summary>The system's browser, without a window; one for all tests, each visit in a profile of its own.</summary>
internal static class Chromium
{
    private static readonly Lazy<Task<IBrowser>> Launched = new(LaunchAsync);

    public static Task<IBrowser> Instance => Launched.Value;

    /// <summary>It ends with the test run: the driver does when its input closes, and the browser with the driver.</summary>
    private static async Task<IBrowser> LaunchAsync()
    {
        var playwright = await Playwright.CreateAsync();
        Assertions.SetDefaultExpectTimeout(Patience.Milliseconds);
        return await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = ChromiumProgram.Path,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }
}

/// <summary>How long a thing may take on a busy machine before it is taken for missing. Nothing is asserted about how quick it is.</summary>
internal static class Patience
{
    public const int Milliseconds = 60_000;
}
