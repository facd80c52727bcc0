using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>Four real senders at once, each with the offer that goes with it.</summary>
public sealed class SenderRecipeTests(ITestOutputHelper output)
{
    private const int Rate = RecordedMeeting.Rate;
    /// <summary>Between what one sender says: enough for a caption to end.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    /// <summary>What two files may differ by before a listener hears it.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task What_the_recipes_send_is_recorded_captioned_and_everybodys_own()
    {
        await using var server = await PipelineServer.StartAsync();
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "Recipes", Language = "en", Tracks = [] }, default);
        var recipes = SenderRecipes.Read();
        Assert.Equal(["FFmpeg", "FFmpeg, protected", "FFmpeg, a picture", "A telephone", "GStreamer"], recipes.Keys);   // each is run by a test here
        var folder = Directory.CreateTempSubdirectory("recipes-");
        SpokenLine[][] said = [Said("Sarah", 1, 2), Said("Oliver", 1, 3), Said("Thomas", 1, 2), Said("Sarah", 3, 5)];
        string[] senders = ["alice", "carol", "bob", "dave"];
        foreach (var (sender, lines) in senders.Zip(said)) WriteWav(Path.Combine(folder.FullName, sender + ".wav"), lines);

        var sending = new List<Task>();
        foreach (string recipe in new[] { "FFmpeg", "FFmpeg, protected", "GStreamer", "A telephone" })
        {
            sending.Add(SenderRecipes.RunAsync(recipes[recipe], folder.FullName, server, meeting.Id, output));
            await UntilAsync(server, meeting.Id, tracks => tracks.GetArrayLength() == sending.Count);   // in this order: who comes second cannot be told from the first
        }
        await Task.WhenAll(sending);
        var running = await TracksAsync(server, meeting.Id);
        await server.Client.StopMeetingAsync(meeting.Id, default);
        var recorded = await RecordedMeeting.FetchAsync(server, meeting.Id);
        folder.Delete(recursive: true);

        Assert.Equal("completed", recorded.Meeting.Status);
        var tracks = running.EnumerateArray().ToDictionary(track => track.GetProperty("participant").GetProperty("id").GetString()!);
        Assert.Equal(senders.Order(), tracks.Keys.Order());
        Assert.Equal([false, true, true, false], senders.Select(sender => tracks[sender].GetProperty("own_port").GetBoolean()));
        Assert.Equal(["address", "srtp", "address", "address"], senders.Select(sender => tracks[sender].GetProperty("authenticated").GetString()));
        foreach (var (sender, lines) in senders.Zip(said)) AssertHeard(recorded, sender, lines);
    }

    private void AssertHeard(RecordedMeeting recorded, string sender, SpokenLine[] lines)
    {
        TimeSpan? origin = null;
        var at = TimeSpan.Zero;
        foreach (var line in lines)
        {
            var match = Correlation.Find(recorded.Sound[sender], line.Samples);
            var found = TimeSpan.FromSeconds((double)match.Offset / Rate);
            origin ??= found;
            var off = found - origin.Value - at;
            output.WriteLine($"{sender,-6} at {found.TotalSeconds,6:0.00} s, off {off.TotalMilliseconds,6:0.0} ms, likeness {match.Peak:0.00}: {line.Text}");
            Assert.True(match.Peak > 0.5 && off.Duration() <= Tolerance, $"{sender}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {match.Peak:0.00})");
            at += Length(line) + Pause;
        }
        var segments = recorded.Transcript.Segments.Where(s => s.Participant.Id == sender).ToList();
        var words = WordErrorRate.Of(string.Join(' ', lines.Select(l => l.Text)), string.Join(' ', segments.Select(s => s.Text)));
        output.WriteLine($"{sender}: {words}: {string.Join(' ', segments.Select(s => s.Text))}");
        Assert.InRange(words.Rate, 0, 0.15);
    }

    private static SpokenLine[] Said(string speaker, params int[] numbers)
    {
        var lines = SpokenLine.Read(Fixtures.Speech("hiring-audit.json")).Where(line => line.Speaker == speaker).ToList();
        return [.. numbers.Select(n => lines[n])];
    }

    private static TimeSpan Length(SpokenLine line) => TimeSpan.FromSeconds((double)line.Samples.Length / Rate);

    /// <summary>The lines one after the other, with pauses between and after.</summary>
    private static void WriteWav(string path, SpokenLine[] lines) =>
        WavFile.Write(path, [.. lines.SelectMany(line => line.Samples.Concat(new float[(int)(Pause.TotalSeconds * Rate)]))], Rate);

    private static async Task UntilAsync(PipelineServer server, string meeting, Func<JsonElement, bool> there)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!there(await TracksAsync(server, meeting))) await tick.WaitForNextTickAsync();
    }

    private static async Task<JsonElement> TracksAsync(PipelineServer server, string meeting) =>
        JsonElement.Parse(await server.Http.GetStringAsync($"/v1/meetings/{meeting}")).GetProperty("tracks");
}

/// <summary>A real sender of pictures, with the offer that goes with it.</summary>
public sealed class CameraRecipeTests(ITestOutputHelper output)
{
    [Fact]
    public async Task What_the_recipe_sends_is_a_track_s_file()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "A picture", Tracks = [] }, default);
        var folder = Directory.CreateTempSubdirectory("recipes-");

        await SenderRecipes.RunAsync(SenderRecipes.Read()["FFmpeg, a picture"], folder.FullName, server, meeting.Id, output);
        await server.Client.StopMeetingAsync(meeting.Id, default);
        meeting = await server.Client.WaitUntilOverAsync(meeting.Id, default);

        Assert.Equal("completed", meeting.Status);
        var file = Assert.Single(await server.Client.GetRecordingsAsync(meeting.Id, default), recording => recording.Kind == "track");
        Assert.Equal(("video/webm", "vp8"), (file.ContentType, file.Codec));
        string path = Path.Combine(folder.FullName, "camera.webm");
        await server.Client.DownloadAsync(file, path, default);
        var probe = await Ffprobe.ReadAsync(path);
        Assert.InRange(probe.Duration.TotalMilliseconds - meeting.DurationMs, -50, 50);
        Assert.InRange(await Ffprobe.CountPicturesAsync(path), 75, 80);              // all that were sent, and what keeps the file as long as the meeting
        folder.Delete(recursive: true);
    }
}
