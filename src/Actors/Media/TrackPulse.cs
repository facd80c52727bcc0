using Pipeline.Actors.Meetings;
using Pipeline.Ingest.Streams;

namespace Pipeline.Actors.Media;

/// <summary>What is known of a track at one moment, in meeting time.</summary>
/// <param name="FirstPacket">Null before there was one.</param>
/// <param name="LastActive">When somebody last spoke, or a picture came; zero before that.</param>
/// <param name="HeardFrom">When a pause, or a denied consent, last ended.</param>
/// <param name="Withheld">Why it is not heard now; null: it is.</param>
internal readonly record struct TrackSigns(
    bool Ended, TimeSpan? FirstPacket, TimeSpan LastPacket, TimeSpan LastActive, TimeSpan HeardFrom, GapKind? Withheld);

/// <summary>
/// One track's status: whether packets come, and whether somebody speaks; whom one sees is never silent. Who is not heard cannot be called silent: a pause keeps the
/// status there was, but for packets that begin to come; of somebody who denied consent only packets count. Afterwards both times begin anew.
/// </summary>
internal sealed class TrackPulse
{
    /// <summary>Packets, and nobody speaks for so long.</summary>
    private static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(60);
    /// <summary>No packets for so long.</summary>
    private static readonly TimeSpan StalledAfter = TimeSpan.FromSeconds(5);

    private TrackStatus status = TrackStatus.Waiting;

    public TrackStatus Feel(in TrackSigns signs, TimeSpan now) => status = Next(signs, now);

    private TrackStatus Next(in TrackSigns signs, TimeSpan now)
    {
        if (signs.Ended) return TrackStatus.Ended;
        if (signs.FirstPacket is not { } first) return TrackStatus.Waiting;

        bool comes = now - signs.LastPacket < StalledAfter;
        if (signs.Withheld == GapKind.Pause) return comes && status is TrackStatus.Waiting or TrackStatus.Stalled ? TrackStatus.Flowing : status;
        if (!comes) return now - signs.HeardFrom >= StalledAfter ? TrackStatus.Stalled : status;
        if (signs.Withheld == GapKind.Consent || now - signs.LastActive < SilentAfter) return TrackStatus.Flowing;

        var listened = signs.HeardFrom > first ? signs.HeardFrom : first;
        return now - listened >= SilentAfter || status == TrackStatus.Silent ? TrackStatus.Silent : TrackStatus.Flowing;
    }
}
