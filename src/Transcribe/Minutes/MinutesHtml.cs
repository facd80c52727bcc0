using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Pipeline.Transcribe.Minutes;

/// <summary>
/// Minutes as one whole HTML document: no script, nothing fetched, one style sheet which its own policy names by hash. What people
/// said and are called stays text, and keeps its direction to itself.
/// </summary>
public static class MinutesHtml
{
    private const string Style = """
        body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;color:#1b1b1b;background:#fff}
        h1{font-size:1.6rem;line-height:1.2;margin-bottom:.2rem}h2{font-size:1.15rem;margin:1.6rem 0 .4rem}
        ul{padding-left:1.2rem;margin:0}li{margin:.3rem 0}cite,.when,.none,footer{color:#595959;font-style:normal;font-size:.9em}
        .note{border-left:.25rem solid #b58900;padding:.2rem .8rem}table{border-collapse:collapse}
        th,td{padding:.2rem .8rem .2rem 0;text-align:left;border-bottom:1px solid #d0d0d0}td+td,th+th{text-align:right}
        @media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#16181c}cite,.when,.none,footer{color:#a3a3a3}th,td{border-color:#3a3d44}}
        """;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    /// <summary>For the header, which is stricter than a document can be about itself; the document carries the same.</summary>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'";

    public static void Write(TextWriter output, MinutesDocument document)
    {
        output.Write($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="{ContentSecurityPolicy}">
            <meta name="viewport" content="width=device-width">
            <title>{Escape(document.Title)}</title>
            <style>{Style}</style>
            </head>
            <body>
            <h1 dir="auto">{Escape(document.Title)}</h1>
            <p class="when">{Escape(document.When)}</p>

            """);
        if (document.Minutes.Note is { } note) output.Write($"<p class=\"note\">{Escape(MinutesDocument.Line(note))}</p>\n");
        foreach (var (heading, lines) in document.Sections) WriteList(output, heading, lines.Select(line => Item(line, document.Language)));
        WriteList(output, "Topics", document.Minutes.Topics.Select(topic =>
            $"<cite>[{MinutesDocument.Offset(topic.Start)}–{MinutesDocument.Offset(topic.End)}]</cite> {Text(MinutesDocument.Line(topic.Title), document.Language)}"));
        WriteParticipants(output, document.Minutes.Attendees);
        output.Write($"<footer><p>{Escape(document.Method)}</p></footer>\n</body>\n</html>\n");
    }

    private static void WriteList(TextWriter output, string heading, IEnumerable<string> items)
    {
        string[] written = [.. items.Select(item => $"<li>{item}</li>\n")];
        output.Write($"<h2>{heading}</h2>\n");
        output.Write(written.Length == 0 ? "<p class=\"none\">None found.</p>\n" : $"<ul>\n{string.Concat(written)}</ul>\n");
    }

    private static string Item(MinutesLine line, string language)
    {
        string owner = line.Owner is null ? "" : $"<strong>{Name(line.Owner)}</strong>: ";
        string due = line.Due is null ? "" : $" — due {Text(line.Due, language)}";
        return $"{owner}{Text(line.Text, language)}{due} <cite>— {string.Join(", ", line.Places.Select(Cite))}</cite>";
    }

    private static string Cite(Place place) => $"<span data-segment=\"{Escape(place.Segment)}\">{Name(place.Speaker)} [{place.Time}]</span>";

    private static void WriteParticipants(TextWriter output, IReadOnlyList<AttendeeStatistics> attendees)
    {
        output.Write("<h2>Participants</h2>\n<table>\n<tr><th>Name</th><th>Talked</th><th>Words</th><th>Turns</th></tr>\n");
        foreach (var attendee in attendees)
            output.Write($"<tr><td>{Name(MinutesDocument.Line(attendee.Name))}</td><td>{MinutesDocument.Offset(attendee.Talked)}</td><td>{attendee.Words}</td><td>{attendee.Turns}</td></tr>\n");
        output.Write("</table>\n");
    }

    private static string Name(string name) => $"<bdi>{Escape(name)}</bdi>";

    private static string Text(string text, string language) =>
        language == "auto" ? $"<bdi>{Escape(text)}</bdi>" : $"<bdi lang=\"{Escape(language)}\">{Escape(text)}</bdi>";

    private static string Escape(string text) => Encoder.Encode(text);
}
