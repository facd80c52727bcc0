namespace Pipeline.Actors.Meetings;

/// <summary>What a meeting was held in.</summary>
public static class SpokenLanguage
{
    /// <summary>BCP 47: the language that was asked for; under "auto" the one most segments are in, and "auto" again where there are none.</summary>
    public static string Of(MeetingSpec spec, IReadOnlyList<Segment> segments) =>
        spec.Language != "auto" || segments.Count == 0
            ? spec.Language
            : segments.CountBy(segment => segment.Language).MaxBy(count => count.Value).Key;
}
