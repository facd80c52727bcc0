using System.Globalization;
using Xunit.Abstractions;
using static Pipeline.EndToEnd.Tests.Room.RoomMeeting;

namespace Pipeline.EndToEnd.Tests.Room;

/// <summary>A room in which nobody is a browser: stereo, other payload types, a marker on every packet, timestamps that begin anew while sequence numbers go on.</summary>
public sealed class GuestMeetingTests(ITestOutputHelper output)
{
    private const string Sarah = "Sarah";

    [Fact(Timeout = 180_000)]
    public async Task What_a_guest_with_other_software_says_in_a_room_is_in_its_place_in_words_and_under_their_name()
    {
        var script = SpokenLine.Read(Fixtures.Speech("hiring-audit.json"));
        await using var janus = new JanusServer();
        await janus.StartAsync();
        await using var server = await PipelineServer.StartAsync();
        string id = await CreateAsync(server, janus);
        await using var guest = await RoomGuest.EnterAsync(janus, 21, Sarah);
        await UntilAsync(server, id, m => m.Source.Status == "watching" && m.Flowing([Sarah]));

        var said = new List<(string Text, float[] Samples, TimeSpan At)>();
        foreach (int clip in new[] { 3, 8, 16 })
        {
            string path = Fixtures.Speech(string.Create(CultureInfo.InvariantCulture, $"hiring-audit-{clip:00}-sarah.wav"));
            var at = await guest.SayAsync(path);
            said.Add((script[clip - 1].Text, WavFile.Read(path).Samples, at));
        }
        await guest.LeaveAsync();
        await UntilAsync(server, id, m => m.Open(Sarah) == 0);
        await server.Client.StopMeetingAsync(id, default);

        var recorded = await RecordedMeeting.FetchAsync(server, id);
        var track = Assert.Single(recorded.Meeting.Tracks);
        Assert.Equal(("completed", "21", Sarah, "audio"), (recorded.Meeting.Status, track.Participant.Id, track.Participant.Name, track.Kind));
        foreach (var (text, samples, at) in said)
        {
            var (off, peak) = Find(recorded.Sound[track.Participant.Id], samples, at - recorded.StartedUnix);
            output.WriteLine($"{(at - recorded.StartedUnix).TotalSeconds,6:0.00} off {off.TotalMilliseconds,6:0.0} ms, likeness {peak:0.00}: {text}");
            Assert.True(peak > 0.4, $"“{text}” is not in the file (likeness {peak:0.00})");
            Assert.InRange(off.TotalMilliseconds, -100, 3000);                       // later by what a busy machine takes
        }
        string heard = string.Join(' ', recorded.Transcript.Segments.Select(s => s.Text));
        var wrong = WordErrorRate.Of(string.Join(' ', said.Select(s => s.Text)), heard);
        output.WriteLine($"{wrong}: {heard}");
        Assert.All(recorded.Transcript.Segments, segment => Assert.Equal(Sarah, segment.Participant.Name));
        Assert.InRange(wrong.Rate, 0, 0.2);
    }
}
