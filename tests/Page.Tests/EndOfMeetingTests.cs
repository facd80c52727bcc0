using System.Text.Json.Nodes;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>A meeting's files are made while somebody reads it. That it is not over yet is told to the page by the test, and when it is.</summary>
[Collection(RecordedSite.Name)]
public sealed class EndOfMeetingTests(RecordedSite site)
{
    private const string Making = "The files are being made. This page goes on by itself when they are there.";

    [Fact]
    public Task What_cannot_be_loaded_at_the_end_can_be_asked_for_again() => Reader.VisitAsync(site.Server, async reader =>
    {
        var end = await ProcessingAsync(reader);
        await reader.SignInAsync(site.Fragment);
        await Expect(reader.Page.GetByText(Making)).ToBeVisibleAsync();
        bool isAway = true;
        await reader.Page.RouteAsync("**/transcript?format=json", route => isAway ? route.AbortAsync() : route.ContinueAsync());
        end.SetResult();
        await Expect(reader.Heading("The server is away")).ToBeVisibleAsync();
        await Expect(reader.Heading("Weekly release review")).ToBeVisibleAsync();

        isAway = false;
        await reader.Button("Try again").ClickAsync();
        await Expect(reader.Page.Locator("#transcript .words").First).ToBeVisibleAsync();
        await Expect(reader.Page.GetByText(Making)).ToHaveCountAsync(0);
    }, "0 /v1/meetings/");

    [Fact]
    public Task A_correction_that_is_being_written_stays_while_the_meeting_is_completed() => Reader.VisitAsync(site.Server, async reader =>
    {
        var end = await ProcessingAsync(reader);
        await reader.SignInAsync(site.Fragment);
        var line = reader.Page.Locator($"#{site.Transcript.Segments[0].Id}");
        await line.Locator(".words").HoverAsync();
        await line.GetByRole(AriaRole.Button, new() { Name = "Correct what was written" }).ClickAsync();
        var field = reader.Page.GetByLabel("Corrected text");
        await field.FillAsync("Good evening");
        end.SetResult();
        await Expect(reader.Page.Locator(".badge.processing")).ToHaveCountAsync(0);   // the page knows
        await Expect(field).ToHaveValueAsync("Good evening");
        await Expect(field).ToBeFocusedAsync();

        await field.PressAsync("Escape");
        await Expect(reader.Page.GetByText(Making)).ToHaveCountAsync(0);
        await Expect(line.Locator(".words")).ToHaveTextAsync(site.Transcript.Segments[0].Text);
    });

    /// <summary>The meeting is `processing`, and nothing happens to it, until the result is set.</summary>
    private async Task<TaskCompletionSource> ProcessingAsync(Reader reader)
    {
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await reader.Page.RouteAsync($"**/v1/meetings/{site.Meeting.Id}", async route =>
        {
            var answer = await route.FetchAsync();
            var meeting = JsonNode.Parse(await answer.TextAsync())!;
            if (!end.Task.IsCompleted) meeting["status"] = "processing";
            await route.FulfillAsync(new() { Response = answer, Body = meeting.ToJsonString() });
        });
        await reader.Page.RouteAsync($"**/v1/meetings/{site.Meeting.Id}/events", async route =>
        {
            await end.Task;
            await route.ContinueAsync();
        });
        return end;
    }
}
