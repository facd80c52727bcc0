using System.Text;

namespace Pipeline.Ingest.Recording.Composite;

/// <summary>What was said and what was talked about, as documents that go into a composite, counted from its beginning.</summary>
internal static class CaptionTexts
{
    /// <summary>WebVTT: each line with its id and its speaker; what was said at once overlaps.</summary>
    public static byte[] WebVtt(IReadOnlyList<SpokenLine> lines, TimeRange range)
    {
        var text = new StringBuilder("WEBVTT\n");
        foreach (var (line, from, to) in Within(lines, range))
            text.Append($"\n{line.Segment}\n{Time(from, '.')} --> {Time(to, '.')}\n<v {Plain(line.Speaker)}>{Plain(line.Text)}\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>SubRip, for timed text in MP4, which knows one caption at a time: what was said at once stands below each other, each line behind its speaker's name.</summary>
    public static byte[] SubRip(IReadOnlyList<SpokenLine> lines, TimeRange range)
    {
        var within = Within(lines, range).ToList();
        TimeSpan[] bounds = [.. within.SelectMany(l => new[] { l.From, l.To }).Distinct().Order()];
        var text = new StringBuilder();
        int number = 0;
        for (int n = 0; n + 1 < bounds.Length; n++)
        {
            string[] said = [.. within.Where(l => l.From <= bounds[n] && l.To > bounds[n]).Select(l => Untagged($"{l.Line.Speaker}: {l.Line.Text}"))];
            if (said.Length > 0) text.Append($"{++number}\n{Time(bounds[n], ',')} --> {Time(bounds[n + 1], ',')}\n{string.Join('\n', said)}\n\n");
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>Chapters as `ffmpeg`'s metadata, each up to the next; and what the whole is called.</summary>
    public static byte[] Metadata(IReadOnlyList<Chapter> chapters, TimeRange range, string title, string comment)
    {
        var text = new StringBuilder(FfmpegMetadata.Text(OneLine(title), OneLine(comment)));
        var starts = chapters.Where(c => c.Start < range.To).OrderBy(c => c.Start).ToList();
        for (int n = 0; n < starts.Count; n++)
        {
            var to = n + 1 < starts.Count ? starts[n + 1].Start : range.To;
            if (to <= range.From || to <= starts[n].Start) continue;
            long from = (long)(starts[n].Start - range.From).TotalMilliseconds;
            text.Append($"[CHAPTER]\nTIMEBASE=1/1000\nSTART={Math.Max(0, from)}\nEND={(long)(to - range.From).TotalMilliseconds}\n{FfmpegMetadata.Line("title", OneLine(starts[n].Title))}");
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public static bool IsAnySaid(IReadOnlyList<SpokenLine> lines, TimeRange range) => Within(lines, range).Any();

    private static IEnumerable<(SpokenLine Line, TimeSpan From, TimeSpan To)> Within(IReadOnlyList<SpokenLine> lines, TimeRange range)
    {
        foreach (var line in lines.OrderBy(l => l.Start))
        {
            var (from, to) = (line.Start > range.From ? line.Start : range.From, line.End < range.To ? line.End : range.To);
            if (Milliseconds(to) > Milliseconds(from) && line.Text.Length > 0) yield return (line, Milliseconds(from - range.From), Milliseconds(to - range.From));
        }
    }

    private static TimeSpan Milliseconds(TimeSpan time) => TimeSpan.FromMilliseconds((long)time.TotalMilliseconds);
    private static string Time(TimeSpan time, char point) => $"{(int)time.TotalHours:00}:{time.Minutes:00}:{time.Seconds:00}{point}{time.Milliseconds:000}";

    private static string Plain(string text) => OneLine(text).Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal);

    /// <summary>SubRip has tags and no way to write what looks like one.</summary>
    private static string Untagged(string text) => OneLine(text).Replace('<', '‹').Replace('>', '›').Replace('{', '(').Replace('}', ')').Replace('\\', '/');

    private static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) line.Append(Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 ? " " : rune.ToString());
        return line.ToString().Trim();
    }
}
