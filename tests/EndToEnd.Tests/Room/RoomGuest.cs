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
    public static async Task<RoomGuest> EnterAsync(JanusServer janus, long id, string name)
    {
        string room = JsonSerializer.Serialize(new { url = janus.Url.ToString(), api_secret = JanusServer.ApiSecret, room = JanusServer.Room, pin = JanusServer.Pin, id, name });
        var guest = new RoomGuest(Process.Start(new ProcessStartInfo("/usr/bin/python3", [Path.Combine(AppContext.BaseDirectory, "Room", "guest.py"), room])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
        await guest.ReadAsync("entered");
        return guest;
    }

    /// <summary>Returns when all of the WAV file was said.</summary>
    /// <returns>When the first sample was, since 1970.</returns>
    public async Task<TimeSpan> SayAsync(string path)
    {
        await process.StandardInput.WriteLineAsync(path);
        string saying = await ReadAsync("saying ");
        await ReadAsync("said");
        return TimeSpan.FromSeconds(double.Parse(saying.AsSpan("saying ".Length), CultureInfo.InvariantCulture));
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

    private async Task<string> ReadAsync(string beginning)
    {
        string? line = await process.StandardOutput.ReadLineAsync();
        if (line is null) throw new InvalidOperationException($"The guest ended:\n{await errors}");
        Assert.StartsWith(beginning, line);
        return line;
    }
}
