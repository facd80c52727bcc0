using Pipeline.Actors.Media;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Meetings;

/// <summary>A meeting's state as others need it: the outside, and its media.</summary>
public static class MeetingViews
{
    /// <summary>Only for a meeting that is known.</summary>
    public static MeetingView View(this Meeting meeting) => new()
    {
        Id = meeting.Id,
        Tenant = meeting.Tenant,
        Spec = meeting.Spec,
        Status = meeting.Status,
        Paused = meeting.Paused,
        Reason = meeting.Reason,
        MediaHealth = meeting.Health,
        CaptionsStatus = meeting.Captions,
        CreatedAt = meeting.StartedAt,
        StartedAt = meeting.StartedAt,
        EndedAt = meeting.EndedAt,
        Duration = meeting.EndedAt is { } end ? meeting.Length(end) : TimeSpan.Zero,   // one that grew would be a change at every look
        History = meeting.History,
        Port = meeting.Port ?? 0,   // 0: it failed before it had one
        Tracks = meeting.Tracks,
        Source = meeting.Source,
        Transcript = meeting.Transcript,
        Version = meeting.Version,
    };

    /// <summary>From the start to <paramref name="end"/>.</summary>
    public static TimeSpan Length(this Meeting meeting, DateTimeOffset end)
    {
        var length = end - meeting.StartedAt;
        return length > TimeSpan.Zero ? length : TimeSpan.Zero;   // the wall clock may have been set back
    }

    /// <summary>
    /// How captions must have ended for minutes: nothing of the transcript is still to come. Where captions were off there is none,
    /// and minutes tell who talked and how long.
    /// </summary>
    public static bool AllowMinutes(this CaptionsStatus ended) => ended is CaptionsStatus.Live or CaptionsStatus.Off;

    public static MediaJob Job(this Meeting meeting, IReadOnlyList<HeardSpan> heard) => new(
        meeting.Id, meeting.Run, meeting.StartedAt, meeting.Port, meeting.Spec, [.. meeting.Tracks.Select(t => t.Track)], heard)
    {
        Tenant = meeting.Tenant,
        Began = meeting.Began,
        Paused = meeting.Paused,
        MixIsReady = meeting.Ready.Any(file => file.Kind == "mix"),
    };

    /// <param name="snapshot">Null: nothing is known of its media.</param>
    public static QualityReport Quality(this Meeting meeting, MediaSnapshot? snapshot)
    {
        var seen = snapshot?.Tracks.ToDictionary(t => t.Number, t => t.Quality) ?? [];
        return new QualityReport(
            meeting.Id,
            [.. meeting.Tracks.Select(t => new TrackQualityView(
                t.Track.Id, t.Track.Spec.Participant, seen.GetValueOrDefault(t.Track.Number, TrackQuality.Empty)))],
            snapshot?.Refused ?? new Dictionary<string, long>());
    }
}
