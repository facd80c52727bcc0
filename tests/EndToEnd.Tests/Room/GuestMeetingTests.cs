using System.Globalization;
using Xunit.Abstractions;
using static Pipeline.EndToEnd.Tests.Room.RoomMeeting;

namespace Pipeline.EndToEnd.Tests.Room;

/// <summary>
/// A room in which nobody is a browser. One's timestamps begin anew while their sequence numbers go on, with a marker on every packet; another's packets last 60 ms.
/// Both are stereo, under payload types of their own.
/// </summary>
public sealed class GuestMeetingTests(ITestOutputHelper output)
{
    private const string Sarah = "Sarah", Oliver = "Oliver";

    [Fact(Timeout = 180_000)]
    public async Task What_guests_with_other_software_say_in_a_room_is_in_its_place_in_words_and_under_their_names()
    {
        var script = SpokenLine.Read(Fixtures.Speech("hiring-audit.json"));
        await using var janus = new JanusServer();
        await janus.StartAsync();
        await using var server = await PipelineServer.StartAsync();
        string id = await CreateAsync(server, janus);
        await using var sarah = await RoomGuest.EnterAsync(janus, "aiortc", 21, Sarah);
        await using var oliver = await RoomGuest.EnterAsync(janus, "gstreamer", 22, Oliver);
        await UntilAsync(server, id, m => m.Source.Status == "watching" && m.Flowing([Sarah, Oliver]));

        var said = new List<(string Who, string Text, float[] Samples, TimeSpan At)>();
        foreach (var (who, guest, clip) in new[] { (Sarah, sarah, 3), (Oliver, oliver, 4), (Sarah, sarah, 8), (Oliver, oliver, 13), (Sarah, sarah, 10) })
        {
            string path = Fixtures.Speech(string.Create(CultureInfo.InvariantCulture, $"hiring-audit-{clip:00}-{who.ToLowerInvariant()}.wav"));
            var at = await guest.SayAsync(path);
            said.Add((who, script[clip - 1].Text, WavFile.Read(path).Samples, at));
        }
        await sarah.LeaveAsync();
        await oliver.LeaveAsync();
        await UntilAsync(server, id, m => m.Open(Sarah) + m.Open(Oliver) == 0);
        await server.Client.StopMeetingAsync(id, default);

        var recorded = await RecordedMeeting.FetchAsync(server, id);
        Assert.Equal("completed", recorded.Meeting.Status);
        Assert.Equal([("21", Sarah, "audio"), ("22", Oliver, "audio")], recorded.Meeting.Tracks.Select(t => (t.Participant.Id, t.Participant.Name!, t.Kind)).Order());
        var all = new WordErrorRate(0, 0);
        foreach (var speaker in said.GroupBy(s => s.Who))
        {
            float[] sound = recorded.Sound[speaker.Key == Sarah ? "21" : "22"];
            foreach (var (_, text, samples, at) in speaker)
            {
                var (off, peak) = Find(sound, samples, at - recorded.StartedUnix);
                output.WriteLine($"{speaker.Key,-7} {(at - recorded.StartedUnix).TotalSeconds,6:0.00} off {off.TotalMilliseconds,6:0.0} ms, likeness {peak:0.00}: {text}");
                Assert.True(peak > 0.4, $"“{text}” is not in {speaker.Key}'s file (likeness {peak:0.00})");
                Assert.InRange(off.TotalMilliseconds, -100, 3000);                   // later by what a busy machine takes
            }
            string heard = string.Join(' ', recorded.Transcript.Segments.Where(s => s.Participant.Name == speaker.Key).OrderBy(s => s.StartMs).Select(s => s.Text));
            var wrong = WordErrorRate.Of(string.Join(' ', speaker.Select(s => s.Text)), heard);
            output.WriteLine($"{speaker.Key}: {wrong}: {heard}");
            all += wrong;
        }
        Assert.InRange(all.Rate, 0, 0.2);
    }
}
