namespace Pipeline.Transcribe.Minutes;

/// <summary>What a meeting came to. Every claim names the segments that say so.</summary>
public sealed record MeetingMinutes
{
    /// <summary>How they were made: `rules`.</summary>
    public required string Method { get; init; }
    /// <summary>What is not there and why, in one sentence; null where nothing is left out.</summary>
    public string? Note { get; init; }
    public required IReadOnlyList<Claim> Summary { get; init; }
    /// <summary>By start; together they cover what was said.</summary>
    public required IReadOnlyList<Topic> Topics { get; init; }
    public required IReadOnlyList<Claim> Decisions { get; init; }
    public required IReadOnlyList<ActionItem> ActionItems { get; init; }
    public required IReadOnlyList<Claim> OpenQuestions { get; init; }
    public required IReadOnlyList<AttendeeStatistics> Attendees { get; init; }
}

/// <param name="Evidence">Never empty; by start.</param>
public sealed record Claim(string Text, IReadOnlyList<Evidence> Evidence);

public sealed record Evidence(string Segment, TimeSpan Start, TimeSpan End);

public sealed record Topic(string Title, TimeSpan Start, TimeSpan End);

/// <param name="Owner">An attendee's id, or a name that was heard; null where nobody was named.</param>
/// <param name="Due">In the meeting's time zone; null where no day was said, or none that can be told.</param>
/// <param name="DueText">The words that said when; null where none did.</param>
public sealed record ActionItem(string Text, IReadOnlyList<Evidence> Evidence, string? Owner, DateOnly? Due, string? DueText);

/// <param name="Turns">How often the person began to speak after somebody else.</param>
public sealed record AttendeeStatistics(string Id, string Name, TimeSpan Talked, int Words, int Turns);
