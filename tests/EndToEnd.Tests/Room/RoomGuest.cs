using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipeline.EndToEnd.Tests.Room;

/// <summary>Somebody in the room who is no browser: guest.py, in a process of its own.</summary>
internal sealed class RoomGuest : IAsyncDisposable
{
    private readonly Process process;
    private readonly Task<string> errors;

    private RoomGuest(Process process) => (this.process, errors) = (process, process.StandardError.ReadToEndAsync());

    /// <summary>Returns when they are connected.</summary>
    /// <param name="software">"aiortc" or "gstreamer".</param>
    public static async Task<RoomGuest> EnterAsync(JanusServer janus, string software, long id, string name)
    {
        string room = JsonSerializer.Serialize(new { software, url = janus.Url.ToString(), api_secret = JanusServer.ApiSecret, room = JanusServer.Room, pin = JanusServer.Pin, id, name });
        var guest = new RoomGuest(Process.Start(new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Room", "guest.py"), room])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        Assert.Equal("entered", await guest.ReadAsync());
        return guest;
    }

    /// <summary>Returns when all of the WAV file was said.</summary>
    /// <returns>When the first sample was, since 1970.</returns>
    public async Task<TimeSpan> SayAsync(string path)
    {
        await process.StandardInput.WriteLineAsync(path);
        return TimeSpan.FromSeconds(double.Parse(await ReadAsync(), CultureInfo.InvariantCulture));
    }

    public async Task LeaveAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<string> ReadAsync() =>
        await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The guest ended:\n{await errors}");
}
