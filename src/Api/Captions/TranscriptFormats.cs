using System.Text;
using Pipeline.Api.Json;

namespace Pipeline.Api.Captions;

/// <summary>One thing said.</summary>
internal sealed record TranscriptLine(string Id, string Speaker, TimeSpan Start, TimeSpan End, string Text);

/// <summary>A transcript as text: WebVTT, SubRip, or plain for people.</summary>
internal static class TranscriptFormats
{
    /// <param name="format">"vtt", "srt" or "txt".</param>
    /// <param name="lines">By start time; overlapping speech stays overlapping.</param>
    public static string Write(string format, IReadOnlyList<TranscriptLine> lines)
    {
        var text = new StringBuilder(format == "vtt" ? "WEBVTT\n\n" : "");
        int number = 0;
        foreach (var line in lines)
        {
            number++;
            _ = format switch
            {
                "vtt" => text.Append($"{line.Id}\n{Time(line.Start, '.')} --> {Time(line.End, '.')}\n<v {Escaped(line.Speaker)}>{Escaped(line.Text)}\n\n"),
                "srt" => text.Append($"{number}\n{Time(line.Start, ',')} --> {Time(line.End, ',')}\n{OneLine(line.Speaker)}: {OneLine(line.Text)}\n\n"),
                "txt" => text.Append($"[{Time(line.Start, '.')[..8]}] {OneLine(line.Speaker)}: {OneLine(line.Text)}\n"),
                _ => throw new ArgumentOutOfRangeException(nameof(format), format, null),
            };
        }
        return text.ToString();
    }

    /// <summary>The same milliseconds as in JSON.</summary>
    private static string Time(TimeSpan at, char separator)
    {
        long ms = Milliseconds.Of(at);
        return $"{ms / 3_600_000:00}:{ms / 60_000 % 60:00}:{ms / 1000 % 60:00}{separator}{ms % 1000:000}";
    }

    private static string Escaped(string text) => OneLine(text).Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    /// <summary>A line break would end a cue's text, an empty line the cue.</summary>
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
