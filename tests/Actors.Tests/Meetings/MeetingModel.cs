using Pipeline.Actors.Meetings;

namespace Pipeline.Actors.Tests.Meetings;

/// <summary>
/// What a meeting should come to, told a second time and in other words than <see cref="Meeting"/>: things that change in place, and
/// nothing about events. Refusals are by name.
/// </summary>
internal sealed class MeetingModel
{
    public sealed class Voice
    {
        public required TrackId Id;
        public required string Who, Name;
        public required byte Payload;
        public uint? Ssrc;
        public bool Over;
        public string Looks = "Waiting";
    }

    private readonly List<string> past = ["Recording"];
    private readonly Dictionary<string, string> says = [];
    private readonly HashSet<(int, double)> heard = [];
    private readonly DateTimeOffset start;
    private readonly TimeSpan longest, idle;
    private DateTimeOffset listening;
    private DateTimeOffset? end;
    private string reason = "", health = "Waiting";

    public MeetingModel(DateTimeOffset start, TimeSpan longest, TimeSpan idle) => (this.start, listening, this.longest, this.idle) = (start, start, longest, idle);

    public List<Voice> Voices { get; } = [];
    public string Stage { get; private set; } = "Recording";
    public bool Opened { get; private set; }
    public bool Paused { get; private set; }
    public int Run { get; private set; } = 1;
    public int Words { get; private set; }
    public string Title { get; private set; } = "";
    public SortedDictionary<string, string> Notes { get; } = [];
    public bool Over => Stage is "Completed" or "Failed";
    private bool Live => Stage == "Recording";

    public IEnumerable<string> Silenced => says.Where(s => s.Value == "denied").Select(s => s.Key).Where(p => Voices.Exists(v => v.Who == p));

    public string? Add(IReadOnlyList<NewTrack> tracks, bool atCreation = false)
    {
        if (!Live) return "InvalidState";
        var fresh = tracks.Where(t => Voices.All(v => v.Id != t.Id)).ToList();
        var keys = Voices.Where(v => !v.Over).Select(v => Key(v.Ssrc, v.Payload)).ToList();
        foreach (var track in fresh)
        {
            string key = Key(track.Spec.Ssrc, track.Spec.PayloadType);
            if (keys.Contains(key) && !atCreation) return "AmbiguousTrack";
            keys.Add(key);
        }
        var known = Voices.ToList();
        foreach (var track in fresh)
        {
            var p = track.Spec.Participant;
            string? before = known.LastOrDefault(v => v.Who == p.Id)?.Name;
            Voices.Add(new Voice { Id = track.Id, Who = p.Id, Name = p.Name == p.Id ? before ?? p.Id : p.Name, Payload = track.Spec.PayloadType, Ssrc = track.Spec.Ssrc });
        }
        foreach (var one in fresh.Select(t => t.Spec.Participant).Where(p => p.Consent == "granted")) says[one.Id] = "granted";
        foreach (var one in fresh.Select(t => t.Spec.Participant).Where(p => p.Consent == "denied")) says[one.Id] = "denied";   // a no is stronger
        return null;
    }

    public string? End(TrackId id)
    {
        if (Voices.Find(v => v.Id == id) is not { } voice) return "NoSuchTrack";
        if (!Live) return "InvalidState";
        (voice.Over, voice.Looks) = (true, "Ended");
        return null;
    }

    public string? Change(TrackId id, TrackPatch patch)
    {
        if (Voices.Find(v => v.Id == id) is not { } voice) return "NoSuchTrack";
        if (!Live) return "InvalidState";
        if (patch.Ssrc is { } bound)
        {
            if (voice.Over) return "TrackIsOver";
            if (Voices.Exists(v => v != voice && !v.Over && Key(v.Ssrc, v.Payload) == Key(bound.Ssrc, voice.Payload))) return "AmbiguousTrack";
            voice.Ssrc = bound.Ssrc;
        }
        if (patch.Name is { } name) Voices.Where(v => v.Who == voice.Who).ToList().ForEach(v => v.Name = name.Length > 0 ? name : v.Who);
        if (patch.Consent is { } consent) says[voice.Who] = consent;
        return null;
    }

    public string? Change(string? title, IReadOnlyDictionary<string, string?> notes, bool sameVersion)
    {
        if (!sameVersion) return "OtherVersion";
        Title = title ?? Title;
        foreach (var (key, value) in notes)
        {
            Notes.Remove(key);
            if (value is not null) Notes.Add(key, value);
        }
        return null;
    }

    public void Open(int run)
    {
        if (Live && run == Run) Opened = true;
    }

    public string? Hold(bool paused, DateTimeOffset now)
    {
        if (!Live) return "InvalidState";
        if (Paused && !paused) listening = now;
        Paused = paused;
        return null;
    }

    public void Stop(string why, DateTimeOffset now)
    {
        if (!Live) return;
        foreach (var voice in Voices) (voice.Over, voice.Looks) = (true, "Ended");
        (end, reason, Paused) = (now, why, false);
        Reach("Stopping");
    }

    public void PassTime(DateTimeOffset now)
    {
        if (now >= start + longest) Stop("max_duration", now);
    }

    public void See(int run, string newHealth, IReadOnlyList<string> looks, TimeSpan lastPacket, DateTimeOffset now)
    {
        if (!Live || run != Run) return;
        health = newHealth;
        foreach (var (voice, look) in Voices.Zip(looks)) voice.Looks = voice.Over ? "Ended" : look;
        bool quiet = now >= start + lastPacket + idle && now >= listening + idle;
        if (quiet && !Paused) Stop("idle_timeout", now);
    }

    public void Hear(int run, int track, double at)
    {
        if (Over || run != Run || track < 1 || track > Voices.Count) return;
        if (heard.Add((track, at))) Words++;
    }

    public void MediaStopped(int run)
    {
        if (Stage == "Stopping" && run == Run) Reach("Processing");
    }

    public void Processed(int run, string? failure, DateTimeOffset now)
    {
        if (Stage != "Processing" || run != Run) return;
        reason = failure ?? reason;
        end ??= now;
        Reach(failure is null ? "Completed" : "Failed");
    }

    public void Recover(int run, DateTimeOffset now)
    {
        if (Over) return;
        if (!Opened)
        {
            (reason, end) = ("not_started", now);
            Reach("Failed");
            return;
        }
        if (run != Run + 1) return;
        (Run, listening) = (run, now);
        past.Add(Stage);
        foreach (var voice in Voices.Where(v => !v.Over)) voice.Looks = "Waiting";
        if (Live) (reason, health) = ("recovered", "Waiting");
        if (Stage == "Stopping") Reach("Processing");
    }

    public override string ToString() => Text(
        Stage, reason, Run, Opened, Paused, end, health, Words, Title, Notes, past,
        Voices.Select(v => Text(v.Id, v.Who, v.Name, says.GetValueOrDefault(v.Who, "unknown"), v.Payload, v.Ssrc, v.Looks)));

    /// <summary>The same of the meeting.</summary>
    public static string Of(Meeting m) => Text(
        m.Status, m.Reason ?? "", m.Run, m.Port is not null, m.Paused, m.EndedAt, m.Health, m.LastSequence, m.Spec.Title,
        new SortedDictionary<string, string>(m.Spec.Metadata.ToDictionary()), m.History.Select(h => h.Status.ToString()),
        m.Tracks.Select(t => Text(
            t.Track.Id, t.Track.Spec.Participant.Id, t.Track.Spec.Participant.Name, t.Track.Spec.Participant.Consent, t.Track.Spec.PayloadType,
            t.Track.Spec.Ssrc, t.Status)));

    private void Reach(string stage)
    {
        Stage = stage;
        past.Add(stage);
    }

    private static string Key(uint? ssrc, byte payload) => ssrc is { } named ? $"ssrc {named}" : $"payload {payload}";

    private static string Text(params object?[] parts) => string.Join(" | ", parts.Select(p => p switch
    {
        string text => text,
        IEnumerable<KeyValuePair<string, string>> notes => string.Join(",", notes.Select(n => $"{n.Key}={n.Value}")),
        IEnumerable<string> many => string.Join(" ; ", many),
        _ => p?.ToString() ?? "-",
    }));
}
