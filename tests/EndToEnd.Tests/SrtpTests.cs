using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Pipeline.Api.Replay;
using Pipeline.Ingest.Srtp;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>Protected senders, through the whole program.</summary>
public sealed class SrtpTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(7);

    [Fact]
    public async Task Every_suite_is_recorded_and_no_key_is_anywhere()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        var plain = Cut(ReplaySource.Open([Fixtures.Speech("release-review.json")]), Length);
        var lines = SpokenLine.Read(Fixtures.Speech("release-review.json"));

        var sources = SrtpSuite.All.Select(plain.Protected).ToList();
        var recorded = await Task.WhenAll(sources.Select(source => RecordedMeeting.RecordAsync(server, source)));

        foreach (var (source, meeting) in sources.Zip(recorded))
        {
            string suite = source.Streams[0].Srtp!.Suite.Name;
            Assert.Equal("completed", meeting.Meeting.Status);
            Assert.All(meeting.Meeting.Tracks, track => Assert.Equal("srtp", track.Authenticated));
            Assert.Equal((0, 0), (meeting.Quality.Refused["srtp_auth"], meeting.Quality.Refused["srtp_replay"]));
            foreach (var line in lines.Where(l => l.End < Length))
            {
                var stream = source.Streams.Single(s => s.Participant.Name == line.Speaker);
                var (off, peak) = meeting.Locate(stream.Participant.Id, line.Samples, meeting.Log.OriginOf(stream) - meeting.StartedUnix + line.Start);
                output.WriteLine($"{suite,-24} off {off.TotalMilliseconds,6:0.0} ms, likeness {peak:0.00}: {line.Text}");
                Assert.True(off.Duration() <= TimeSpan.FromMilliseconds(20) && peak > 0.3, $"{suite}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            }
            Assert.Equal(BySsrc(plain.Packets.Select(p => p.Bytes)), BySsrc(await CapturedAsync(server, meeting.Meeting.Id)));
            var answer = JsonDocument.Parse(await server.Http.GetStringAsync($"/v1/meetings/{meeting.Meeting.Id}")).RootElement;
            Assert.All(answer.GetProperty("tracks").EnumerateArray(), track => Assert.Equal($$"""{"suite":"{{suite}}"}""", track.GetProperty("srtp").GetRawText()));
        }
        await server.KillAsync();                                                    // it has files that it lets nobody else read
        AssertNoKey(server, sources.SelectMany(s => s.Streams).Select(s => s.Srtp!));
    }

    [Fact]
    public async Task A_protected_meeting_goes_on_after_a_crash_in_which_its_numbers_wrapped()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        // The second packet after the first two seconds has number 0.
        var plain = Renumbered(Cut(ReplaySource.Open([Fixtures.Speech("release-review.json")]), TimeSpan.FromSeconds(12)), first: 65_536 - 101);
        var source = plain.Protected(SrtpSuite.AesCm80);
        TimeSpan back = default;

        var recorded = await RecordedMeeting.RecordAsync(server, source, meanwhile: async (meeting, _) =>
        {
            await UntilAsync(server, meeting.Id, quality => quality.Tracks.All(t => t.PacketsReceived > 25));
            await server.KillAsync();
            await meeting.UntilAsync(TimeSpan.FromSeconds(5));
            await server.RestartAsync();
            back = DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch;
        });

        Assert.Equal("completed", recorded.Meeting.Status);
        Assert.All(recorded.Meeting.Tracks, track => Assert.Equal("srtp", track.Authenticated));
        Assert.Equal((0, 0), (recorded.Quality.Refused["srtp_auth"], recorded.Quality.Refused["srtp_replay"]));
        var kept = BySsrc(await CapturedAsync(server, recorded.Meeting.Id));
        var late = recorded.Log.Packets.Select((packet, i) => (packet, i)).Where(p => p.packet.Sent > back).Select(p => plain.Packets[p.i].Bytes).ToList();
        output.WriteLine($"{late.Count} packets were sent after the restart");
        Assert.True(late.Count > 0, "the restart took longer than the meeting");
        foreach (var (ssrc, packets) in BySsrc(late)) Assert.EndsWith(packets, kept[ssrc]);
        Assert.All(kept.Values, packets => Assert.True(packets.Length > 0));
    }

    [Fact]
    public async Task Replay_sends_protected_when_it_is_asked_to()
    {
        await using var server = await PipelineServer.StartAsync(settings: ("PIPELINE_MODEL", null));
        string wav = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}-alice.wav");
        WriteSilence(wav, seconds: 2);
        try
        {
            string printed = await server.RunAsync(
                "replay", wav, "--url", server.Address.ToString(), "--api-key", PipelineServer.ApiKey, "--srtp", "AEAD_AES_256_GCM", "--stop");

            string id = printed.Split(' ').First(word => word.StartsWith("mtg_", StringComparison.Ordinal));
            var meeting = await server.Client.GetMeetingAsync(id, default);
            Assert.Equal(("completed", "srtp"), (meeting.Status, Assert.Single(meeting.Tracks).Authenticated));
        }
        finally { File.Delete(wav); }
    }

    private static async Task<IReadOnlyList<ReadOnlyMemory<byte>>> CapturedAsync(PipelineServer server, string meeting)
    {
        string path = Path.Combine(Path.GetTempPath(), $"{meeting}.pcap");
        try
        {
            await server.RunAsync("journal", "pcap", meeting, "-o", path);
            return [.. PcapReader.Read(await File.ReadAllBytesAsync(path)).Select(d => d.Payload)];
        }
        finally { File.Delete(path); }
    }

    /// <summary>RTP packets in hexadecimal, one behind the other.</summary>
    private static SortedDictionary<uint, string> BySsrc(IEnumerable<ReadOnlyMemory<byte>> packets) => new(packets
        .GroupBy(p => BinaryPrimitives.ReadUInt32BigEndian(p.Span[8..]))
        .ToDictionary(g => g.Key, g => string.Concat(g.Select(p => Convert.ToHexString(p.Span)))));

    /// <summary>In no file the server wrote, and in nothing it printed; as octets, in base64 and in hexadecimal.</summary>
    private static void AssertNoKey(PipelineServer server, IEnumerable<SrtpParameters> keys)
    {
        var files = Directory.EnumerateFiles(server.DataFolder, "*", SearchOption.AllDirectories).Select(File.ReadAllBytes).ToList();
        Assert.NotEmpty(files);
        byte[] printed = Encoding.UTF8.GetBytes(server.Output);
        foreach (var key in keys)
        {
            byte[] master = key.Master.ToArray();
            byte[][] forms = [master[..16], Encoding.ASCII.GetBytes(Convert.ToBase64String(master)[..16]), Encoding.ASCII.GetBytes(Convert.ToHexString(master)[..16])];
            foreach (byte[] form in forms) Assert.All(files.Append(printed), file => Assert.Equal(-1, file.AsSpan().IndexOf(form)));
        }
    }

    private static async Task UntilAsync(PipelineServer server, string meeting, Func<QualityInfo, bool> isSo)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!isSo(await server.Client.GetQualityAsync(meeting, default))) await tick.WaitForNextTickAsync();
    }

    private static ReplaySource Cut(ReplaySource source, TimeSpan length) =>
        source with { Packets = [.. source.Packets.Where(p => p.Time < length)], Duration = length };

    /// <summary>The same with sequence numbers counted from <paramref name="first"/> in each stream.</summary>
    private static ReplaySource Renumbered(ReplaySource source, int first)
    {
        var next = new Dictionary<int, int>();
        return source with
        {
            Packets = [.. source.Packets.Select(packet =>
            {
                byte[] bytes = packet.Bytes.ToArray();
                int number = next.GetValueOrDefault(packet.Stream, first);
                next[packet.Stream] = number + 1;
                BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)number);
                return packet with { Bytes = bytes };
            })],
        };
    }

    private static void WriteSilence(string path, int seconds)
    {
        using var file = new BinaryWriter(File.Create(path));
        int bytes = 2 * 16_000 * seconds;
        file.Write("RIFF"u8);
        file.Write(36 + bytes);
        file.Write("WAVEfmt "u8);
        file.Write(16);
        file.Write((short)1);
        file.Write((short)1);
        file.Write(16_000);
        file.Write(32_000);
        file.Write((short)2);
        file.Write((short)16);
        file.Write("data"u8);
        file.Write(bytes);
        file.Write(new byte[bytes]);
    }
}
