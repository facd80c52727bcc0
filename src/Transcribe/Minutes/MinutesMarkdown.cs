using System.Text;

namespace Pipeline.Transcribe.Minutes;

/// <summary>Minutes as Markdown (CommonMark, and GitHub's tables). What people said and are called stays text: none of it becomes markup or a link.</summary>
public static class MinutesMarkdown
{
    public static void Write(TextWriter output, MinutesDocument document)
    {
        output.Write($"# {Escape(document.Title)}\n\n{Escape(document.When)}\n");
        if (document.Minutes.Note is { } note) output.Write($"\n> {Escape(MinutesDocument.Line(note))}\n");
        foreach (var (heading, lines) in document.Sections)
        {
            output.Write($"\n## {heading}\n\n");
            bool any = false;
            foreach (var line in lines)
            {
                WriteLine(output, line);
                any = true;
            }
            if (!any) output.Write("None found.\n");
        }
        WriteTopics(output, document.Minutes.Topics);
        WriteParticipants(output, document.Minutes.Attendees);
        output.Write($"\n{Escape(document.Method)}\n");
    }

    private static void WriteLine(TextWriter output, MinutesLine line)
    {
        output.Write("- ");
        if (line.Owner is { } owner) output.Write($"**{Escape(owner)}**: ");
        output.Write(Escape(line.Text));
        if (line.Due is { } due) output.Write($" — due {Escape(due)}");
        output.Write($" — {string.Join(", ", line.Places.Select(place => $"{Escape(place.Speaker)} [{place.Time}]"))}\n");
    }

    private static void WriteTopics(TextWriter output, IReadOnlyList<Topic> topics)
    {
        output.Write("\n## Topics\n\n");
        foreach (var topic in topics)
            output.Write($"- [{MinutesDocument.Offset(topic.Start)}–{MinutesDocument.Offset(topic.End)}] {Escape(MinutesDocument.Line(topic.Title))}\n");
        if (topics.Count == 0) output.Write("None found.\n");
    }

    private static void WriteParticipants(TextWriter output, IReadOnlyList<AttendeeStatistics> attendees)
    {
        output.Write("\n## Participants\n\n| Name | Talked | Words | Turns |\n| --- | ---: | ---: | ---: |\n");
        foreach (var attendee in attendees)
            output.Write($"| {Escape(MinutesDocument.Line(attendee.Name))} | {MinutesDocument.Offset(attendee.Talked)} | {attendee.Words} | {attendee.Turns} |\n");
    }

    /// <summary>
    /// A backslash before everything that could begin markup: punctuation of CommonMark §2.4 and of GitHub's additions (tables, math,
    /// mentions, links made of bare addresses). Dots and dashes are left alone where they can only be punctuation.
    /// </summary>
    /// <param name="line">One line.</param>
    private static string Escape(string line)
    {
        var escaped = new StringBuilder(line.Length + 8);
        for (int i = 0; i < line.Length; i++)
        {
            if (IsMarkup(line, i)) escaped.Append('\\');
            escaped.Append(line[i]);
        }
        return escaped.ToString();
    }

    private static bool IsMarkup(string line, int i) => line[i] switch
    {
        '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '&' or '~' or '|' or '#' or '$' or '@' => true,
        '+' or '-' or '=' => i == 0,                                     // a list, a rule, a heading's underline
        ')' => IsNumber(line.AsSpan(0, i)),                              // 1) a list
        '.' => IsNumber(line.AsSpan(0, i)) || line.AsSpan(0, i).EndsWith("www", StringComparison.OrdinalIgnoreCase),   // 1. a list, www. a link
        ':' => i + 1 < line.Length && line[i + 1] == '/',                // https: a link
        _ => false,
    };

    private static bool IsNumber(ReadOnlySpan<char> start) => start.Length is > 0 and <= 9 && !start.ContainsAnyExceptInRange('0', '9');
}
