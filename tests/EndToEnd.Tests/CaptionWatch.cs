using System.Text;
using Pipeline.Api.Replay;
using Xunit.Abstractions;

namespace Pipeline.EndToEnd.Tests;

/// <summary>What one reader of the captions was told, and when.</summary>
internal sealed class CaptionWatch
{
    private readonly List<(TimeSpan AtUnix, CaptionEvent Event)> heard = [];

    private IEnumerable<IGrouping<string, CaptionInfo>> Segments => heard.Select(h => h.Event.Caption).GroupBy(c => c.Id);
    private IEnumerable<CaptionInfo> Captions => heard.Select(h => h.Event.Caption);

    /// <summary>From now to the end of the meeting.</summary>
    public static async Task<CaptionWatch> FollowAsync(PipelineClient client, string meeting)
    {
        var watch = new CaptionWatch();
        await foreach (var caption in client.CaptionsAsync(meeting)) watch.heard.Add((DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch, caption));
        return watch;
    }

    /// <summary>Of every segment: revisions rise, what is stable stays, the last is final and no other.</summary>
    public void AssertInvariants()
    {
        foreach (var segment in Segments)
        {
            var revisions = segment.ToList();
            Assert.True(revisions[^1].Final, $"{segment.Key} never became final");
            Assert.Single(revisions, revision => revision.Final);
            foreach (var (earlier, later) in revisions.Zip(revisions.Skip(1)))
            {
                Assert.True(later.Rev > earlier.Rev, $"revision {later.Rev} after {earlier.Rev}");
                if (later is { Final: true, Text.Length: 0 }) continue;             // it came to nothing
                Assert.True(later.StableChars >= earlier.StableChars, $"“{later.Text}” is less sure than “{earlier.Text}”");
                Assert.Equal(Stable(earlier, earlier.StableChars), Stable(later, earlier.StableChars));
            }
            Assert.All(revisions, revision => Assert.InRange(revision.StableChars, revision.Final ? revision.Text.EnumerateRunes().Count() : 0, revision.Text.EnumerateRunes().Count()));
        }
    }

    /// <summary>Segments that were recognised later than a live caption should be.</summary>
    public int LateSegments => Captions.Count(c => c is { Final: true, Text.Length: > 0, Late: true });

    /// <summary>Each segment of the transcript came as a final with that text, and no other did.</summary>
    public void AssertEndsAs(TranscriptInfo transcript) => Assert.Equal(
        transcript.Segments.Select(s => (s.Id, s.Text)).Order(),
        Captions.Where(c => c is { Final: true, Text.Length: > 0 }).Select(c => (c.Id, c.Text)).Order());

    /// <summary>Something was shown while it was being said. How much, is the machine's to say.</summary>
    public void AssertShownEarly() => Assert.Contains(Segments, segment => !segment.First().Final);

    /// <summary>Characters that were shown and changed later, for each that stayed.</summary>
    public double NormalisedErasure() =>
        Segments.Sum(segment => segment.Zip(segment.Skip(1)).Sum(pair => pair.First.Text.Length - CommonPrefix(pair.First.Text, pair.Second.Text)))
        / (double)Captions.Where(c => c.Final).Sum(c => c.Text.Length);

    /// <summary>Times are charted only: how long the machine takes is not ours to promise.</summary>
    public void Chart(TimeSpan startedUnix, ITestOutputHelper output)
    {
        var end = heard.Where(h => h.Event.Caption is { Final: true, Text.Length: > 0 })
            .Select(h => (h.AtUnix - startedUnix).TotalSeconds - h.Event.Caption.EndMs / 1000.0);
        var onset = heard.GroupBy(h => h.Event.Caption.Id).Select(g => (g.First().AtUnix - startedUnix).TotalSeconds - g.Last().Event.Caption.StartMs / 1000.0);
        output.WriteLine($"segment end → final    {Percentiles(end)}");
        output.WriteLine($"onset → first text     {Percentiles(onset)}");
        output.WriteLine($"word end → stable      {Percentiles(StableDelays(startedUnix))}");
        output.WriteLine($"{Captions.Count(c => !c.Final)} partials, {Captions.Count(c => c.Final)} finals; normalised erasure {NormalisedErasure():0.000}");
        foreach (var segment in Segments)
            foreach (var caption in segment) output.WriteLine($"  {caption.Participant.Id} {caption.Rev}{(caption.Final ? "F" : " ")} {Stable(caption, caption.StableChars)}|{caption.Text[Stable(caption, caption.StableChars).Length..]}");
    }

    private List<double> StableDelays(TimeSpan startedUnix)
    {
        List<double> delays = [];
        foreach (var segment in heard.GroupBy(h => h.Event.Caption.Id))
        {
            var final = segment.Last().Event.Caption;
            int end = -1;
            foreach (var word in final.Words ?? [])
            {
                end += word.Text.Length + 1;
                var when = segment.First(h => Stable(h.Event.Caption, h.Event.Caption.StableChars).Length >= end).AtUnix;
                delays.Add((when - startedUnix).TotalSeconds - word.EndMs / 1000.0);
            }
        }
        return delays;
    }

    private static string Percentiles(IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        if (sorted.Length == 0) return "none";
        return $"p50 {sorted[sorted.Length / 2]:0.00} s, p95 {sorted[(int)(sorted.Length * 0.95)]:0.00} s, longest {sorted[^1]:0.00} s";
    }

    private static string Stable(CaptionInfo caption, int codePoints)
    {
        var stable = new StringBuilder();
        foreach (var rune in caption.Text.EnumerateRunes().Take(codePoints)) stable.Append(rune.ToString());
        return stable.ToString();
    }

    private static int CommonPrefix(string one, string other) => one.AsSpan().CommonPrefixLength(other);
}
