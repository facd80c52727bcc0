using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.TestKit.Audio;

namespace Pipeline.EndToEnd.Tests.Room;

/// <summary>A meeting whose source is a room: made, watched, and listened to afterwards.</summary>
internal static class RoomMeeting
{
    public static async Task<string> CreateAsync(PipelineServer server, JanusServer janus)
    {
        var asked = new
        {
            title = "Room",
            language = "en",
            idle_timeout_s = 0,
            source = new
            {
                type = "janus",
                url = janus.Url.ToString(),
                room = JanusServer.Room,
                secret = JanusServer.Secret,
                pin = JanusServer.Pin,
                api_secret = JanusServer.ApiSecret,
            },
        };
        using var answer = await server.Http.PostAsJsonAsync("/v1/meetings", asked);
        var meeting = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.IsSuccessStatusCode, meeting.ToString());
        return meeting.GetProperty("id").GetString()!;
    }

    public static async Task UntilAsync(PipelineServer server, string meeting, Func<RoomSeen, bool> holds)
    {
        RoomSeen last = null!;
        try { await UntilAsync(async () => holds(last = await LookAsync(server, meeting))); }
        catch (TimeoutException e) { throw new TimeoutException($"{last}\n{server.Output}", e); }
    }

    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (int looks = 0; !await holds(); looks++)
        {
            if (looks > 900) throw new TimeoutException("It does not come to it.");  // only so that a broken test ends
            await tick.WaitForNextTickAsync();
        }
    }

    public static async Task<RoomSeen> LookAsync(PipelineServer server, string meeting)
    {
        var root = JsonDocument.Parse(await server.Http.GetStringAsync($"/v1/meetings/{meeting}")).RootElement;
        var source = root.GetProperty("source");
        return new RoomSeen(
            new SourceInfo(source.GetProperty("status").GetString()!, source.GetProperty("detail").GetString()),
            [.. root.GetProperty("tracks").EnumerateArray().Select(t => new TrackSeen(
                t.GetProperty("participant").GetProperty("name").GetString()!, t.GetProperty("kind").GetString()!, t.GetProperty("status").GetString()!))]);
    }

    /// <summary>Looks for a sound within four seconds of where it should be; what is nowhere near has no likeness.</summary>
    public static (TimeSpan Off, double Peak) Find(float[] file, float[] reference, TimeSpan expected)
    {
        int at = (int)(expected.TotalSeconds * RecordedMeeting.Rate), around = 4 * RecordedMeeting.Rate;
        if (at - around + reference.Length > file.Length) return (default, 0);
        var match = Correlation.FindWithin(file, reference, at - around, at + around);
        return (TimeSpan.FromSeconds((double)(match.Offset - at) / RecordedMeeting.Rate), match.Peak);
    }
}

/// <summary>How a meeting stands, from outside.</summary>
internal sealed record RoomSeen(SourceInfo Source, IReadOnlyList<TrackSeen> Tracks)
{
    public int Sounds => Tracks.Count(t => t.Kind == "audio");
    public int Open(string who) => Tracks.Count(t => t.Who == who && t.Kind == "audio" && t.Status != "ended");
    public bool Flowing(IEnumerable<string> who) => who.All(w => Open(w) == 1 && Tracks.Any(t => t.Who == w && t.Kind == "audio" && t.Status is "flowing" or "silent"));
    public override string ToString() => $"{Source}, {string.Join(", ", Tracks)}";
}

internal sealed record SourceInfo(string Status, string? Detail);

internal sealed record TrackSeen(string Who, string Kind, string Status);
