using Microsoft.Playwright;
using Pipeline.Api.Replay;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>What was heard wrongly is put right where it stands. Each test corrects a line of its own.</summary>
[Collection(RecordedSite.Name)]
public sealed class CorrectionTests(RecordedSite site)
{
    [Fact]
    public Task Esc_leaves_a_line_as_it_was() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var line = await EditAsync(reader, "Good morning everyone.");
        await reader.Page.GetByLabel("Corrected text").FillAsync("Good evening");
        await reader.Page.Keyboard.PressAsync("Escape");
        await Expect(line.Locator(".words")).ToHaveTextAsync("Good morning everyone.");
        await Expect(line.Locator(".corrected")).ToHaveCountAsync(0);
    });

    [Fact]
    public Task Enter_saves_a_line_with_a_key_that_is_asked_for_in_place() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        await Expect(reader.Heading("Transcript")).ToBeVisibleAsync();
        await reader.Page.ReloadAsync();                                              // the cookie stays, the key was in memory only
        var line = await EditAsync(reader, "Welcome to the weekly meeting.");
        await reader.LookAsync("correction");
        await reader.Page.GetByLabel("Corrected text").FillAsync("Welcome to the <b>weekly</b> review.");
        await reader.Page.Keyboard.PressAsync("Enter");

        var key = reader.Page.GetByRole(AriaRole.Dialog, new() { Name = "An API key, please" }).GetByLabel("API key");
        await Expect(key).ToBeFocusedAsync();
        await reader.LookAsync("key");
        await key.FillAsync("not this one");
        await key.PressAsync("Enter");
        await Expect(reader.Page.GetByText("The server does not know that key.")).ToBeVisibleAsync();
        await key.FillAsync(PipelineServer.ApiKey);
        await key.PressAsync("Enter");

        await Expect(line.Locator(".words")).ToHaveTextAsync("Welcome to the <b>weekly</b> review.");
        await line.GetByText("corrected", new() { Exact = true }).ClickAsync();
        await Expect(line.Locator(".corrected")).ToContainTextAsync("Heard as: Welcome to the weekly meeting.");
        await reader.Page.ReloadAsync();
        await Expect(line.Locator(".words")).ToHaveTextAsync("Welcome to the <b>weekly</b> review.");
    }, "401 /v1/meetings/");

    [Fact]
    public Task The_minutes_follow_a_correction() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var todo = reader.Page.Locator("#actions");
        await Expect(todo).ToContainTextAsync("by Wednesday");
        await todo.Locator("summary").ClickAsync();
        await EditAsync(reader, "I will test the recording service by Wednesday.");
        await reader.Page.GetByLabel("Corrected text").FillAsync("I will test the recording service by Thursday.");
        await reader.Page.Keyboard.PressAsync("Enter");
        await Expect(reader.Notice).ToHaveTextAsync("Corrected");
        await Expect(todo).ToContainTextAsync("by Thursday");
        await Expect(todo.Locator(".claims")).ToBeHiddenAsync();                       // what was closed stays closed
    });

    private async Task<ILocator> EditAsync(Reader reader, string text)
    {
        var segment = site.Transcript.Segments.Single(s => s.Text == text);
        var line = reader.Page.Locator($"#{segment.Id}");
        await line.Locator(".words").HoverAsync();
        await line.GetByRole(AriaRole.Button, new() { Name = "Correct what was written" }).ClickAsync();
        await Expect(reader.Page.GetByLabel("Corrected text")).ToBeFocusedAsync();
        return line;
    }
}
