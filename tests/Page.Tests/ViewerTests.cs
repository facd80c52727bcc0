using System.Net.Http.Json;
using System.Text.Json;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>People who were sent a link.</summary>
[Collection(RecordedSite.Name)]
public sealed class ViewerTests(RecordedSite site)
{
    [Fact]
    public async Task A_link_that_was_made_on_the_page_opens_its_meeting_and_nothing_else()
    {
        string link = "";
        await Reader.VisitAsync(site.Server, async reader =>
        {
            await reader.SignInAsync(site.Fragment);
            await reader.Button("Share").ClickAsync();
            await reader.Page.GetByLabel("It works for").SelectOptionAsync("1 day");
            await reader.LookAsync("share");
            await reader.Button("Make the link").ClickAsync();
            await reader.Button("Copy").ClickAsync();
            await Expect(reader.Notice).ToHaveTextAsync("Link copied");
            link = await reader.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
        });
        Assert.StartsWith($"{site.Server.Address}{site.Fragment}?token=", link, StringComparison.Ordinal);

        await Reader.VisitAsync(site.Server, async viewer =>
        {
            await viewer.Page.GotoAsync(link);
            await Expect(viewer.Heading("Weekly release review")).ToBeVisibleAsync();
            await Expect(viewer.Page.Locator("#transcript .words").First).ToBeVisibleAsync();
            Assert.Equal($"{site.Server.Address}{site.Fragment}", viewer.Page.Url);
            await viewer.Page.Locator("#transcript .words").First.HoverAsync();
            await Expect(viewer.Button("Copy a link to this moment")).ToBeVisibleAsync();
            foreach (string change in new[] { "Share", "Change the title", "Correct what was written" }) await Expect(viewer.Button(change)).ToHaveCountAsync(0);

            await viewer.Link("Pipeline").ClickAsync();
            await Expect(viewer.Heading("Weekly release review")).ToBeVisibleAsync();   // there is no list for a viewer
            await viewer.Button("Sign out").ClickAsync();
            await Expect(viewer.Heading("Sign in")).ToBeVisibleAsync();

            await viewer.Page.GetByLabel("API key or viewer link").FillAsync(link);
            await viewer.Button("Sign in").ClickAsync();
            await Expect(viewer.Heading("Weekly release review")).ToBeVisibleAsync();
        });
    }

    [Fact]
    public Task A_viewer_does_not_see_another_meeting() => Reader.VisitAsync(site.Server, async viewer =>
    {
        await viewer.Page.GotoAsync((await LinkAsync(site.Server.Http)).ToString());
        await Expect(viewer.Heading("Weekly release review")).ToBeVisibleAsync();
        await viewer.OpenAsync($"#/meetings/{site.Another.Id}");
        await Expect(viewer.Heading("Not found")).ToBeVisibleAsync();
    }, "404 /v1/meetings/");

    [Fact]
    public async Task A_link_that_was_changed_or_taken_back_leads_to_signing_in()
    {
        using var made = await site.Server.Http.PostAsJsonAsync("/v1/keys", new { name = "a guest", scopes = new[] { "meetings:read", "archive:read" } });
        using var key = JsonDocument.Parse(await made.Content.ReadAsStringAsync());
        using var guest = new HttpClient { BaseAddress = site.Server.Address };
        guest.DefaultRequestHeaders.Authorization = new("Bearer", key.RootElement.GetProperty("key").GetString());
        var link = await LinkAsync(guest);
        using (await site.Server.Http.DeleteAsync($"/v1/keys/{key.RootElement.GetProperty("id").GetString()}")) { }

        foreach (string refused in new[] { link.ToString(), (await LinkAsync(site.Server.Http)) + "x" })
        {
            await Reader.VisitAsync(site.Server, async viewer =>
            {
                await viewer.Page.GotoAsync(refused);
                await Expect(viewer.Heading("Sign in")).ToBeVisibleAsync();
                await Expect(viewer.Notice).ToHaveTextAsync("This link is no longer valid.");
                Assert.DoesNotContain("token", viewer.Page.Url, StringComparison.Ordinal);
            });
        }
    }

    private async Task<Uri> LinkAsync(HttpClient http)
    {
        using var answer = await http.PostAsJsonAsync($"/v1/meetings/{site.Meeting.Id}/viewer_tokens", new { expires_s = 600 });
        using var made = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return new Uri(made.RootElement.GetProperty("url").GetString()!);
    }
}
