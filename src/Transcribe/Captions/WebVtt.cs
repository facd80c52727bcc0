using System.Text;

namespace Pipeline.Transcribe.Captions;

/// <summary>A transcript as WebVTT (W3C): a cue for each segment with its id and speaker; what overlapped overlaps.</summary>
public static class WebVtt
{
    /// <param name="lines">By start time, as cues have to be.</param>
    public static void Write(TextWriter output, IEnumerable<TranscriptLine> lines)
    {
        output.Write("WEBVTT\n");
        foreach (var line in lines)
        {
            output.Write('\n');
            output.Write(Identifier(line.Id) + '\n');
            output.Write($"{Time(line.Start)} --> {Time(line.End)}\n");
            output.Write($"<v {Escape(Annotation(line.Speaker))}>{Escape(TranscriptLine.OneLine(line.Text))}\n");
        }
    }

    /// <summary><c>hh:mm:ss.ttt</c>, rounded as the JSON's milliseconds are; hours have as many digits as they need, two at least.</summary>
    internal static string Time(TimeSpan time)
    {
        long ms = (long)Math.Round(time.TotalMilliseconds);
        return $"{ms / 3_600_000:00}:{ms / 60_000 % 60:00}:{ms / 1000 % 60:00}.{ms % 1000:000}";
    }

    /// <summary>An identifier is one line without an arrow.</summary>
    private static string Identifier(string id) => TranscriptLine.OneLine(id).Replace("-->", "->", StringComparison.Ordinal);

    /// <summary>A voice may not be empty.</summary>
    private static string Annotation(string speaker) => TranscriptLine.OneLine(speaker) is { Length: > 0 } name ? name : "?";

    /// <summary>Escaping `>` also takes care of `-->`, which would end the cue's text.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            switch (c)
            {
                case '&': escaped.Append("&amp;"); break;
                case '<': escaped.Append("&lt;"); break;
                case '>': escaped.Append("&gt;"); break;
                case '\0': escaped.Append('\uFFFD'); break;
                default: escaped.Append(c); break;
            }
        }
        return escaped.ToString();
    }
}
