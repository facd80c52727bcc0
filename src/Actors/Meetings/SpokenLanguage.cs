namespace Pipeline.Actors.Meetings;

/// <summary>What a meeting's transcript is in.</summary>
public static class SpokenLanguage
{
    /// <summary>BCP 47: what was translated to, else the language that was asked for; under "auto" the one most segments are in, and "auto" again where there are none.</summary>
    public static string Of(MeetingSpec spec, IReadOnlyList<Segment> segments) =>
        spec.TranslateTo ?? (spec.Language != "auto" || segments.Count == 0
            ? spec.Language
            : segments.CountBy(segment => segment.Language).MaxBy(count => count.Value).Key);
}
