using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>A meeting while it runs. Each test plays one of its own, and begins to look as it begins.</summary>
public sealed class LiveMeetingTests(LiveSite site) : IClassFixture<LiveSite>
{
    [Fact, Trait("Pictures", "yes")]
    public async Task What_is_said_comes_by_speaker_with_everybodys_level_and_quality()
    {
        await using var running = await RunningMeeting.StartAsync(site.Server, "release-review.json");
        await Reader.VisitAsync(site.Server, async reader =>
        {
            await reader.SignInAsync();
            await reader.Page.GetByRole(AriaRole.Region, new() { Name = "Now" }).Locator($"a[href='{running.Fragment}']").ClickAsync();
            await Expect(reader.Heading("Weekly release review")).ToBeVisibleAsync();
            await Expect(reader.Page.Locator(".badge.health-flowing")).ToHaveTextAsync("Sound arrives");
            await Expect(reader.Page.GetByRole(AriaRole.Timer, new() { Name = "Elapsed" })).ToHaveTextAsync(new Regex(@"^\d+:\d\d$"));

            var people = reader.Page.GetByRole(AriaRole.Region, new() { Name = "People" });
            foreach (string name in new[] { "Laura", "Martin", "Kevin" }) await Expect(people.GetByText(name, new() { Exact = true })).ToBeVisibleAsync();
            await Expect(people.Locator(".speaking .name")).ToHaveTextAsync(["Laura"]);
            await Expect(people.Locator(".quality").First).ToContainTextAsync("nothing lost");

            var lines = reader.Page.Locator("#captions .line:not(.partial)");
            await Expect(lines.First).ToContainTextAsync(new Regex("morning|everyone"));   // a busy recogniser mishears
            await Expect(lines.First.Locator(".speaker")).ToHaveTextAsync("Laura");
            await Expect(reader.Page.Locator("#captions-live")).ToContainTextAsync(new Regex("Laura: .+"));
            var martin = LinesOf("Martin").First;
            await Expect(martin).ToContainTextAsync(new Regex("test|mobile|app|passed|yesterday"));
            await Expect(LinesOf("Kevin").First).ToBeVisibleAsync();
            Assert.NotEqual(await ColourAsync(lines.First), await ColourAsync(martin));
            await reader.LookAsync("live", "light", "phone");
            await WhoeverScrollsUpStaysThereAsync(reader);

            ILocator LinesOf(string name) => lines.Filter(new() { Has = reader.Page.Locator(".speaker", new() { HasText = name }) });
        });
    }

    [Fact]
    public async Task A_pause_shows_and_a_stop_leads_to_the_finished_meeting()
    {
        await using var running = await RunningMeeting.StartAsync(site.Server, "release-review.json");
        await Reader.VisitAsync(site.Server, async reader =>
        {
            await reader.SignInAsync(running.Fragment);
            await Expect(reader.Page.Locator("#captions .line").First).ToBeVisibleAsync();
            await reader.Button("Pause").ClickAsync();
            await Expect(reader.Page.Locator(".badge.paused")).ToHaveTextAsync("Paused");
            await Expect(reader.Notice).ToContainTextAsync("Paused");
            Assert.Equal("paused", await StateAsync(running));

            await reader.Button("Resume").ClickAsync();
            await Expect(reader.Page.Locator(".badge.recording")).ToHaveTextAsync("Recording");
            Assert.Equal("recording", await StateAsync(running));

            await reader.Button("Stop").ClickAsync();
            await reader.Button("Go on recording").ClickAsync();
            Assert.Equal("recording", await StateAsync(running));
            await reader.Button("Stop").ClickAsync();
            await reader.Button("Stop recording").ClickAsync();
            await Expect(reader.Heading("Transcript")).ToBeVisibleAsync();
            await Expect(reader.Page.Locator(".badge.processing")).ToHaveCountAsync(0);
            await Expect(reader.Button("Play")).ToBeVisibleAsync();
            await Expect(reader.Page.Locator("#transcript .words").First).ToContainTextAsync(new Regex("\\w"));
        });
    }

    [Fact]
    public async Task Captions_go_on_by_themselves_after_the_server_was_away_and_no_line_comes_twice()
    {
        await using var running = await RunningMeeting.StartAsync(site.Server, "hiring-audit.json");
        await Reader.VisitAsync(site.Server, async reader =>
        {
            await reader.SignInAsync(running.Fragment);
            var lines = reader.Page.Locator("#captions .line:not(.partial)");
            await Expect(lines.Nth(1)).ToBeVisibleAsync();
            await site.Server.KillAsync();
            await Expect(reader.Page.GetByText("The connection is gone. Trying again…")).ToBeVisibleAsync();
            await Expect(lines.First).ToBeVisibleAsync();
            int before = await lines.CountAsync();

            await site.Server.RestartAsync();
            await Expect(lines.Nth(before + 1)).ToBeVisibleAsync();
            await Expect(reader.Page.GetByText("The connection is gone. Trying again…")).ToHaveCountAsync(0);
            await Expect(reader.Page.Locator(".badge.recording")).ToBeVisibleAsync();

            var ids = await reader.Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('#captions .line')].map(line => line.id)");
            Assert.Equal(ids.Distinct(), ids);
            string[] starts = await reader.Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('#captions .line')].map(line => line.dataset.start)");
            Assert.Equal(starts.Select(long.Parse).Order(), starts.Select(long.Parse));
        }, "0 /v1/meetings/");
    }

    /// <summary>And is told how much is new, on a window that is too small for all of it.</summary>
    private static async Task WhoeverScrollsUpStaysThereAsync(Reader reader)
    {
        await reader.Page.SetViewportSizeAsync(390, 500);
        await reader.Page.EvaluateAsync("scrollTo(0, document.documentElement.scrollHeight)");
        await reader.Page.EvaluateAsync("() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
        await reader.Page.EvaluateAsync("scrollTo(0, 0)");
        var more = reader.Page.Locator(".new-lines");
        await Expect(more).ToContainTextAsync("new line");
        Assert.Equal(0, await reader.Page.EvaluateAsync<double>("scrollY"));

        await more.ClickAsync();
        await Expect(more).ToBeHiddenAsync();
        await reader.Page.WaitForFunctionAsync("() => document.documentElement.scrollHeight - innerHeight - scrollY < 4");
    }

    private async Task<string> StateAsync(RunningMeeting running)
    {
        using var answer = await site.Server.Http.GetAsync($"/v1/meetings/{running.Id}");
        using var meeting = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return meeting.RootElement.GetProperty("paused").GetBoolean() ? "paused" : meeting.RootElement.GetProperty("status").GetString()!;
    }

    private static Task<string> ColourAsync(ILocator line) => line.Locator(".speaker").EvaluateAsync<string>("speaker => getComputedStyle(speaker).color");
}
