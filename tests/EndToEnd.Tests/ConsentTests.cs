using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>
/// Laura and Martin speak at the same time. Martin denies consent after his first sentence, and grants it once a whole sentence of his
/// was withheld, however long a busy machine took for either.
/// </summary>
public sealed class ConsentTests(ITestOutputHelper output)
{
    private static readonly TimeSpan DeniedAt = TimeSpan.FromSeconds(2.85);
    /// <summary>Of the meeting that is played, this is left out of Martin: he begins with Laura.</summary>
    private static readonly TimeSpan Skipped = TimeSpan.FromSeconds(11.2);
    /// <summary>A packet lasts 20 ms, and encoders ring on a little.</summary>
    private static readonly TimeSpan Edge = TimeSpan.FromMilliseconds(60);
    /// <summary>On a busy machine packets leave late, and the caption needs the silence after a sentence.</summary>
    private static readonly TimeSpan Afterwards = TimeSpan.FromSeconds(2);

    /// <summary>Here only to be told from its neighbours: how exact places are, others test.</summary>
    private static readonly TimeSpan InPlace = TimeSpan.FromMilliseconds(60);

    [Fact]
    public async Task What_is_said_without_consent_is_in_no_file_no_transcript_and_no_packet_and_the_other_is_whole()
    {
        await using var server = await PipelineServer.StartAsync();
        var lines = SpokenLine.Read(Fixtures.Speech("release-review.json")).ToList();
        List<SpokenLine> laura = [.. lines.Where(l => l.Speaker == "Laura")];
        List<SpokenLine> martin = [.. lines.Where(l => l.Speaker == "Martin").Select(l => l with { Start = l.Start - Skipped, End = l.End - Skipped })];
        var source = Source();
        using var enough = new CancellationTokenSource();
        TimeSpan ended = default, denyAsked = default, denyAnswered = default, grantAsked = default, grantAnswered = default;

        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, began) =>
        {
            await meeting.UntilAsync(began + DeniedAt);
            denyAsked = meeting.Now();
            await SayAsync(server, meeting, "denied");
            denyAnswered = meeting.Now();
            await meeting.UntilAsync(began + martin.First(l => began + l.Start > denyAnswered).End + Afterwards);
            grantAsked = meeting.Now();
            await SayAsync(server, meeting, "granted");
            grantAnswered = meeting.Now();
            await meeting.UntilAsync(began + martin.First(l => began + l.Start > grantAnswered).End + Afterwards);
            ended = meeting.Now();
            await enough.CancelAsync();
        }, enough: enough.Token);

        output.WriteLine($"denied {denyAsked.TotalMilliseconds:0} … {denyAnswered.TotalMilliseconds:0}, granted {grantAsked.TotalMilliseconds:0} … {grantAnswered.TotalMilliseconds:0} ms");
        var origin = recorded.Log.Started - recorded.StartedUnix;
        Assert.Equal("completed", recorded.Meeting.Status);

        var gap = Assert.Single(recorded.Quality.Tracks.Single(t => t.Participant?.Id == "martin").Gaps);
        Assert.Equal("consent", gap.Kind);
        Assert.InRange(gap.FromMs, denyAsked.TotalMilliseconds - 1, denyAnswered.TotalMilliseconds + 1);
        Assert.InRange(gap.ToMs, grantAsked.TotalMilliseconds - 1, grantAnswered.TotalMilliseconds + 1);
        var whole = recorded.Quality.Tracks.Single(t => t.Participant?.Id == "laura");
        Assert.Equal((0, 0), (whole.Gaps.Count, whole.PacketsLost));

        int from = (int)((denyAnswered + Edge).TotalSeconds * RecordedMeeting.Rate), to = (int)((grantAsked - Edge).TotalSeconds * RecordedMeeting.Rate);
        float loudest = recorded.Sound["martin"][from..to].Max(Math.Abs);
        Assert.True(loudest < 0.003f, $"what Martin said can be heard ({loudest:0.00000})");
        var withheld = martin.First(l => origin + l.Start > denyAnswered && origin + l.End < grantAsked);
        double likeness = recorded.Locate("mix", withheld.Samples, origin + withheld.Start).Peak;
        output.WriteLine($"“{withheld.Text}”: likeness to the mix {likeness:0.00}");
        Assert.True(likeness < 0.15, $"“{withheld.Text}” is in the mix (likeness {likeness:0.00})");
        foreach (var line in martin.Where(l => origin + l.End < denyAsked || (origin + l.Start > grantAnswered && origin + l.End < ended))) AssertHeard(recorded, "martin", line, origin);
        foreach (var line in laura.Where(l => origin + l.End < ended)) AssertHeard(recorded, "laura", line, origin);

        Assert.DoesNotContain(Said("martin"), s => s.EndMs > denyAnswered.TotalMilliseconds + 100 && s.StartMs < grantAsked.TotalMilliseconds - 500);
        Assert.Contains(Said("martin"), s => s.StartMs > grantAsked.TotalMilliseconds - 500);
        Assert.Contains(Said("laura"), s => s.StartMs > denyAnswered.TotalMilliseconds && s.EndMs < grantAsked.TotalMilliseconds);
        await AssertJournalAsync(server, recorded, source, origin, denyAnswered + Edge, grantAsked - Edge);

        IEnumerable<SegmentInfo> Said(string participant) => recorded.Transcript.Segments.Where(s => s.Participant.Id == participant);
    }

    /// <summary>Looks for the very bytes that were sent in what the journal has, decrypted.</summary>
    private static async Task AssertJournalAsync(
        PipelineServer server, RecordedMeeting recorded, ReplaySource source, TimeSpan origin, TimeSpan from, TimeSpan to)
    {
        string file = Path.Combine(Path.GetTempPath(), $"{recorded.Meeting.Id}.pcap");
        await server.RunAsync("journal", "pcap", recorded.Meeting.Id, "-o", file);
        var kept = PcapReader.Read(await File.ReadAllBytesAsync(file)).Select(d => Convert.ToHexString(Payload(d.Payload.Span))).ToHashSet();
        File.Delete(file);

        var within = source.Packets.Where(p => origin + p.Time > from && origin + p.Time < to).ToLookup(p => source.Streams[p.Stream].Participant.Id);
        Assert.All(within["laura"], p => Assert.Contains(Text(p), kept));
        var others = source.Packets.Except(within["martin"]).Select(Text).ToHashSet();   // encoders send the same bytes for silence again and again
        var withheld = within["martin"].Select(Text).Where(p => !others.Contains(p)).ToList();
        Assert.True(withheld.Count > 50, $"only {withheld.Count} packets of speech were withheld");
        Assert.All(withheld, payload => Assert.DoesNotContain(payload, kept));

        static string Text(ReplayPacket packet) => Convert.ToHexString(Payload(packet.Bytes.Span));
    }

    /// <summary>What follows the header and its extension (RFC 3550 §5.3.1).</summary>
    private static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> datagram) =>
        (datagram[0] & 0x10) == 0 ? datagram[12..] : datagram[(16 + 4 * BinaryPrimitives.ReadUInt16BigEndian(datagram[14..]))..];

    private static void AssertHeard(RecordedMeeting recorded, string participant, SpokenLine line, TimeSpan origin)
    {
        var (off, peak) = recorded.Locate(participant, line.Samples, origin + line.Start);
        Assert.True(off.Duration() <= InPlace && peak > 0.3, $"{participant}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
    }

    private static ReplaySource Source()
    {
        var both = ReplaySource.Open([Fixtures.Speech("release-review.json")]).Of(["laura", "martin"]);
        int martin = both.Streams.Index().Single(s => s.Item.Participant.Id == "martin").Index;
        return both with
        {
            Packets = [.. both.Packets.Where(p => p.Stream != martin || p.Time >= Skipped).Select(p => p.Stream == martin ? p with { Time = p.Time - Skipped } : p).OrderBy(p => p.Time)],
        };
    }

    private static async Task SayAsync(PipelineServer server, MeetingInfo meeting, string consent)
    {
        string track = meeting.Tracks.Single(t => t.Participant?.Id == "martin").Id;
        using var body = JsonContent.Create(new { participant = new { consent } });
        using var answer = await server.Http.PatchAsync($"/v1/meetings/{meeting.Id}/tracks/{track}", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(consent, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("participant").GetProperty("consent").GetString());
    }
}
