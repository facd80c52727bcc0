using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Pipeline.Api.Replay;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>A meeting that is over: sound and words side by side. No test here changes it.</summary>
[Collection(RecordedSite.Name)]
public sealed class RecordedMeetingTests(RecordedSite site)
{
    private string Said => site.Rare.Word.Text.Trim();

    [Fact, Trait("Pictures", "yes")]
    public Task Meetings_are_by_day_the_running_ones_first_and_are_filtered_and_searched() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync();
        await Expect(reader.Page.Locator(".day h2")).ToHaveTextAsync(["Now", "Today"]);
        await Expect(reader.Page.Locator(".meeting-row .title")).ToHaveTextAsync(["Design review", "Weekly release review"]);
        await reader.LookAsync("meetings", "light");

        await reader.Page.GetByText("Filter", new() { Exact = true }).ClickAsync();
        await reader.Page.GetByLabel("Status").SelectOptionAsync("completed");
        await Expect(reader.Page.Locator(".meeting-row .title")).ToHaveTextAsync(["Weekly release review"]);
        await reader.Page.GoBackAsync();
        await Expect(reader.Page.Locator(".meeting-row")).ToHaveCountAsync(2);
        await reader.Page.GetByLabel("To", new() { Exact = true }).FillAsync("2020-01-01");
        await reader.Page.Keyboard.PressAsync("Tab");
        await Expect(reader.Heading("No such meeting")).ToBeVisibleAsync();
        await reader.Link("Show all meetings").ClickAsync();
        await Expect(reader.Page.Locator(".meeting-row")).ToHaveCountAsync(2);
        await reader.Page.GetByText("Filter", new() { Exact = true }).ClickAsync();

        var search = reader.Page.GetByRole(AriaRole.Searchbox, new() { Name = "Search titles and what was said" });
        await search.FillAsync("nobodysaidthis");
        await search.PressAsync("Enter");
        await Expect(reader.Page.GetByText("Nobody said this.")).ToBeVisibleAsync();
        await search.FillAsync(Said);
        await search.PressAsync("Enter");
        var found = reader.Page.GetByRole(AriaRole.Region, new() { Name = "What was said" }).GetByRole(AriaRole.Link);
        await Expect(found.Locator("mark")).ToHaveTextAsync([Said]);
        await reader.LookAsync("search", "light");

        await found.ClickAsync();
        await Expect(reader.Page.Locator(".segment.shown .words")).ToContainTextAsync(Said);
    });

    [Fact]
    public Task What_arrived_of_everybody_and_what_is_missing_is_told_as_the_server_knows_it() => Reader.VisitAsync(site.Server, async reader =>
    {
        var quality = await site.Server.Client.GetQualityAsync(site.Meeting.Id, default);
        await reader.SignInAsync(site.Fragment);
        await reader.Page.Locator("#reception > summary").ClickAsync();
        var rows = reader.Page.Locator(".reception > li");
        await Expect(rows).ToHaveCountAsync(quality.Tracks.Count);
        for (int n = 0; n < quality.Tracks.Count; n++)
        {
            var numbers = rows.Nth(n).Locator(".numbers");
            await Expect(numbers).ToContainTextAsync(quality.Tracks[n].PacketsReceived.ToString("N0", System.Globalization.CultureInfo.InvariantCulture));
            await Expect(rows.Nth(n).Locator(".gaps > summary")).ToHaveCountAsync(quality.Tracks[n].Gaps.Count > 0 ? 1 : 0);
        }
        await reader.LookAsync("reception");
    });

    [Fact]
    public Task A_click_on_a_word_goes_to_it_and_the_word_being_said_is_marked() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var (segment, word) = site.Rare;
        await ClickWordAsync(reader, segment, word);
        await AtAsync(reader, word.StartMs);
        await MarkedAsync(reader, Said);
        await Expect(reader.Page.Locator(".segment.now .words")).ToContainTextAsync(Said);

        await reader.Button("Play").ClickAsync();
        await Expect(reader.Button("Pause")).ToBeVisibleAsync();
        var next = segment.Words!.SkipWhile(w => w != word).Skip(1).First();
        await reader.Page.WaitForFunctionAsync("at => document.querySelector('video').currentTime > at", next.EndMs / 1000.0);
        await reader.Button("Pause").ClickAsync();
        await Expect(reader.Button("Play")).ToBeVisibleAsync();
        double stopped = await reader.Page.EvaluateAsync<double>("document.querySelector('video').currentTime * 1000");
        await MarkedAsync(reader, [.. site.Transcript.Segments.SelectMany(s => s.Words ?? []).Where(w => w.StartMs <= stopped && stopped < w.EndMs).Select(w => w.Text.Trim())]);
    });

    [Fact]
    public Task Every_voice_is_played_alone_from_the_same_moment_at_any_speed() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var sources = reader.Page.GetByLabel("What is played");
        await Expect(sources.Locator("option")).ToHaveTextAsync(["Everybody", "Laura", "Martin", "Kevin"]);

        var (segment, word) = site.Rare;
        await ClickWordAsync(reader, segment, word);
        await AtAsync(reader, word.StartMs);
        await sources.SelectOptionAsync("Martin");
        await reader.Page.WaitForFunctionAsync("() => document.querySelector('video').readyState >= 2");
        await AtAsync(reader, word.StartMs);
        await reader.Page.GetByLabel("Speed").SelectOptionAsync("2");
        Assert.Equal(2, await reader.Page.EvaluateAsync<double>("document.querySelector('video').playbackRate"));
        Assert.Equal(site.Meeting.DurationMs / 1000.0, await reader.Page.EvaluateAsync<double>("document.querySelector('video').duration"), tolerance: 0.1);
    });

    [Fact, Trait("Pictures", "yes")]
    public Task Claims_of_the_minutes_lead_to_where_they_were_said() => Reader.VisitAsync(site.Server, async reader =>
    {
        var minutes = await site.Server.Client.GetMinutesAsync(site.Meeting.Id, default);
        Assert.NotEmpty(minutes.Summary);
        await reader.SignInAsync(site.Fragment);
        await ClaimsAsync("#summary", [.. minutes.Summary.Select(claim => claim.Text)]);
        await ClaimsAsync("#decisions", [.. minutes.Decisions.Select(claim => claim.Text)]);
        await ClaimsAsync("#actions", [.. minutes.ActionItems.Select(item => item.Text)]);

        var evidence = minutes.Summary[^1].Evidence[0];
        await reader.Page.Locator("#summary li").Last.Locator(".evidence").First.ClickAsync();
        await Expect(reader.Page.Locator($"#{evidence.SegmentId}.shown")).ToBeInViewportAsync();
        await AtAsync(reader, evidence.StartMs);
        await reader.Page.EvaluateAsync("scrollTo(0, 0)");
        await reader.LookAsync("finished", "light", "dark", "phone");

        async Task ClaimsAsync(string panel, string[] claims)
        {
            var shown = reader.Page.Locator($"{panel} .claims > li");
            await Expect(shown).ToHaveCountAsync(claims.Length);
            for (int n = 0; n < claims.Length; n++) await Expect(shown.Nth(n)).ToContainTextAsync(claims[n]);
        }
    });

    [Fact]
    public Task Everything_that_is_offered_can_be_taken_away() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var offered = reader.Page.Locator("#files a, .formats a");
        await Expect(offered).ToHaveCountAsync(5 + 4 + 3);                            // mix, three voices, waveform; transcript; minutes
        foreach (string href in await offered.EvaluateAllAsync<string[]>("links => links.map(link => link.href)"))
        {
            var answer = await reader.Context.APIRequest.GetAsync(href);
            Assert.Equal(200, answer.Status);
            Assert.NotEmpty(await answer.BodyAsync());
        }
        var download = await reader.Page.RunAndWaitForDownloadAsync(() => reader.Page.GetByRole(AriaRole.Link, new() { Name = "WebVTT" }).ClickAsync());
        Assert.StartsWith("WEBVTT", await File.ReadAllTextAsync(await download.PathAsync()), StringComparison.Ordinal);
    });

    [Fact]
    public Task A_link_to_a_moment_opens_at_it() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var (segment, _) = site.Rare;
        await reader.Page.Locator($"#{segment.Id} .words").HoverAsync();
        await reader.Button("Copy a link to this moment").ClickAsync();
        await Expect(reader.Notice).ToHaveTextAsync("Link copied");

        string link = await reader.Page.EvaluateAsync<string>("navigator.clipboard.readText()");
        Assert.StartsWith($"{site.Server.Address}{site.Fragment}?t=", link, StringComparison.Ordinal);
        await reader.Page.GotoAsync("/docs");
        await reader.Page.GotoAsync(link);
        await Expect(reader.Page.Locator($"#{segment.Id}.shown")).ToBeInViewportAsync();
        long moment = (long)(double.Parse(link.Split("?t=")[1]) * 1000);
        Assert.InRange(moment - segment.StartMs, -50, 50);                              // a link names tenths of a second
        await AtAsync(reader, moment);
    });

    [Fact]
    public Task Words_are_found_in_the_transcript_one_after_the_other() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        await Expect(reader.Button("Play")).ToBeVisibleAsync();
        await reader.Page.Keyboard.PressAsync("/");
        var find = reader.Page.GetByRole(AriaRole.Searchbox, new() { Name = "Find in the transcript" });
        await Expect(find).ToBeFocusedAsync();
        await find.FillAsync("THE");
        int said = await reader.Page.EvaluateAsync<int>("() => [...document.querySelectorAll('#transcript .words')].map(w => w.textContent.toLowerCase().split('the').length - 1).reduce((a, b) => a + b)");
        Assert.True(said > 1);
        await Expect(reader.Page.Locator(".find .count")).ToHaveTextAsync($"{said} found");
        await find.PressAsync("Enter");
        await find.PressAsync("Enter");
        await Expect(reader.Page.Locator(".find .count")).ToHaveTextAsync($"2 of {said}");
    });

    [Fact]
    public Task All_of_it_works_from_the_keyboard() => Reader.VisitAsync(site.Server, async reader =>
    {
        await reader.SignInAsync(site.Fragment);
        var slider = reader.Page.GetByRole(AriaRole.Slider, new() { Name = "Position" });
        await Expect(slider).ToBeVisibleAsync();
        await reader.Page.WaitForFunctionAsync("() => document.querySelector('video').readyState >= 1");
        await TabToAsync(reader, "#waveform");
        await slider.PressAsync("End");
        await AtAsync(reader, site.Meeting.DurationMs);
        await slider.PressAsync("ArrowLeft");
        await AtAsync(reader, site.Meeting.DurationMs - 5000);
        await slider.PressAsync("Home");
        await slider.PressAsync("ArrowRight");
        await AtAsync(reader, 5000);
        await Expect(slider).ToHaveAttributeAsync("aria-valuenow", "5");

        var line = site.Rare.Segment;
        await reader.Page.Locator($"#{line.Id} a.time").ClickAsync();
        await Expect(slider).ToHaveAttributeAsync("aria-valuetext", new Regex($"^{line.StartMs / 1000} seconds? of .*{line.Participant.Name}.* speaking$"));
        await slider.PressAsync("Home");
        await slider.PressAsync("ArrowRight");

        await TabToAsync(reader, "#transcript a.time");
        await reader.Page.Keyboard.PressAsync("Space");
        await reader.Page.WaitForFunctionAsync("() => !document.querySelector('video').paused && document.querySelector('video').currentTime > 5");
        await reader.Page.Keyboard.PressAsync("Space");
        await Expect(reader.Button("Play")).ToBeVisibleAsync();
        await reader.Page.Keyboard.PressAsync("Enter");
        await AtAsync(reader, site.Transcript.Segments[0].StartMs);
    });

    private static async Task ClickWordAsync(Reader reader, SegmentInfo segment, WordInfo word)
    {
        await reader.Page.Locator($"#{segment.Id}").ScrollIntoViewIfNeededAsync();
        await reader.Page.WaitForFunctionAsync("() => document.querySelector('video').readyState >= 1");
        float[] at = await reader.Page.EvaluateAsync<float[]>(
            """
            ([id, word]) => {
              const node = document.getElementById(id).querySelector(".words").firstChild;
              const from = node.data.indexOf(word);
              const range = new Range();
              range.setStart(node, from);
              range.setEnd(node, from + word.length);
              const box = range.getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2];
            }
            """,
            new[] { segment.Id, word.Text.Trim() });
        await reader.Page.Mouse.ClickAsync(at[0], at[1]);
    }

    /// <summary>The player stands at a moment, to the precision that players keep.</summary>
    private static async Task AtAsync(Reader reader, long milliseconds) =>
        await reader.Page.WaitForFunctionAsync("at => Math.abs(document.querySelector('video').currentTime * 1000 - at) < 60", milliseconds);

    private static async Task MarkedAsync(Reader reader, params string[] words) =>
        await reader.Page.WaitForFunctionAsync("words => [...CSS.highlights.get('word') ?? []].map(range => range.toString()).sort().join() === words.sort().join()", words);

    private static async Task TabToAsync(Reader reader, string selector)
    {
        for (int presses = 0; presses < 60; presses++)
        {
            if (await reader.Page.EvaluateAsync<bool>("selector => document.activeElement.matches(selector)", selector)) return;
            await reader.Page.Keyboard.PressAsync("Tab");
        }
        Assert.Fail($"{selector} is not reached with the tab key.");
    }
}
