using Pipeline.Api.Replay;
using Pipeline.TestKit.Audio;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>G.711 of both laws and G.722, each by a sender of other people's making, in one meeting.</summary>
public sealed class TelephoneTests(ITestOutputHelper output)
{
    private const int Rate = RecordedMeeting.Rate;
    /// <summary>Between what one sender says: enough for a caption to end.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    /// <summary>What two files may differ by before a listener hears it.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(20);

    /// <param name="Encoder">As ffmpeg names it.</param>
    /// <param name="SampleRate">Of the sound: of G.722 twice what its clock says.</param>
    /// <param name="Filter">20 ms a packet, or what ffmpeg makes of it unasked: 128 ms.</param>
    private sealed record Caller(string Codec, byte PayloadType, string Encoder, int SampleRate, string Filter, SpokenLine[] Lines)
    {
        public uint Ssrc => 4000u + PayloadType;
    }

    [Fact]
    public async Task What_telephones_say_is_captioned_mixed_and_recorded_where_it_was_said()
    {
        Caller[] callers =
        [
            new("pcmu", 0, "pcm_mulaw", 8000, "asetnsamples=n=160:p=0", Said("Sarah", 1, 2)),
            new("pcma", 8, "pcm_alaw", 8000, "anull", Said("Oliver", 1, 3)),
            new("g722", 9, "g722", 16000, "asetnsamples=n=320:p=0", Said("Thomas", 1, 2)),
        ];
        await using var server = await PipelineServer.StartAsync();
        var tracks = callers.Select(c => new NewTrack { Participant = new NewParticipant(c.Codec, c.Codec, "granted"), Kind = "audio", Codec = c.Codec, PayloadType = c.PayloadType, Ssrc = c.Ssrc });
        var meeting = await server.Client.CreateMeetingAsync(new NewMeeting { Title = "Telephones", Language = "en", Tracks = [.. tracks] }, default);
        var folder = Directory.CreateTempSubdirectory("telephones-");

        await Task.WhenAll(callers.Select(caller => SendAsync(caller, folder.FullName, RecordedMeeting.Endpoint(meeting).Port)));
        await server.Client.StopMeetingAsync(meeting.Id, default);
        var recorded = await RecordedMeeting.FetchAsync(server, meeting.Id);
        folder.Delete(recursive: true);

        Assert.True(recorded.Meeting.Status == "completed", $"{recorded.Meeting.Reason}: {server.Output}");
        var wrong = new List<double>();
        foreach (var caller in callers)
        {
            string id = recorded.Meeting.Tracks.Single(t => t.Participant.Id == caller.Codec).Id;
            var (info, probe) = Assert.Single(recorded.Files, file => file.Info.TrackId == id);
            Assert.Equal(("audio/flac", "flac", "flac"), (info.ContentType, info.Codec, probe.Audio.Codec));
            Assert.Equal((caller.SampleRate, 1), (probe.Audio.SampleRate, probe.Audio.Channels));
            Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);
            wrong.Add(AssertHeard(recorded, caller));
        }
        // The test model has only heard wide-band speech: half of what telephones cut off at 3.4 kHz must do.
        Assert.All(callers.Zip(wrong), c => Assert.InRange(c.Second, 0, c.First.Codec == "g722" ? 0.2 : 0.5));
    }

    /// <returns>The share of its words that captions have wrong.</returns>
    private double AssertHeard(RecordedMeeting recorded, Caller caller)
    {
        TimeSpan? origin = null;
        var at = TimeSpan.Zero;
        foreach (var line in caller.Lines)
        {
            var match = Correlation.Find(recorded.Sound[caller.Codec], line.Samples);
            var found = TimeSpan.FromSeconds((double)match.Offset / Rate);
            origin ??= found;
            var off = found - origin.Value - at;
            var (apart, likeness) = recorded.Locate("mix", line.Samples, found);
            output.WriteLine($"{caller.Codec,-6} at {found.TotalSeconds,6:0.00} s, off {off.TotalMilliseconds,6:0.0} ms, likeness {match.Peak:0.00}; in the mix {apart.TotalMilliseconds:0.0} ms from there, {likeness:0.00}: {line.Text}");
            Assert.True(match.Peak > 0.5 && off.Duration() <= Tolerance, $"{caller.Codec}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {match.Peak:0.00})");
            Assert.True(apart.Duration() <= Tolerance, $"{caller.Codec}: “{line.Text}” lies {apart.TotalMilliseconds:0.0} ms from there in the mix");
            at += Length(line) + Pause;
        }
        var segments = recorded.Transcript.Segments.Where(s => s.Participant.Id == caller.Codec).ToList();
        var words = WordErrorRate.Of(string.Join(' ', caller.Lines.Select(l => l.Text)), string.Join(' ', segments.Select(s => s.Text)));
        output.WriteLine($"{caller.Codec}: {words}: {string.Join(' ', segments.Select(s => s.Text))}");
        return words.Rate;
    }

    /// <summary>The lines one after the other, with pauses between and after.</summary>
    private static async Task SendAsync(Caller caller, string folder, int port)
    {
        string path = Path.Combine(folder, caller.Codec + ".wav");
        WavFile.Write(path, [.. caller.Lines.SelectMany(line => line.Samples.Concat(new float[(int)(Pause.TotalSeconds * Rate)]))], Rate);
        await Tool.RunAsync(
            "ffmpeg",
            [
                "-v", "error", "-re", "-i", path, "-ar", $"{caller.SampleRate}", "-ac", "1", "-af", caller.Filter, "-c:a", caller.Encoder, "-payload_type", $"{caller.PayloadType}",
                "-ssrc", $"{caller.Ssrc}", "-f", "rtp", $"rtp://127.0.0.1:{port}?rtcpport={port}",
            ],
            default);
    }

    private static SpokenLine[] Said(string speaker, params int[] numbers)
    {
        var lines = SpokenLine.Read(Fixtures.Speech("hiring-audit.json")).Where(line => line.Speaker == speaker).ToList();
        return [.. numbers.Select(n => lines[n])];
    }

    private static TimeSpan Length(SpokenLine line) => TimeSpan.FromSeconds((double)line.Samples.Length / Rate);
}
