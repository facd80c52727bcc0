using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>What was heard wrongly is put right where it stands. Each test corrects a line of its own, of those the site spares.</summary>
[Collection(RecordedSite.Name)]
public sealed class CorrectionTests(RecordedSite site)
{
    [Fact]
    public Task Esc_leaves_a_line_as_it_was() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var line = await EditAsync(reader, 0);
        await reader.Page.GetByLabel("Corrected text").FillAsync("Good evening");
        await reader.Page.Keyboard.PressAsync("Escape");
        await Expect(line.Locator(".words")).ToHaveTextAsync(site.Transcript.Segments[0].Text);
        await Expect(line.Locator(".corrected")).ToHaveCountAsync(0);
    });

    [Fact]
    public Task Enter_saves_a_line_with_a_key_that_is_asked_for_in_place() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        await Expect(reader.Heading("Transcript")).ToBeVisibleAsync();
        await reader.Page.ReloadAsync();                                              // the cookie stays, the key was in memory only
        var line = await EditAsync(reader, 1);
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
        await Expect(line.Locator(".corrected")).ToContainTextAsync($"Heard as: {site.Transcript.Segments[1].Text}");
        await reader.Page.ReloadAsync();
        await Expect(line.Locator(".words")).ToHaveTextAsync("Welcome to the <b>weekly</b> review.");
    }, "401 /v1/meetings/");

    [Fact]
    public Task The_minutes_follow_a_correction() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var todo = reader.Page.Locator("#actions");
        await EditAsync(reader, 2);
        await CorrectAsync("I will call the bank by Friday.");
        await Expect(todo).ToContainTextAsync("Call the bank by Friday");

        await todo.Locator("summary").ClickAsync();
        await EditAsync(reader, 2);
        await CorrectAsync("I will call the bank by Thursday.");
        await Expect(todo).ToContainTextAsync("Call the bank by Thursday");
        await Expect(todo.Locator(".claims")).ToBeHiddenAsync();                       // what was closed stays closed

        async Task CorrectAsync(string text)
        {
            await reader.Page.GetByLabel("Corrected text").FillAsync(text);
            await reader.Page.Keyboard.PressAsync("Enter");
            await Expect(reader.Notice).ToHaveTextAsync("Corrected");
        }
    });

    private async Task<ILocator> EditAsync(Reader reader, int segment)
    {
        var line = reader.Page.Locator($"#{site.Transcript.Segments[segment].Id}");
        await line.Locator(".words").HoverAsync();
        await line.GetByRole(AriaRole.Button, new() { Name = "Correct what was written" }).ClickAsync();
        await Expect(reader.Page.GetByLabel("Corrected text")).ToBeFocusedAsync();
        return line;
    }
}
