using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Playwright;

namespace Pipeline.EndToEnd.Tests.Room;

/// <summary>One browser with several people in it, each with a connection to Janus of their own.</summary>
internal sealed class RoomBrowser : IAsyncDisposable
{
    private readonly IPlaywright playwright;
    private readonly IBrowser browser;
    private readonly IPage page;

    private RoomBrowser(IPlaywright playwright, IBrowser browser, IPage page) => (this.playwright, this.browser, this.page) = (playwright, browser, page);

    /// <param name="microphone">A WAV file that the microphone hears, once, from when it is opened.</param>
    public static async Task<RoomBrowser> OpenAsync(JanusServer janus, string microphone)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = ChromiumProgram.Path,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets", "--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                $"--use-file-for-fake-audio-capture={microphone}%noloop",
            ],
        });
        var page = await browser.NewPageAsync();
        using var script = new StreamReader(typeof(RoomBrowser).Assembly.GetManifestResourceStream("room.js")!);
        string html = $"<!doctype html><title>A room</title><script>{await script.ReadToEndAsync()}</script>";
        await page.RouteAsync("http://localhost/", route => route.FulfillAsync(new() { ContentType = "text/html", Body = html }));
        await page.GotoAsync("http://localhost/");
        var room = new { url = janus.Url.ToString(), apiSecret = JanusServer.ApiSecret, id = JanusServer.Room, pin = JanusServer.Pin, secret = JanusServer.Secret };
        await page.EvaluateAsync("room => { window.room = room }", room);
        return new RoomBrowser(playwright, browser, page);
    }

    public Task MakeAsync(long id, string name) => page.EvaluateAsync("([id, name]) => { people[name] = new Person(id, name, room) }", new object[] { id, name });
    public Task EnterAsync(string name, bool camera = false) => page.EvaluateAsync("([name, camera]) => people[name].enter({ camera })", new object[] { name, camera });
    public Task ShowAsync(string name) => page.EvaluateAsync("name => people[name].show()", name);
    public Task LeaveAsync(string name) => page.EvaluateAsync("name => people[name].leave()", name);
    public Task VanishAsync(string name) => page.EvaluateAsync("name => people[name].vanish()", name);

    /// <returns>When the microphone was opened, since 1970.</returns>
    public async Task<TimeSpan> ListenAsync(string name) => TimeSpan.FromMilliseconds(await page.EvaluateAsync<double>("name => people[name].listen()", name));

    /// <summary>Returns when all of it was said.</summary>
    /// <param name="samples">16 kHz mono.</param>
    /// <returns>When the first sample was due, since 1970.</returns>
    public async Task<TimeSpan> SayAsync(string name, float[] samples) => TimeSpan.FromMilliseconds(
        await page.EvaluateAsync<double>("([name, wav]) => people[name].say(wav)", new object[] { name, Convert.ToBase64String(Wav(samples)) }));

    /// <returns>Port of every forwarder of the room.</returns>
    public async Task<IReadOnlyList<int>> ForwardedPortsAsync()
    {
        var publishers = await page.EvaluateAsync<JsonElement>("() => forwarders(room)");
        return [.. publishers.EnumerateArray().SelectMany(p => p.GetProperty("forwarders").EnumerateArray()).Select(f => f.GetProperty("port").GetInt32())];
    }

    public async ValueTask DisposeAsync()
    {
        await browser.CloseAsync();
        playwright.Dispose();
    }

    /// <summary>16-bit PCM at 16 kHz.</summary>
    public static byte[] Wav(ReadOnlySpan<float> samples)
    {
        var wav = new byte[44 + 2 * samples.Length];
        "RIFF"u8.CopyTo(wav);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(4), wav.Length - 8);
        "WAVEfmt "u8.CopyTo(wav.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(16), 16);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(20), 1);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(22), 1);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(24), 16_000);
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(28), 32_000);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(32), 2);
        BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(34), 16);
        "data"u8.CopyTo(wav.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(wav.AsSpan(40), 2 * samples.Length);
        for (int i = 0; i < samples.Length; i++)
            BinaryPrimitives.WriteInt16LittleEndian(wav.AsSpan(44 + 2 * i), (short)Math.Clamp(samples[i] * 32767, -32768, 32767));
        return wav;
    }
}
