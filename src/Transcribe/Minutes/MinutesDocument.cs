using Pipeline.Transcribe.Captions;

namespace Pipeline.Transcribe.Minutes;

/// <summary>A meeting's minutes as a document to read, before it has a form: the words and numbers that every form shows.</summary>
public sealed class MinutesDocument
{
    private readonly Dictionary<string, string> names;        // attendee's id → name
    private readonly Dictionary<string, string> speakers;     // segment → attendee's id
    private readonly MinutesSource source;

    /// <param name="title">Of the meeting; may be empty.</param>
    /// <param name="source">What <paramref name="minutes"/> were made from.</param>
    public MinutesDocument(string title, MinutesSource source, MeetingMinutes minutes)
    {
        this.source = source;
        Title = Line(title) is { Length: > 0 } line ? line : "Meeting";
        Minutes = minutes;
        names = source.Attendees.ToDictionary(attendee => attendee.Id, attendee => attendee.Name, StringComparer.Ordinal);
        speakers = source.Statements.ToDictionary(statement => statement.Segment, statement => statement.Speaker, StringComparer.Ordinal);
    }

    public MeetingMinutes Minutes { get; }
    public string Title { get; }
    /// <summary>BCP 47, of what was said; headings are English.</summary>
    public string Language => source.Language;

    /// <summary>When and how long, in the meeting's time zone.</summary>
    public string When
    {
        get
        {
            var (start, end) = (Local(source.StartedAt), Local(source.StartedAt + source.Duration));
            string until = start.Date == end.Date ? $"{end:HH:mm}" : $"{end:yyyy-MM-dd HH:mm}";
            return $"{start:yyyy-MM-dd HH:mm}–{until} ({source.TimeZone.Id}), {Length(source.Duration)}";
        }
    }

    /// <summary>The claims of each kind under their heading, in the order they are read; empty kinds too.</summary>
    public IEnumerable<(string Heading, IEnumerable<MinutesLine> Lines)> Sections =>
    [
        ("Summary", Minutes.Summary.Select(Line)),
        ("Decisions", Minutes.Decisions.Select(Line)),
        ("Action items", Minutes.ActionItems.Select(Line)),
        ("Open questions", Minutes.OpenQuestions.Select(Line)),
    ];

    public string Method => Minutes.Method == "rules" ? "Made by rules from the transcript." : $"Made by {Minutes.Method} from the transcript.";

    /// <summary><c>mm:ss</c>, from an hour on <c>h:mm:ss</c>; cut to the second, as a player shows it.</summary>
    public static string Offset(TimeSpan offset) => offset.TotalHours < 1
        ? $"{offset.Minutes:00}:{offset.Seconds:00}"
        : $"{(int)offset.TotalHours}:{offset.Minutes:00}:{offset.Seconds:00}";

    /// <summary>On one line, without control characters, and without those that turn the direction of what follows (Unicode TR 9 §2).</summary>
    public static string Line(string text) => TranscriptLine.OneLine(string.Create(text.Length, text, static (line, text) =>
    {
        for (int i = 0; i < text.Length; i++) line[i] = char.IsControl(text[i]) || text[i] is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' ? '\n' : text[i];
    }));

    private static string Length(TimeSpan length) => length switch
    {
        { TotalMinutes: < 1 } => $"{length.Seconds} s",
        { TotalHours: < 1 } => $"{length.Minutes} min",
        _ => $"{(int)length.TotalHours} h {length.Minutes} min",
    };

    private MinutesLine Line(Claim claim) => new(Line(claim.Text), [.. claim.Evidence.Select(Place)]);

    private MinutesLine Line(ActionItem item) => new(Line(item.Text), [.. item.Evidence.Select(Place)])
    {
        Owner = item.Owner is null ? null : Line(names.GetValueOrDefault(item.Owner, item.Owner)),
        Due = (item.Due, item.DueText) switch
        {
            ({ } day, { } said) => $"{day:yyyy-MM-dd} (“{Line(said)}”)",
            ({ } day, null) => $"{day:yyyy-MM-dd}",
            (null, { } said) => $"“{Line(said)}”",
            _ => null,
        },
    };

    private Place Place(Evidence evidence) => new(
        evidence.Segment,
        speakers.TryGetValue(evidence.Segment, out string? id) && names.TryGetValue(id, out string? name) ? Line(name) : "?",
        Offset(evidence.Start));

    private DateTimeOffset Local(DateTimeOffset moment) => TimeZoneInfo.ConvertTime(moment, source.TimeZone);
}

/// <summary>One claim; every text on one line, and not escaped.</summary>
public sealed record MinutesLine(string Text, IReadOnlyList<Place> Places)
{
    public string? Owner { get; init; }
    public string? Due { get; init; }
}

/// <summary>Where a claim comes from.</summary>
/// <param name="Time">As <see cref="MinutesDocument.Offset"/> writes it.</param>
public sealed record Place(string Segment, string Speaker, string Time);
