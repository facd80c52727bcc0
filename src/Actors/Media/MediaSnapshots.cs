using Pipeline.Actors.Meetings;
using Pipeline.Ingest;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Media;

/// <summary>What a meeting's media looks like at one moment: flowing, silent or stalled, and how good.</summary>
internal sealed class MediaSnapshots
{
    private readonly Dictionary<int, TrackPulse> pulses = [];                        // by track number
    private MediaHealth health = MediaHealth.Waiting;

    public static readonly MediaSnapshot Empty = new(null, MediaHealth.Waiting, [], new Dictionary<string, long>());

    /// <summary>What this run had received when it was looked at last.</summary>
    public ReceptionTotals Received { get; private set; } = ReceptionTotals.None;

    /// <param name="earlier">Quality of earlier runs, by track number.</param>
    /// <param name="failing">The journal cannot be written.</param>
    public MediaSnapshot Take(MediaPipeline pipeline, TimeSpan now, bool failing, IReadOnlyDictionary<int, TrackQuality> earlier)
    {
        var qualities = pipeline.Tracks.Select(track => track.Quality()).ToList();
        Received = ReceptionTotals.Of(qualities, pipeline.Refused());
        List<TrackSnapshot> tracks =
        [
            .. pipeline.Tracks.Zip(qualities, (track, quality) => new TrackSnapshot(
                track.Description.Number, Status(track, now), Sender(pipeline, track),
                earlier.TryGetValue(track.Description.Number, out var before) ? before.Then(quality) : quality)),
            .. Ended(earlier.Where(e => pipeline.Tracks.All(t => t.Description.Number != e.Key))),
        ];
        var last = pipeline.Tracks.Where(t => t.HasPackets).Select(t => (TimeSpan?)t.LastPacket).Max();
        var shown = Health(tracks);
        if (!pipeline.IsPaused || shown is not (MediaHealth.Silent or MediaHealth.Stalled)) health = shown;   // as its tracks: see TrackPulse
        return new MediaSnapshot(last, failing ? MediaHealth.Failing : health, tracks, Received.Refused);
    }

    /// <summary>
    /// The whole meeting's. Where there were several runs the journal knows them all, and the last one only whom it refused; of a single one
    /// that was decoded again the journal says how long everybody talked.
    /// </summary>
    /// <param name="seen">By the last run; null where it was not stopped in order.</param>
    public static MediaSnapshot OfMeeting(MediaSnapshot? seen, RenderedMeeting rendered, int runs)
    {
        if (seen is null) return Empty with { Tracks = [.. Ended(rendered.Quality)] };
        if (runs > 1)
        {
            return seen with
            {
                Tracks = [.. Ended(rendered.Quality).Select(t => seen.Tracks.FirstOrDefault(s => s.Number == t.Number) is { } last ? last with { Quality = t.Quality } : t)],
            };
        }
        if (!rendered.Heard) return seen;
        return seen with
        {
            Tracks = [.. seen.Tracks.Select(t => rendered.Quality.TryGetValue(t.Number, out var whole) ? t with { Quality = t.Quality with { Talked = whole.Talked } } : t)],
        };
    }

    /// <summary>Tracks of which nothing more comes, by number.</summary>
    private static IEnumerable<TrackSnapshot> Ended(IEnumerable<KeyValuePair<int, TrackQuality>> tracks) =>
        tracks.Select(t => new TrackSnapshot(t.Key, TrackStatus.Ended, Authenticated.None, t.Value));

    private TrackStatus Status(MediaTrack track, TimeSpan now)
    {
        if (!pulses.TryGetValue(track.Description.Number, out var pulse)) pulses[track.Description.Number] = pulse = new TrackPulse();
        return pulse.Feel(
            new TrackSigns(track.Ended, track.FirstPacket, track.LastPacket, track.LastActive, track.Withheld.HeardFrom, track.Withheld.Reason), now);
    }

    /// <summary>The best any track does; those that ended no longer count.</summary>
    private static MediaHealth Health(IReadOnlyList<TrackSnapshot> tracks)
    {
        var statuses = tracks.Select(t => t.Status).ToHashSet();
        return statuses.Contains(TrackStatus.Flowing) ? MediaHealth.Flowing
            : statuses.Contains(TrackStatus.Silent) ? MediaHealth.Silent
            : statuses.Contains(TrackStatus.Stalled) || (statuses.Contains(TrackStatus.Ended) && !statuses.Contains(TrackStatus.Waiting)) ? MediaHealth.Stalled
            : MediaHealth.Waiting;
    }

    /// <summary>A protected track's sender is nobody until a packet verified.</summary>
    private static Authenticated Sender(MediaPipeline pipeline, MediaTrack track) =>
        track.Description.Srtp is not null ? pipeline.HasVerified(track.Description.Number) ? Authenticated.Srtp : Authenticated.None
        : track.Description.From is null ? Authenticated.None : Authenticated.Address;
}
