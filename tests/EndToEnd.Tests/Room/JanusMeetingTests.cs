using System.Text;
using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;
using static Pipeline.EndToEnd.Tests.Room.RoomMeeting;

namespace Pipeline.EndToEnd.Tests.Room;

/// <summary>
/// A real Janus, a real browser with three people in it, and two nodes that watch the room: one beside Janus, which captions, and one that Janus
/// reaches over the network only.
/// </summary>
public sealed class JanusMeetingTests(ITestOutputHelper output)
{
    private const string Laura = "Laura", Martin = "Martin", Kevin = "Kevin";
    private static readonly string[] Everybody = [Laura, Martin, Kevin];

    private readonly List<Said> said = [];

    private sealed record Said(SpokenLine Line, TimeSpan AtUnix);

    [Fact]
    public async Task What_is_said_in_a_room_is_recorded_through_comings_and_goings_and_the_death_of_Janus()
    {
        var lines = SpokenLine.Read(Fixtures.Speech("release-review.json"));
        using var folder = new TemporaryFolder();
        var first = lines.Where(l => l.Speaker == Laura).Take(2).ToList();           // through the microphone
        await File.WriteAllBytesAsync(folder["microphone.wav"], RoomBrowser.Wav(WavFile.Read(Fixtures.Speech("release-review-laura.wav")).Samples.AsSpan(0, 16 * 4300)));

        await using var janus = new JanusServer();
        await using var near = await PipelineServer.StartAsync();
        await using var far = await PipelineServer.StartAsync(
            settings: [("PIPELINE_MODEL", null), ("PIPELINE_RTP_BIND", "0.0.0.0"), ("PIPELINE_RTP_HOST", JanusServer.Address.ToString())]);
        string meeting = await CreateAsync(near, janus), other = await CreateAsync(far, janus);
        await UntilAsync(near, meeting, m => m.Source is { Status: "connecting", Detail: not null });   // there is no Janus yet

        await janus.StartAsync();
        await using var browser = await RoomBrowser.OpenAsync(janus, folder["microphone.wav"]);
        foreach (var (name, id) in Everybody.Zip([11L, 12L, 13L])) await browser.MakeAsync(id, name);
        await Task.WhenAll(Everybody.Select(name => browser.EnterAsync(name)));
        await UntilBothAsync(m => m.Source!.Status == "watching" && m.Flowing(Everybody));

        var opened = await browser.ListenAsync(Laura);
        said.AddRange(first.Select(line => new Said(line, opened + line.Start)));
        foreach (string name in new[] { Martin, Kevin }) await SayAsync(Line(name, 0));

        await browser.ShowAsync(Martin);                                             // only we ask for key frames in this room
        await UntilBothAsync(m => m.Tracks.Any(t => t is { Who: Martin, Kind: "video", Status: "flowing" }));

        await browser.LeaveAsync(Kevin);
        await UntilBothAsync(m => m.Open(Kevin) == 0);
        await near.KillAsync();                                                      // the node goes on with the forwarders there are
        await near.RestartAsync();
        await browser.EnterAsync(Kevin);
        await UntilBothAsync(m => m.Source!.Status == "watching" && m.Flowing(Everybody));
        Assert.Equal(4, (await LookAsync(near, meeting)).Sounds);
        await SayAsync(Line(Kevin, 1));

        await janus.KillAsync();
        foreach (string name in Everybody) await browser.VanishAsync(name);
        await UntilBothAsync(m => m.Source!.Status == "lost");
        await janus.StartAsync();
        await Task.WhenAll(Everybody.Select(name => browser.EnterAsync(name)));
        await UntilBothAsync(m => m.Source!.Status == "watching" && m.Sounds == 7 && m.Flowing(Everybody));
        foreach (string name in new[] { Laura, Martin }) await SayAsync(Line(name, 2));

        var ports = await browser.ForwardedPortsAsync();
        Assert.Equal(6, ports.Count);
        Assert.Equal(2, ports.Distinct().Count());
        await near.Client.StopMeetingAsync(meeting, default);
        await far.Client.StopMeetingAsync(other, default);
        await UntilAsync(async () => (await browser.ForwardedPortsAsync()).Count == 0);

        foreach (var (server, id, protection) in new[] { (near, meeting, "address"), (far, other, "srtp") })
        {
            var over = await server.Client.WaitUntilOverAsync(id, default);
            Assert.Equal(("completed", "requested"), (over.Status, over.Reason));
            Assert.Equal(Everybody.Order(), over.Tracks.Select(t => t.Participant.Name).Distinct().Order());
            Assert.Equal(["11", "12", "13"], over.Tracks.Select(t => t.Participant.Id).Distinct().Order());
            await AssertSoundAsync(server, over, protection);
        }
        await AssertWordsAsync(near, meeting);
        await near.KillAsync();                                                      // it has files that it lets nobody else read
        AssertNowhere(near, JanusServer.Secret);
        AssertNowhere(near, JanusServer.ApiSecret);

        SpokenLine Line(string name, int n) => lines.Where(l => l.Speaker == name).ElementAt(n);

        async Task SayAsync(SpokenLine line) => said.Add(new Said(line, await browser.SayAsync(line.Speaker, line.Samples)));

        async Task UntilBothAsync(Func<RoomSeen, bool> holds)
        {
            await UntilAsync(near, meeting, holds);
            await UntilAsync(far, other, holds);
        }
    }

    /// <summary>Everything that was said is in its speaker's own file, whole, in its order, and not before it was said.</summary>
    private async Task AssertSoundAsync(PipelineServer server, MeetingInfo meeting, string protection)
    {
        using var folder = new TemporaryFolder();
        var sound = new Dictionary<string, List<float[]>>();
        int pictures = 0;
        foreach (var recording in (await server.Client.GetRecordingsAsync(meeting.Id, default)).Where(r => r.Kind == "track"))
        {
            var track = meeting.Tracks.Single(t => t.Id == recording.TrackId);
            string who = track.Participant.Name;
            await server.Client.DownloadAsync(recording, folder[recording.Id], default);
            if (track.Kind == "video")
            {
                Assert.Equal((Martin, "vp8"), (who, recording.Codec));
                pictures += await Ffprobe.CountPicturesAsync(folder[recording.Id]);
                continue;
            }
            if (!sound.TryGetValue(who, out var files)) sound[who] = files = [];
            files.Add(await FfmpegDecode.ToFloatAsync(folder[recording.Id], RecordedMeeting.Rate));
        }
        output.WriteLine($"{pictures} pictures");
        Assert.True(pictures >= 10, $"{pictures} pictures");                         // a second of them, of many
        var origin = meeting.StartedAt!.Value - DateTimeOffset.UnixEpoch;
        foreach (var (line, at) in said)
        {
            var (off, peak) = sound[line.Speaker].Select(file => Find(file, line.Samples, at - origin)).MaxBy(found => found.Peak);
            output.WriteLine($"{protection,-8} {line.Speaker,-7} {(at - origin).TotalSeconds,6:0.00} off {off.TotalMilliseconds,6:0.0} ms, likeness {peak:0.00}: {line.Text}");
            Assert.True(peak > 0.4, $"“{line.Text}” is not in {line.Speaker}'s files (likeness {peak:0.00})");
            Assert.InRange(off.TotalMilliseconds, -100, 3000);                       // later by what the browser and a busy machine take
        }
    }

    /// <summary>Who said what is who said it, and most of the words are right.</summary>
    private async Task AssertWordsAsync(PipelineServer server, string meeting)
    {
        var transcript = await server.Client.GetTranscriptAsync(meeting, default);
        var all = new WordErrorRate(0, 0);
        foreach (var speaker in said.GroupBy(s => s.Line.Speaker))
        {
            string heard = string.Join(' ', transcript.Segments.Where(s => s.Participant.Name == speaker.Key).OrderBy(s => s.StartMs).Select(s => s.Text));
            var rate = WordErrorRate.Of(string.Join(' ', speaker.OrderBy(s => s.AtUnix).Select(s => s.Line.Text)), heard);
            output.WriteLine($"{speaker.Key}: {rate}: {heard}");
            all += rate;
        }
        output.WriteLine($"word error rate {all}");
        Assert.InRange(all.Rate, 0, 0.2);
    }

    /// <summary>In no file the server wrote, and in nothing it printed.</summary>
    private static void AssertNowhere(PipelineServer server, string secret)
    {
        Assert.DoesNotContain(secret, server.Output);
        byte[] bytes = Encoding.UTF8.GetBytes(secret);
        foreach (string file in Directory.EnumerateFiles(server.DataFolder, "*", SearchOption.AllDirectories))
            Assert.True(File.ReadAllBytes(file).AsSpan().IndexOf(bytes) < 0, $"{file} has a secret in it");
    }
}
