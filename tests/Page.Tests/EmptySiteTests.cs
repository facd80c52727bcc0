using System.Text.Json;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>The way in, and what is said when there is nothing to show.</summary>
public sealed class EmptySiteTests(EmptySite site) : IClassFixture<EmptySite>
{
    [Fact]
    public Task An_API_key_opens_the_list_and_is_kept_by_nothing_that_scripts_can_read() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync();
        await Expect(reader.Heading("No meetings yet")).ToBeVisibleAsync();
        await Expect(reader.Page.Locator("pre")).ToContainTextAsync($"curl -X POST {site.Server.Address}v1/meetings");

        var cookie = Assert.Single(await reader.Context.CookiesAsync());
        Assert.True(cookie.HttpOnly && cookie.SameSite == SameSiteAttribute.Strict);
        Assert.Equal("{}{}", await reader.Page.EvaluateAsync<string>("() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"));
    });

    [Fact]
    public Task A_wrong_key_is_refused_in_words_and_the_right_one_then_works() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.OpenAsync();
        var field = reader.Page.GetByLabel("API key or viewer link");
        await Expect(field).ToBeFocusedAsync();
        await field.FillAsync("somebody else's");
        await field.PressAsync("Enter");
        await Expect(reader.Page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("The server does not know that key or link.");
        await Expect(field).ToBeFocusedAsync();
        await reader.LookAsync("sign-in");

        await field.FillAsync(PipelineServer.ApiKey);
        await field.PressAsync("Enter");
        await Expect(reader.Heading("No meetings yet")).ToBeVisibleAsync();
        await reader.LookAsync("empty");
    });

    [Fact]
    public Task Signing_out_ends_the_session_also_after_loading_anew() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync();
        await reader.Page.ReloadAsync();
        await Expect(reader.Heading("No meetings yet")).ToBeVisibleAsync();            // the cookie is enough to read

        await reader.Button("Sign out").ClickAsync();
        await Expect(reader.Heading("Sign in")).ToBeVisibleAsync();
        await reader.Page.ReloadAsync();
        await Expect(reader.Heading("Sign in")).ToBeVisibleAsync();
        Assert.Empty(await reader.Context.CookiesAsync());
    });

    [Fact]
    public Task An_unknown_meeting_and_an_unknown_address_lead_back_to_the_list() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync("#/meetings/mtg_01ARZ3NDEKTSV4RRFFQ69G5FAV");
        await Expect(reader.Heading("Not found")).ToBeVisibleAsync();
        await reader.LookAsync("not-found");
        await reader.Link("All meetings").ClickAsync();
        await Expect(reader.Heading("No meetings yet")).ToBeVisibleAsync();

        await reader.OpenAsync("#/elsewhere");
        await Expect(reader.Heading("There is nothing here")).ToBeVisibleAsync();
    }, "404 /v1/meetings/");

    [Fact]
    public Task A_server_that_is_away_is_named_and_asked_again() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync();
        await site.Server.KillAsync();
        await reader.Page.EvaluateAsync("location.hash = '#/?status=completed'");
        await Expect(reader.Heading("The server is away")).ToBeVisibleAsync();
        await reader.LookAsync("away");

        await site.Server.RestartAsync();
        await reader.Button("Try again").ClickAsync();
        await Expect(reader.Heading("No such meeting")).ToBeVisibleAsync();
    }, "0 /v1/meetings", "0 /page/icon.svg");

    [Fact]
    public Task The_reference_shows_every_operation_of_the_description() => Reader.VisitAsync(site.Server, async reader =>
    {
        using var description = JsonDocument.Parse(await site.Server.Http.GetStringAsync("/openapi/v1.json"));
        int operations = description.RootElement.GetProperty("paths").EnumerateObject()
            .Sum(path => path.Value.EnumerateObject().Count(member => member.Name is "get" or "head" or "post" or "put" or "patch" or "delete"));
        Assert.True(operations > 20);

        await reader.Page.GotoAsync("/docs");
        await Expect(reader.Page.Locator("article")).ToHaveCountAsync(operations);
        await Expect(reader.Page.Locator("article h3 code").Filter(new() { HasText = "undefined" })).ToHaveCountAsync(0);

        await reader.Page.GetByLabel("Filter the routes").FillAsync("captions");
        await Expect(reader.Page.GetByRole(AriaRole.Navigation, new() { Name = "Routes" }).Locator("li:visible")).Not.ToHaveCountAsync(operations);
        await reader.Page.GetByLabel("Filter the routes").FillAsync("");
        await reader.LookAsync("reference", "light");
    });
}
