namespace Pipeline.Transcribe.Minutes;

/// <summary>Everything minutes are made from. The same source gives the same minutes, to the byte.</summary>
public sealed record MinutesSource
{
    public required DateTimeOffset StartedAt { get; init; }
    /// <summary>Where the meeting's people are: "tomorrow" and "by Friday" are meant in it.</summary>
    public required TimeZoneInfo TimeZone { get; init; }
    public required TimeSpan Duration { get; init; }
    /// <summary>BCP 47; what was spoken.</summary>
    public required string Language { get; init; }
    /// <summary>In the order they came; ids are unique.</summary>
    public required IReadOnlyList<Attendee> Attendees { get; init; }
    /// <summary>By start; what overlaps stays overlapping.</summary>
    public required IReadOnlyList<Statement> Statements { get; init; }
}

/// <param name="Talked">How long the person was heard to speak, by level and not by text.</param>
public sealed record Attendee(string Id, string Name, TimeSpan Talked);

/// <summary>One segment of the transcript.</summary>
/// <param name="Segment">Its id, for evidence.</param>
/// <param name="Speaker">An attendee's id.</param>
/// <param name="Start">Since the meeting began; so is <paramref name="End"/>.</param>
/// <param name="Confidence">0 … 1; the mean of its words'.</param>
public sealed record Statement(string Segment, string Speaker, TimeSpan Start, TimeSpan End, string Text, double Confidence);
