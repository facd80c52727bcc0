using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>A meeting's mix is heard while it runs, by a player that is not ours.</summary>
public sealed partial class LiveListeningTests(ITestOutputHelper output)
{
    private static readonly TimeSpan KilledAt = TimeSpan.FromSeconds(16), Length = TimeSpan.FromSeconds(32);

    [Fact]
    public async Task Ffmpeg_hears_a_running_meeting_and_after_a_kill_everything_up_to_the_last_fragment()
    {
        await using var server = await PipelineServer.StartAsync();
        var source = ReplaySource.Open([Fixtures.Speech("release-review.json")]);
        source = source with { Packets = [.. source.Packets.Where(p => p.Time < Length)], Duration = Length };
        string id = "", before = "", after = "";
        float[] heard = [];

        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, origin) =>
        {
            id = meeting.Id;
            await PlaylistAsync(server, id, fragments: 2);
            heard = await ListenAsync(server, id, seconds: 6);                       // also of what is not there yet
            await meeting.UntilAsync(origin + KilledAt);
            before = await PlaylistAsync(server, id, fragments: 3);
            await server.KillAsync();
            await server.RestartAsync();
            after = await PlaylistAsync(server, id, fragments: Fragments(before) + 1);
        });

        // What was there before is there again, and what came since follows behind a discontinuity.
        Assert.StartsWith(before, after);
        Assert.Contains("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"2-1.mp4\"", after);
        Assert.DoesNotContain("ENDLIST", after);
        AssertSame(recorded, heard, TimeSpan.Zero);

        // It is over, and whoever is behind hears it out.
        string whole = await PlaylistAsync(server, id, fragments: 1);
        Assert.StartsWith(after, whole);
        Assert.EndsWith("#EXT-X-ENDLIST\n", whole);
        var starts = PartTimes().Matches(whole).ToDictionary(m => m.Groups[1].Value, m => DateTimeOffset.Parse(m.Groups[2].Value) - recorded.Meeting.StartedAt!.Value);
        Assert.Equal(["1-1", "2-1"], starts.Keys);
        foreach (var (part, start) in starts)
        {
            using var folder = new TemporaryFolder();
            await File.WriteAllBytesAsync(folder["part.mp4"], await server.Http.GetByteArrayAsync($"/v1/meetings/{id}/live/{part}.mp4"));
            float[] sound = await FfmpegDecode.ToFloatAsync(folder["part.mp4"], RecordedMeeting.Rate);
            output.WriteLine($"{part} begins at {start.TotalSeconds:0.000} s and has {sound.Length / (double)RecordedMeeting.Rate:0.000} s");
            AssertSame(recorded, sound, start);
        }
    }

    /// <summary>Each second of it that is not silent lies where the mix, which was made of the journal, has it.</summary>
    private static void AssertSame(RecordedMeeting recorded, float[] sound, TimeSpan start)
    {
        const int Rate = RecordedMeeting.Rate;
        float[] mix = recorded.Sound["mix"];
        int from = (int)(start.TotalSeconds * Rate), found = 0;
        for (int at = 0; at + Rate <= sound.Length && from + at + 2 * Rate < mix.Length; at += Rate)
        {
            var second = sound.AsSpan(at, Rate);
            if (second.ToArray().Max(Math.Abs) < 0.05f) continue;
            var match = Correlation.FindWithin(mix, second, from + at - Rate / 10, from + at + Rate / 10);
            // AAC's first 1024 samples, which some players play.
            Assert.True(match.Peak > 0.9 && Math.Abs(match.Offset - from - at) <= Rate * 25 / 1000, $"the second at {start + TimeSpan.FromSeconds(at / (double)Rate)} lies {match.Offset - from - at} samples off (likeness {match.Peak:0.00})");
            found++;
        }
        Assert.True(found >= 2, $"only {found} seconds are not silent");
    }

    /// <returns>The playlist, when it has as many fragments.</returns>
    private static async Task<string> PlaylistAsync(PipelineServer server, string meeting, int fragments)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            using var answer = await server.Http.GetAsync($"/v1/meetings/{meeting}/live/index.m3u8");
            if (answer.StatusCode == HttpStatusCode.OK && await answer.Content.ReadAsStringAsync() is var playlist && Fragments(playlist) >= fragments) return playlist;
            if (answer.StatusCode != HttpStatusCode.OK) Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            await timer.WaitForNextTickAsync();
        }
    }

    private static async Task<float[]> ListenAsync(PipelineServer server, string meeting, int seconds)
    {
        byte[] pcm = await Tool.RunAsync("ffmpeg",
        [
            "-v", "error", "-headers", $"Authorization: Bearer {PipelineServer.ApiKey}\r\n", "-live_start_index", "0", "-i", new Uri(server.Address, $"/v1/meetings/{meeting}/live/index.m3u8").ToString(),
            "-t", $"{seconds}", "-ac", "1", "-ar", $"{RecordedMeeting.Rate}", "-f", "f32le", "-",
        ], default);
        float[] heard = MemoryMarshal.Cast<byte, float>(pcm).ToArray();
        Assert.InRange(heard.Length, (seconds - 0.1) * RecordedMeeting.Rate, (seconds + 0.1) * RecordedMeeting.Rate);
        return heard;
    }

    private static int Fragments(string playlist) => playlist.Split("#EXTINF").Length - 1;

    [GeneratedRegex("#EXT-X-MAP:URI=\"(\\S+)\\.mp4\".*\\n#EXT-X-PROGRAM-DATE-TIME:(\\S+)")]
    private static partial Regex PartTimes();
}
