using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Pipeline.Page.Tests;

/// <summary>The sound of a meeting while it runs.</summary>
public sealed class ListenTests(LiveSite site) : IClassFixture<LiveSite>
{
    /// <summary>What the element gives out is measured where a loudspeaker would be: the loudest sample of some looks, and how far the playback has come.</summary>
    private const string Measure = """
        async () => {
          const audio = document.getElementById("live-sound");
          const context = new AudioContext();
          await context.resume();
          const analyser = context.createAnalyser();
          context.createMediaStreamSource(audio.captureStream()).connect(analyser);
          const samples = new Float32Array(analyser.fftSize);
          const began = audio.currentTime;
          let loudest = 0;
          while (audio.currentTime < began + 3) {
            analyser.getFloatTimeDomainData(samples);
            loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), loudest);
            await new Promise(resolve => { setTimeout(resolve, 50); });
          }
          await context.close();
          return loudest;
        }
        """;

    [Fact]
    public async Task Whoever_listens_hears_what_is_said_some_seconds_behind()
    {
        await using var running = await RunningMeeting.StartAsync(site.Server, "release-review.json");
        await Reader.VisitAsync(site.Server, async reader =>
        {
            await reader.SignInAsync(running.Fragment);
            var told = ToldOfNewsAloneAsync(reader.Page);
            await reader.Button("Listen live").ClickAsync();
            await Expect(reader.Page.Locator(".behind")).ToHaveTextAsync(new Regex(@"^\d+ s behind$"));

            await told;                                                              // and goes on hearing
            Assert.InRange(await reader.Page.EvaluateAsync<double>(Measure), 0.02, 1);
            await reader.LookAsync("listening", "light");

            await reader.Button("Stop listening").ClickAsync();
            await Expect(reader.Button("Listen live")).ToBeVisibleAsync();
            Assert.True(await reader.Page.EvaluateAsync<bool>("() => document.getElementById('live-sound').paused"));
        });
    }

    /// <summary>Completes when the player was given a playlist without what it knew already.</summary>
    private static Task ToldOfNewsAloneAsync(IPage page)
    {
        var told = new TaskCompletionSource();
        page.Response += async (_, answer) =>
        {
            if (!answer.Url.EndsWith("index.m3u8?_HLS_skip=YES", StringComparison.Ordinal) || answer.Status != 200) return;
            if ((await answer.TextAsync()).Contains("#EXT-X-SKIP", StringComparison.Ordinal)) told.TrySetResult();
        };
        return told.Task.WaitAsync(TimeSpan.FromMilliseconds(2 * Patience.Milliseconds));
    }

    [Fact]
    public async Task The_sound_comes_back_by_itself_after_the_server_was_away()
    {
        await using var running = await RunningMeeting.StartAsync(site.Server, "hiring-audit.json");
        await Reader.VisitAsync(site.Server, async reader =>
        {
            await reader.SignInAsync(running.Fragment);
            await reader.Button("Listen live").ClickAsync();
            await Expect(reader.Page.Locator(".behind")).ToHaveTextAsync(new Regex(@"^\d+ s behind$"));
            var nextPart = reader.Page.WaitForRequestAsync(new Regex(@"/live/2-1\.mp4$"), new() { Timeout = 3 * Patience.Milliseconds });
            await site.Server.KillAsync();
            await site.Server.RestartAsync();

            await nextPart;
            await Expect(reader.Page.Locator(".behind")).ToHaveTextAsync(new Regex(@"^\d+ s behind$"));
            Assert.InRange(await reader.Page.EvaluateAsync<double>(Measure), 0, 1);   // it goes on; somebody may be thinking
        }, "0 /v1/meetings/", "409 /v1/meetings/", "503 /v1/meetings/");
    }
}
