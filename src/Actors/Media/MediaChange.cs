using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Media;

/// <summary>Something a meeting's media is to be told.</summary>
internal abstract record MediaChange
{
    private MediaChange() { }

    public sealed record Consent(string Participant, string Said) : MediaChange;
    public sealed record TrackIsNew(Track Track) : MediaChange;
    public sealed record TrackIsOver(Track Track) : MediaChange;
    public sealed record TrackIsOther(Track Track) : MediaChange;
    public sealed record Expected(IReadOnlyList<string> Vocabulary) : MediaChange;
    public sealed record Pause(bool IsPaused) : MediaChange;

    /// <inheritdoc cref="Between(IReadOnlyList{Track}, IReadOnlyList{string}, bool, Meeting)"/>
    public static IReadOnlyList<MediaChange> Between(Meeting before, Meeting after) =>
        Between([.. before.Tracks.Select(t => t.Track)], before.Spec.Vocabulary, before.Paused, after);

    /// <summary>What media that knows the meeting as it was before is to be told, in this order; nothing once the meeting has an end.</summary>
    public static IReadOnlyList<MediaChange> Between(IReadOnlyList<Track> before, IReadOnlyList<string> expected, bool wasPaused, Meeting after)
    {
        if (after.Status != MeetingStatus.Recording) return [];
        var said = before.Select(t => t.Spec.Participant).DistinctBy(p => p.Id).ToDictionary(p => p.Id, p => p.Consent);
        return
        [
            .. after.Tracks.Select(t => t.Track.Spec.Participant).DistinctBy(p => p.Id)
                .Where(p => said.TryGetValue(p.Id, out string? was) ? was != p.Consent : p.IsDenied).Select(Says),
            .. after.Tracks.Select(t => Of(t.Track.Number > before.Count ? null : before[t.Track.Number - 1], t.Track)).OfType<MediaChange>(),
            .. expected.SequenceEqual(after.Spec.Vocabulary, StringComparer.Ordinal) ? Array.Empty<MediaChange>() : [new Expected(after.Spec.Vocabulary)],
            .. wasPaused != after.Paused ? [new Pause(after.Paused)] : Array.Empty<MediaChange>(),
        ];
    }

    /// <summary>What is told also when it was told before: whoever asks again is not answered before it is so.</summary>
    public static IReadOnlyList<MediaChange> Again(MeetingCommand command, Meeting after)
    {
        if (after.Status != MeetingStatus.Recording) return [];
        switch (command)
        {
            case MeetingCommand.PauseRecording or MeetingCommand.ResumeRecording: return [new Pause(after.Paused)];
            case MeetingCommand.PatchTrack asked:
                var track = after.Tracks.First(t => t.Track.Id == asked.Track).Track;
                return
                [
                    .. asked.Patch.Consent is not null ? [Says(track.Spec.Participant)] : Array.Empty<MediaChange>(),
                    .. asked.Patch is { Name: not null } or { Ssrc: not null } && track.EndedAt is null ? [new TrackIsOther(track)] : Array.Empty<MediaChange>(),
                ];
            default: return [];
        }
    }

    public Task TellAsync(IMeetingMedia media, CancellationToken ct) => this switch
    {
        Consent c => media.SetConsentAsync(c.Participant, c.Said, ct),
        TrackIsNew c => media.AddTrackAsync(c.Track, ct),
        TrackIsOver c => media.EndTrackAsync(c.Track, ct),
        TrackIsOther c => media.ChangeTrackAsync(c.Track, ct),
        Expected c => media.ExpectAsync(c.Vocabulary, ct),
        Pause { IsPaused: true } => media.PauseAsync(ct),
        _ => media.ResumeAsync(ct),
    };

    private static MediaChange Says(Participant participant) => new Consent(participant.Id, participant.Consent);

    private static MediaChange? Of(Track? before, Track after) => (before?.EndedAt, after.EndedAt) switch
    {
        (_, null) when before is null => new TrackIsNew(after),
        (null, not null) when before is not null => new TrackIsOver(after),
        (null, null) when before!.Spec.Ssrc != after.Spec.Ssrc || before.Spec.Participant.Name != after.Spec.Participant.Name => new TrackIsOther(after),
        _ => null,
    };
}
