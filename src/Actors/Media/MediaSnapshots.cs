using Pipeline.Actors.Meetings;
using Pipeline.Ingest;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Media;

/// <summary>What a meeting's media looks like at one moment: flowing, silent or stalled, and how good.</summary>
internal static class MediaSnapshots
{
    /// <summary>Packets, and nobody speaks for so long.</summary>
    private static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(60);
    /// <summary>No packets for so long.</summary>
    private static readonly TimeSpan StalledAfter = TimeSpan.FromSeconds(5);

    public static readonly MediaSnapshot Empty = new(null, MediaHealth.Waiting, [], new Dictionary<string, long>());

    /// <param name="earlier">Quality of earlier runs, by track number.</param>
    /// <param name="failing">The journal cannot be written.</param>
    public static MediaSnapshot Take(MediaPipeline pipeline, TimeSpan now, bool failing, IReadOnlyDictionary<int, TrackQuality> earlier)
    {
        var tracks = pipeline.Tracks.Select(track => new TrackSnapshot(
            track.Description.Number, Status(track, now), Sender(track),
            earlier.TryGetValue(track.Description.Number, out var before) ? before.Then(track.Quality()) : track.Quality())).ToList();
        var last = pipeline.Tracks.Where(t => t.HasPackets).Select(t => (TimeSpan?)t.LastPacket).Max();
        return new MediaSnapshot(last, failing ? MediaHealth.Failing : Health(tracks), tracks, pipeline.Refused());
    }

    /// <summary>The whole meeting's: talk times as the journal says where it was decoded, for a run does not know those of the runs before.</summary>
    /// <param name="seen">By the last run; null where it was not stopped in order.</param>
    public static MediaSnapshot OfMeeting(MediaSnapshot? seen, RenderedMeeting rendered)
    {
        if (seen is null) return Empty with { Tracks = [.. rendered.Quality.Select(q => new TrackSnapshot(q.Key, TrackStatus.Ended, Authenticated.None, q.Value))] };
        if (!rendered.Heard) return seen;
        return seen with
        {
            Tracks = [.. seen.Tracks.Select(t => rendered.Quality.TryGetValue(t.Number, out var whole) ? t with { Quality = t.Quality with { Talked = whole.Talked } } : t)],
        };
    }

    private static TrackStatus Status(MediaTrack track, TimeSpan now) => track switch
    {
        { Ended: true } => TrackStatus.Ended,
        { HasPackets: false } => TrackStatus.Waiting,
        _ when now - track.LastPacket >= StalledAfter => TrackStatus.Stalled,
        _ when now - track.LastSpeech >= SilentAfter => TrackStatus.Silent,
        _ => TrackStatus.Flowing,
    };

    /// <summary>The best any track does; those that ended no longer count.</summary>
    private static MediaHealth Health(IReadOnlyList<TrackSnapshot> tracks)
    {
        var statuses = tracks.Select(t => t.Status).ToHashSet();
        return statuses.Contains(TrackStatus.Flowing) ? MediaHealth.Flowing
            : statuses.Contains(TrackStatus.Silent) ? MediaHealth.Silent
            : statuses.Contains(TrackStatus.Stalled) || (statuses.Contains(TrackStatus.Ended) && !statuses.Contains(TrackStatus.Waiting)) ? MediaHealth.Stalled
            : MediaHealth.Waiting;
    }

    private static Authenticated Sender(MediaTrack track) => track.Description.From is null ? Authenticated.None : Authenticated.Address;
}
