namespace Pipeline.Ingest.Streams;

/// <summary>What a meeting may not keep now: all of it while it is paused, of those who denied consent what they send. Tells each track; a pause goes before consent.</summary>
/// <param name="tracks">The meeting's, as they come.</param>
public sealed class Withholding(IReadOnlyList<MediaTrack> tracks)
{
    private readonly Dictionary<string, (bool Denied, TimeSpan At)> consents = [];   // by participant: those that were said
    private TimeSpan resumed = TimeSpan.FromDays(-1);

    /// <summary>True while only headers are kept.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>True for what arrived in a pause, though it may have lain in the socket when that ended.</summary>
    public bool IsPausedAt(TimeSpan arrival) => IsPaused || arrival < resumed;

    /// <summary>True while of all tracks of the participant only headers are kept.</summary>
    public bool IsDenied(string participant) => consents.TryGetValue(participant, out var consent) && consent.Denied;

    /// <summary>Until <see cref="Resume"/> payloads are discarded as they arrive; headers keep the time line and the statistics.</summary>
    public void Pause(TimeSpan at)
    {
        if (IsPaused) return;
        IsPaused = true;
        foreach (var track in tracks)
            if (!track.Ended) track.Withhold(GapKind.Pause, at);
    }

    /// <summary>What arrives from then on is recorded again. Said again, the pause that just ended lasted until then.</summary>
    public void Resume(TimeSpan at)
    {
        foreach (var track in tracks)
        {
            if (track.Ended) continue;
            if (!IsPaused) track.Withheld.EndLater(resumed, at);
            else if (IsDenied(track.Description.Participant)) track.Withhold(GapKind.Consent, at);
            else track.Withheld.End(at);
        }
        (IsPaused, resumed) = (false, at);
    }

    /// <summary>
    /// What the participant says holds for all their tracks, those to come too. While they deny consent, payloads are discarded as they
    /// arrive; a pause does so before that.
    /// </summary>
    /// <param name="said">When it was first said, where this is the second time: it holds from <paramref name="at"/> on indeed.</param>
    public void SetConsent(string participant, bool denied, TimeSpan at, TimeSpan? said)
    {
        bool wasDenied = IsDenied(participant);
        if (denied != wasDenied || said is not null) consents[participant] = (denied, at);
        foreach (var track in tracks)
        {
            if (track.Ended || track.Description.Participant != participant || IsPaused) continue;
            if (denied) track.Withhold(GapKind.Consent, at);
            else if (wasDenied) track.Withheld.End(at);
            else if (said is { } first) track.Withheld.EndLater(first, at);
        }
    }

    /// <summary>A run is over, and the next says itself what is withheld in it.</summary>
    public void EndAll(TimeSpan at)
    {
        if (IsPaused) Resume(at);
        foreach (string participant in consents.Keys.Where(IsDenied).ToList()) SetConsent(participant, denied: false, at, said: null);
    }

    /// <summary>Tells a track that is new what was said before it came.</summary>
    public void Tell(MediaTrack track, TimeSpan now)
    {
        if (IsPaused) track.Withhold(GapKind.Pause, now);
        else if (IsDenied(track.Description.Participant)) track.Withhold(GapKind.Consent, now);
        else if (consents.TryGetValue(track.Description.Participant, out var consent)) track.Withheld.End(consent.At);   // what is held of it may be older
    }
}
