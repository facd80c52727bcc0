namespace Pipeline.Actors.Meetings;

/// <summary>
/// What may be another way later. Consent is the participant's: what they said last, on whatever track, holds for all their tracks and
/// for those to come; "unknown" in a new track says nothing. So is the name, though a new track may bring one of its own.
/// </summary>
public sealed partial record Meeting
{
    private const string Unknown = "unknown", Denied = "denied";

    private Refusal? Refuse(MeetingCommand.PatchTrack patch)
    {
        if (Tracks.FirstOrDefault(t => t.Track.Id == patch.Track)?.Track is not { } track) return new Refusal.NoSuchTrack();
        if (Status != MeetingStatus.Recording) return new Refusal.InvalidState(Status);
        if (patch.Patch.Ssrc is not { } rebound) return null;
        if (track.EndedAt is not null) return new Refusal.TrackIsOver();
        var others = OpenTracks.Where(t => t.Id != track.Id).Select(t => t.Spec);
        return Ambiguous(others, [track.Spec with { Ssrc = rebound.Ssrc }]) is { } index ? new Refusal.AmbiguousTrack(index) : null;
    }

    private Refusal? Refuse(MeetingPatch patch) =>
        patch.OnlyAt is { } version && version != Version ? new Refusal.OtherVersion()
        : Merged(patch).Count > MeetingPatch.MaxMetadata ? new Refusal.TooMuchMetadata()
        : null;

    private List<MeetingEvent> Patched(MeetingCommand.PatchTrack c, DateTimeOffset now)
    {
        var patched = Tracks.First(t => t.Track.Id == c.Track).Track;
        string participant = patched.Spec.Participant.Id;
        List<MeetingEvent> decided = [];
        foreach (var track in TracksOf(participant))
        {
            string name = c.Patch.Name switch { null => track.Spec.Participant.Name, "" => participant, var other => other };
            uint? ssrc = c.Patch.Ssrc is { } rebound && track.Id == patched.Id ? rebound.Ssrc : track.Spec.Ssrc;
            if (name != track.Spec.Participant.Name || ssrc != track.Spec.Ssrc) decided.Add(new TrackChanged(track.Id, name, ssrc, now));
        }
        if (c.Patch.Consent is { } consent) decided.AddRange(Consents(participant, consent, now));
        return decided;
    }

    private List<MeetingEvent> Patched(MeetingPatch patch, DateTimeOffset now)
    {
        string title = patch.Title ?? Spec.Title;
        var metadata = Merged(patch);
        bool same = title == Spec.Title && metadata.Count == Spec.Metadata.Count
            && metadata.All(m => Spec.Metadata.TryGetValue(m.Key, out string? value) && value == m.Value);
        var vocabulary = patch.Vocabulary is { } words && !words.SequenceEqual(Spec.Vocabulary, StringComparer.Ordinal) ? words : null;
        return same && vocabulary is null ? [] : [new MeetingChanged(title, metadata, now) { Vocabulary = vocabulary }];
    }

    /// <summary>New tracks, after what those who bring them say for the tracks they have.</summary>
    private List<MeetingEvent> Added(IReadOnlyList<NewTrack> added, DateTimeOffset now)
    {
        var tracks = Numbered([.. Tracks.Select(t => t.Track)], added);
        List<MeetingEvent> decided = [];
        foreach (var participant in tracks.Select(t => t.Spec.Participant).DistinctBy(p => p.Id)) decided.AddRange(Consents(participant.Id, participant.Consent, now));
        decided.AddRange(tracks.Select(t => new TrackStarted(t, now)));
        return decided;
    }

    private IEnumerable<ConsentChanged> Consents(string participant, string consent, DateTimeOffset now) =>
        TracksOf(participant).Where(t => t.Spec.Participant.Consent != consent).Select(t => new ConsentChanged(t.Id, participant, consent, now));

    private IEnumerable<Track> TracksOf(string participant) => Tracks.Select(t => t.Track).Where(t => t.Spec.Participant.Id == participant);

    private Dictionary<string, string> Merged(MeetingPatch patch)
    {
        var merged = patch.ClearMetadata ? [] : new Dictionary<string, string>(Spec.Metadata);
        foreach (var (name, value) in patch.Metadata ?? new Dictionary<string, string?>())
        {
            if (value is null) merged.Remove(name);
            else merged[name] = value;
        }
        return merged;
    }

    private Meeting With(TrackId id, Func<Participant, Participant> change) =>
        With(id, change, Tracks.First(t => t.Track.Id == id).Track.Spec.Ssrc);

    private Meeting With(TrackId id, Func<Participant, Participant> change, uint? ssrc) => this with
    {
        Tracks = [.. Tracks.Select(t => t.Track.Id != id ? t : t with
        {
            Track = t.Track with { Spec = t.Track.Spec with { Participant = change(t.Track.Spec.Participant), Ssrc = ssrc } },
        })],
    };

    /// <summary>
    /// The tracks with their numbers, and each participant's consent: denied where one of the new says so, else granted where one does,
    /// else what it was. A participant who is known keeps their name where the new track has none but the id.
    /// </summary>
    private static List<Track> Numbered(IReadOnlyList<Track> present, IReadOnlyList<NewTrack> added)
    {
        return [.. added.Select((t, i) => new Track(t.Id, present.Count + i + 1, t.Spec with { Participant = Known(t.Spec.Participant) }, Port: t.Port))];

        Participant Known(Participant asked)
        {
            var before = present.Select(t => t.Spec.Participant).LastOrDefault(p => p.Id == asked.Id);
            var said = added.Select(t => t.Spec.Participant).Where(p => p.Id == asked.Id && p.Consent != Unknown).Select(p => p.Consent).ToList();
            return asked with
            {
                Name = asked.Name == asked.Id && before is not null ? before.Name : asked.Name,
                Consent = said.Contains(Denied) ? Denied : said.FirstOrDefault() ?? before?.Consent ?? Unknown,
            };
        }
    }
}
