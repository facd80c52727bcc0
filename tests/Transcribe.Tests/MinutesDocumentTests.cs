using System.Text.RegularExpressions;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Transcribe.Tests;

/// <summary>Minutes as documents: what they show, and that nothing anybody said or is called becomes markup.</summary>
public sealed partial class MinutesDocumentTests
{
    private static readonly string[] Hostile =
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='x", "</style><style>*{display:none}", "<!-- ", "]]>", "&lt;b&gt; &amp;",
        "# heading", "#hash", "## x ##", "- item", "+ item", "* item", "1. item", "2) item", "---", "===", "***", "> quote", "    code", "\tcode", "```\ncode", "~~~",
        "**bold** _it_ ~~no~~ `code`", "[link](javascript:alert(1))", "![image](http://evil.example/x.png)", "[ref]: http://evil.example", "[00:31]: http://evil.example",
        "<http://evil.example>", "http://evil.example", "www.evil.example", "me@evil.example", "@everyone #1", "a | b", "$x^2$", "\\", "\\<b>",
        "line\nbreak", "line\r\n\r\n# heading", "a\u2028b\u0085c", "\0\u0001\u001b[31m", "\u202Egnp.exe", "\u2066x", "\ud800 alone", "😀 שלום ‏مرحبا", "", "   ",
    ];

    [Fact]
    public void Markdown_shows_every_part_with_who_said_it_when() => Assert.Equal("""
        # Weekly sync

        2026-03-27 23:30–2026-03-28 00:45 (Europe/Berlin), 1 h 15 min

        > Rules are known for English only.

        ## Summary

        - We ship in March. — Alice [00:31], Bob [1:02:03]

        ## Decisions

        - Ship in March. — Bob [1:02:03]

        ## Action items

        - **Alice**: Send the estimate — due 2026-04-03 (“by Friday”) — Alice [00:31]
        - **Kevin**: Call them — due “after the break” — Alice [00:31]
        - Order chairs — due 2026-04-01 — Bob [1:02:03]
        - Book a room — Bob [1:02:03]

        ## Open questions

        None found.

        ## Topics

        - [00:00–1:15:00] Release plan

        ## Participants

        | Name | Talked | Words | Turns |
        | --- | ---: | ---: | ---: |
        | Alice | 10:05 | 1200 | 12 |
        | Bob | 00:00 | 0 | 0 |

        Made by rules from the transcript.

        """, Written(MinutesMarkdown.Write, Document()));

    [Fact]
    public void HTML_is_a_whole_document_with_the_same_content()
    {
        string html = Written(MinutesHtml.Write, Document());
        Assert.StartsWith("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", html);
        Assert.EndsWith("</body>\n</html>\n", html);
        string text = Regex.Replace(Visible(html), @"\s+", " ");
        foreach (string part in new[]
        {
            "Weekly sync 2026-03-27 23:30–2026-03-28 00:45 (Europe/Berlin), 1 h 15 min Rules are known for English only. Summary",
            "We ship in March. — Alice [00:31], Bob [1:02:03] Decisions",
            "Alice: Send the estimate — due 2026-04-03 (“by Friday”) — Alice [00:31]",
            "Book a room — Bob [1:02:03] Open questions None found.",
            "Topics [00:00–1:15:00] Release plan",
            "Alice 10:05 1200 12",
            "Made by rules from the transcript.",
        }) Assert.Contains(part, text);
        Assert.Contains("<bdi lang=\"en\">We ship in March.</bdi>", html);
        Assert.Contains("<span data-segment=\"seg_1\"><bdi>Alice</bdi> [00:31]</span>", html);
    }

    [Fact]
    public void HTML_fetches_nothing_and_runs_nothing()
    {
        string html = Written(MinutesHtml.Write, Document());
        Assert.DoesNotMatch(@"(?i)<(script|link|img|iframe|object|base|form)|\s(on\w+|style|src|href)\s*=|@import|url\(", html);
        Assert.Contains($"<meta http-equiv=\"Content-Security-Policy\" content=\"{MinutesHtml.ContentSecurityPolicy}\">", html);
    }

    [Fact]
    public void Nothing_that_was_said_becomes_HTML()
    {
        string[] plain = TagsOf(Written(MinutesHtml.Write, Document("x")));
        foreach (string hostile in Hostile)
        {
            string html = Written(MinutesHtml.Write, Document(hostile));
            Assert.Equal(plain, TagsOf(html));
            Assert.DoesNotContain(html, c => char.IsControl(c) && c != '\n');
        }
    }

    [Fact]
    public void Nothing_that_was_said_becomes_Markdown()
    {
        string plain = Skeleton(Written(MinutesMarkdown.Write, Document("x")), "x");
        foreach (string hostile in Hostile)
        {
            string markdown = Written(MinutesMarkdown.Write, Document(hostile));
            Assert.DoesNotContain(markdown, c => char.IsControl(c) && c != '\n');
            string shown = hostile.Trim().Length == 0 ? "" : EscapedIn(markdown);
            Assert.Equal(plain, Skeleton(markdown, shown));
            string live = Escapes().Replace(shown, "");
            Assert.DoesNotMatch(@"[\\`*_\[\]<>&~|#$@]|^[-+=]|^\d+[.)]|(?i:www\.)|:/", live);
        }
    }

    [Theory]
    [InlineData("It costs 3.5 percent - maybe 4.", "It costs 3.5 percent - maybe 4.")]
    [InlineData("1. We ship (soon), O'Neil said: yes!", "1\\. We ship (soon), O'Neil said: yes!")]
    [InlineData("-5 degrees", "\\-5 degrees")]
    [InlineData("snake_case & R&D", "snake\\_case \\& R\\&D")]
    [InlineData("see www.example.org or https://example.org", "see www\\.example.org or https\\://example.org")]
    public void Markdown_escapes_what_would_be_markup_and_nothing_else(string said, string written) =>
        Assert.Contains($"- {written} — ", Written(MinutesMarkdown.Write, Document(said)));

    [Theory]
    [InlineData(0, "00:00")]
    [InlineData(59.999, "00:59")]
    [InlineData(3599.9, "59:59")]
    [InlineData(3600, "1:00:00")]
    [InlineData(90061, "25:01:01")]
    public void Offsets_read_as_a_player_shows_them(double seconds, string shown) => Assert.Equal(shown, MinutesDocument.Offset(TimeSpan.FromSeconds(seconds)));

    private static MinutesDocument Document()
    {
        Evidence alice = new("seg_1", At(31.4), At(35)), bob = new("seg_2", At(3723), At(3725));
        var source = Source("Alice", "seg_1") with { Attendees = [new("alice", "Alice", At(605)), new("bob", "Bob", TimeSpan.Zero)] };
        return new MinutesDocument("Weekly sync", source, new MeetingMinutes
        {
            Method = "rules",
            Note = "Rules are known for English only.",
            Summary = [new("We ship in March.", [alice, bob])],
            Topics = [new("Release plan", TimeSpan.Zero, At(4500))],
            Decisions = [new("Ship in March.", [bob])],
            ActionItems =
            [
                new("Send the estimate", [alice], "alice", new DateOnly(2026, 4, 3), "by Friday"),
                new("Call them", [alice], "Kevin", null, "after the break"),
                new("Order chairs", [bob], null, new DateOnly(2026, 4, 1), null),
                new("Book a room", [bob], null, null, null),
            ],
            OpenQuestions = [],
            Attendees = [new("alice", "Alice", At(605), 1200, 12), new("bob", "Bob", TimeSpan.Zero, 0, 0)],
        });
    }

    /// <summary>Everything that can be said or be called is the same text.</summary>
    private static MinutesDocument Document(string everywhere)
    {
        Evidence evidence = new(everywhere, At(31), At(35));
        var source = Source(everywhere, everywhere) with { Attendees = [new("alice", everywhere, At(605)), new("bob", everywhere, At(1))] };
        return new MinutesDocument(everywhere, source, new MeetingMinutes
        {
            Method = "rules",
            Note = everywhere,
            Summary = [new(everywhere, [evidence])],
            Topics = [new(everywhere, TimeSpan.Zero, At(45))],
            Decisions = [new(everywhere, [evidence])],
            ActionItems = [new(everywhere, [evidence], "alice", null, everywhere), new(everywhere, [evidence], everywhere, null, null)],
            OpenQuestions = [new(everywhere, [evidence])],
            Attendees = [new("alice", everywhere, At(605), 1200, 12), new("bob", everywhere, At(1), 2, 1)],
        });
    }

    private static MinutesSource Source(string name, string firstSegment) => new()
    {
        StartedAt = new DateTimeOffset(2026, 3, 27, 22, 30, 0, TimeSpan.Zero),
        TimeZone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin"),
        Duration = At(4500),
        Language = "en",
        Attendees = [new("alice", name, At(605))],
        Statements = [new(firstSegment, "alice", At(31.4), At(35), "We ship in March.", 0.9), new("seg_2", "bob", At(3723), At(3725), "In March, yes.", 0.9)],
    };

    /// <summary>The Markdown's own marks: what is left where the text stood.</summary>
    private static string Skeleton(string markdown, string shown)
    {
        string body = markdown[markdown.IndexOf("\n\n", StringComparison.Ordinal)..];   // a title that is empty has a word of its own
        string within = AtStart().Replace(shown, "$1$2");                               // what was said of a day is quoted: less is markup there
        return shown.Length == 0 ? body : body.Replace(shown, "", StringComparison.Ordinal).Replace($"“{within}”", "“”", StringComparison.Ordinal);
    }

    /// <summary>In order; of a segment's id only that it is there.</summary>
    private static string[] TagsOf(string html) =>
        [.. Tags().Matches(html).Select(tag => tag.Value.StartsWith("<span data-segment=\"", StringComparison.Ordinal) ? "<span>" : tag.Value)];

    /// <summary>What stands where the topic's title does.</summary>
    private static string EscapedIn(string markdown) => Topic().Match(markdown).Groups[1].Value;

    private static string Visible(string html) => System.Net.WebUtility.HtmlDecode(Tags().Replace(html[html.IndexOf("<body>", StringComparison.Ordinal)..], tag =>
        tag.Value is "</td>" or "</th>" ? " " : ""));

    private static string Written(Action<TextWriter, MinutesDocument> write, MinutesDocument document)
    {
        using var text = new StringWriter();
        write(text, document);
        return text.ToString();
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tags();

    [GeneratedRegex(@"\\[!-/:-@\[-`{-~]")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"\A(\d*)\\([-+=.)])")]
    private static partial Regex AtStart();

    [GeneratedRegex(@"^- \[00:00–00:45\] (.*)$", RegexOptions.Multiline)]
    private static partial Regex Topic();
}
