using System.Text.RegularExpressions;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Actors.Meetings;

/// <summary>What a meeting's minutes are made from, put together of what is known of it. Pure.</summary>
public static partial class MinutesInput
{
    /// <summary>The key in a meeting's metadata under which its people's time zone may stand.</summary>
    private const string TimeZoneKey = "time_zone";

    /// <param name="meeting">One that is over.</param>
    /// <param name="segments">Its transcript, by start.</param>
    public static MinutesSource Of(MeetingView meeting, IReadOnlyList<Segment> segments, QualityReport quality) => new()
    {
        StartedAt = meeting.StartedAt,
        TimeZone = ZoneOf(meeting.Spec),
        Duration = meeting.Duration,
        Language = SpokenLanguage.Of(meeting.Spec, segments),
        Attendees = [.. quality.Tracks.GroupBy(track => track.Participant.Id).Select(tracks => Attendee([.. tracks], meeting.Duration))],
        Statements = [.. segments.Select(Statement)],
    };

    /// <summary>UTC where no time zone is named, or none that is known here.</summary>
    private static TimeZoneInfo ZoneOf(MeetingSpec spec) =>
        spec.Metadata.TryGetValue(TimeZoneKey, out string? name) && ZoneName().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : TimeZoneInfo.Utc;

    /// <summary>All tracks of one person, each of them heard for a while: together at most as long as the meeting was.</summary>
    private static Attendee Attendee(IReadOnlyList<TrackQualityView> tracks, TimeSpan longest)
    {
        var talked = tracks.Aggregate(TimeSpan.Zero, (sum, track) => sum + track.Quality.Talked);
        return new Attendee(tracks[0].Participant.Id, tracks[0].Participant.Name, talked < longest ? talked : longest);
    }

    private static Statement Statement(Segment segment) => new(
        segment.Id.ToString(), segment.Participant.Id, segment.Start, segment.End, segment.Text,
        segment.Words.Count == 0 ? 1 : segment.Words.Average(word => word.Confidence));

    /// <summary>
    /// An IANA name (`Europe/Berlin`, `Etc/GMT+5`) by its shape alone: the system looks for a file of that name, and must not be sent
    /// to any other.
    /// </summary>
    [GeneratedRegex(@"\A[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}\z")]
    private static partial Regex ZoneName();
}
