using System.Text.Json;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>A meeting of three, on a good network.</summary>
public sealed class CleanSpeechTests(ITestOutputHelper output) : SpeechReplay(output)
{
    [Fact]
    public Task Words_are_in_their_place_right_their_speakers_own_and_found() =>
        ReplayAsync("release-review.json", NetworkConditions.Perfect, worstWordErrorRate: 0.10, afterwards: SpokenSearch.AssertAsync);
}

/// <summary>The same on a bad one.</summary>
public sealed class LossySpeechTests(ITestOutputHelper output) : SpeechReplay(output)
{
    [Fact]
    public Task Words_are_in_their_place_with_loss_jitter_reordering_and_duplicates() => ReplayAsync(
        "release-review.json",
        new NetworkConditions { Loss = 0.05, Jitter = TimeSpan.FromMilliseconds(40), Reorder = 0.02, Duplicate = 0.02, Seed = 7 },
        worstWordErrorRate: 0.20);
}

/// <summary>Another meeting, of other voices, put together from clips.</summary>
public sealed class ClipSpeechTests(ITestOutputHelper output) : SpeechReplay(output)
{
    [Fact]
    public Task Words_are_in_their_place_right_and_their_speakers_own_also_when_they_are_heard_once_more() => ReplayAsync(
        "hiring-audit.json", NetworkConditions.Perfect, worstWordErrorRate: 0.10, afterwards: RefinedSpeech.AssertAsync, settings: ("PIPELINE_REFINE", "true"));
}

/// <summary>
/// Spoken meetings with exact references, through the whole program: where the words lie, what they are, and whose. Each is a class of
/// its own, since they last as long as their meetings and only classes run side by side.
/// </summary>
public abstract class SpeechReplay(ITestOutputHelper output)
{
    /// <summary>What two files may differ by before a listener hears it.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(20);

    private protected async Task ReplayAsync(
        string script, NetworkConditions network, double worstWordErrorRate, Func<PipelineServer, RecordedMeeting, IReadOnlyList<SpokenLine>, Task>? afterwards = null,
        params (string Name, string? Value)[] settings)
    {
        await using var server = await PipelineServer.StartAsync(settings: settings);
        var source = ReplaySource.Open([Fixtures.Speech(script)]);
        var lines = SpokenLine.Read(Fixtures.Speech(script));

        Task<CaptionWatch> watching = null!;
        var recorded = await RecordedMeeting.RecordAsync(server, source, network, (meeting, _) =>
        {
            watching = CaptionWatch.FollowAsync(server.Client, meeting.Id);
            return Task.CompletedTask;
        });
        var watch = await watching;
        watch.AssertInvariants();
        watch.AssertEndsAs(recorded.Transcript);
        watch.AssertShownEarly();
        Assert.InRange(watch.NormalisedErasure(), 0, 0.25);
        watch.Chart(recorded.StartedUnix, output);

        Assert.Equal("completed", recorded.Meeting.Status);
        AssertFiles(recorded);
        recorded.AssertWaveform();
        AssertPlaces(recorded, lines);
        AssertWords(recorded, lines, worstWordErrorRate);
        if (network == NetworkConditions.Perfect) await AssertMinutesAsync(server.Client, recorded, lines);   // words that were lost promise nothing
        if (afterwards is not null) await afterwards(server, recorded, lines);
    }

    private void AssertFiles(RecordedMeeting recorded)
    {
        Assert.Equal(["mix", .. Enumerable.Repeat("track", recorded.Log.Source.Streams.Count)], recorded.Files.Select(f => f.Info.Kind).Order());
        foreach (var (info, probe) in recorded.Files)
        {
            output.WriteLine($"{info.Kind} {probe.Format} {probe.Audio.Codec} {probe.Duration.TotalSeconds:0.000} s, the meeting {recorded.Meeting.DurationMs / 1000.0:0.000} s");
            Assert.InRange(probe.Duration.TotalMilliseconds - recorded.Meeting.DurationMs, -50, 50);
        }
    }

    private void AssertPlaces(RecordedMeeting recorded, IReadOnlyList<SpokenLine> lines)
    {
        foreach (var line in lines)
        {
            var stream = recorded.Log.Source.Streams.Single(s => s.Participant.Name == line.Speaker);
            var expected = recorded.Log.OriginOf(stream) - recorded.StartedUnix + line.Start;
            foreach (string file in new[] { "mix", stream.Participant.Id })
            {
                bool overlapped = file == "mix" && lines.Any(l => l.Speaker != line.Speaker && l.Start < line.End && l.End > line.Start);
                if (overlapped) continue;                                            // two voices at once: the tracks tell
                var (off, peak) = recorded.Locate(file, line.Samples, expected);
                output.WriteLine($"{file,-8} {line.Start.TotalSeconds,6:0.00} off {off.TotalMilliseconds,6:0.0} ms, likeness {peak:0.00}: {line.Text}");
                Assert.True(off.Duration() <= Tolerance && peak > 0.3, $"{file}: “{line.Text}” lies {off.TotalMilliseconds:0.0} ms off (likeness {peak:0.00})");
            }
        }
    }

    private void AssertWords(RecordedMeeting recorded, IReadOnlyList<SpokenLine> lines, double worst)
    {
        int errors = 0, words = 0;
        foreach (var speaker in lines.GroupBy(l => l.Speaker))
        {
            var segments = recorded.Transcript.Segments.Where(s => s.Participant.Name == speaker.Key).ToList();
            var result = WordErrorRate.Of(string.Join(' ', speaker.Select(l => l.Text)), string.Join(' ', segments.Select(s => s.Text)));
            output.WriteLine($"{speaker.Key}: {result.Errors} of {result.Words} words wrong");
            (errors, words) = (errors + result.Errors, words + result.Words);

            var origin = recorded.Log.OriginOf(recorded.Log.Source.Streams.Single(s => s.Participant.Name == speaker.Key)) - recorded.StartedUnix;
            Assert.All(segments, segment => Assert.Contains(speaker, line =>
                (origin + line.Start).TotalMilliseconds < segment.EndMs && (origin + line.End).TotalMilliseconds > segment.StartMs));
        }
        output.WriteLine($"word error rate {100.0 * errors / words:0.0} %");
        Assert.InRange((double)errors / words, 0, worst);
    }

    /// <summary>Every claim can be looked up; who promised what is who the script says.</summary>
    private async Task AssertMinutesAsync(PipelineClient client, RecordedMeeting recorded, IReadOnlyList<SpokenLine> lines)
    {
        var minutes = await client.GetMinutesAsync(recorded.Meeting.Id, default);
        output.WriteLine(await client.GetMinutesTextAsync(recorded.Meeting.Id, "md", default));

        ClaimInfo[] claims = [.. minutes.Summary, .. minutes.Decisions, .. minutes.OpenQuestions, .. minutes.ActionItems.Select(item => new ClaimInfo(item.Text, item.Evidence))];
        Assert.NotEmpty(claims);
        foreach (var claim in claims)
        {
            Assert.NotEmpty(claim.Evidence);
            foreach (var evidence in claim.Evidence)
            {
                var segment = await client.GetSegmentAsync(recorded.Meeting.Id, evidence.SegmentId, default);
                Assert.Equal((evidence.StartMs, evidence.EndMs), (segment.StartMs, segment.EndMs));
            }
        }

        foreach (var speaker in lines.GroupBy(l => l.Speaker))
        {
            var attendee = Assert.Single(minutes.Participants, p => p.Name == speaker.Key);
            double spoken = speaker.Sum(l => (l.End - l.Start).TotalMilliseconds);
            output.WriteLine($"{attendee.Name} talked {attendee.TalkMs} ms, in the script {spoken:0} ms");
            Assert.InRange(attendee.TalkMs / spoken, 0.8, 1.2);
        }

        foreach (var line in lines.Where(l => l.Kind == "action"))
        {
            // Whoever is named is meant; else who says it.
            var owner = recorded.Meeting.Tracks.Select(t => t.Participant).Single(p =>
                p.Name == (lines.Select(l => l.Speaker).FirstOrDefault(name => line.Text.Contains(name, StringComparison.Ordinal)) ?? line.Speaker));
            var origin = recorded.Log.OriginOf(recorded.Log.Source.Streams.Single(s => s.Participant.Name == line.Speaker)) - recorded.StartedUnix;
            var item = Assert.Single(minutes.ActionItems, item => item.Evidence.Any(e =>
                e.StartMs < (origin + line.End).TotalMilliseconds && e.EndMs > (origin + line.Start).TotalMilliseconds));
            Assert.Equal(owner.Id, item.Owner);
            if (line.Text.Contains("tomorrow", StringComparison.Ordinal)) Assert.Equal($"{recorded.Meeting.StartedAt!.Value.UtcDateTime.AddDays(1):yyyy-MM-dd}", item.Due);
        }
    }
}

/// <summary>One line of a spoken meeting: who says what when, and the sound of it.</summary>
/// <param name="Kind">"action" or "decision", where it is one.</param>
internal sealed record SpokenLine(string Speaker, TimeSpan Start, TimeSpan End, string Text, string? Kind, float[] Samples)
{
    public static IReadOnlyList<SpokenLine> Read(string script)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(script));
        var root = document.RootElement;
        string folder = Path.GetDirectoryName(script)!;
        var tracks = root.GetProperty("speakers").EnumerateArray().Where(s => s.TryGetProperty("file", out _)).ToDictionary(
            s => s.GetProperty("name").GetString()!, s => WavFile.Read(Path.Combine(folder, s.GetProperty("file").GetString()!)).Samples);
        return [.. root.GetProperty("segments").EnumerateArray().Select(segment =>
        {
            string speaker = segment.GetProperty("speaker").GetString()!;
            double start = segment.GetProperty("start").GetDouble(), end = segment.GetProperty("end").GetDouble();
            double clipStart = segment.TryGetProperty("clipStart", out var c) ? c.GetDouble() : 0;
            float[] sound = segment.TryGetProperty("file", out var file)
                ? WavFile.Read(Path.Combine(folder, file.GetString()!)).Samples
                : tracks[speaker];
            int from = (int)((start - clipStart) * RecordedMeeting.Rate), length = (int)((end - start) * RecordedMeeting.Rate);
            return new SpokenLine(
                speaker, TimeSpan.FromSeconds(start), TimeSpan.FromSeconds(end), segment.GetProperty("text").GetString()!,
                segment.TryGetProperty("kind", out var kind) ? kind.GetString() : null, sound[from..Math.Min(from + length, sound.Length)]);
        })];
    }
}
