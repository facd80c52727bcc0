using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Pipeline.Actors.Media;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Meetings;

/// <summary>
/// One meeting's rules: state and command in, events out. No clock, store or socket; whoever owns it decides, stores what
/// was decided, and only then applies it.
/// <code>
/// Create ─▶ (announced) ─ MediaOpened ─▶ recording ─ Stop ─▶ stopping ─ MediaStopped ─▶ processing ─▶ completed | failed
///               │ Recovered                 │ ▲ Recovered        │ Recovered ──────────────▲  │ ▲ Recovered
///               ▼                           └─┘                                              └─┘
///             failed
/// </code>
/// A command may come twice, and news may come late: both decide to nothing.
/// </summary>
public sealed partial record Meeting
{
    /// <summary>Over its life, those that have ended included: each is kept in memory and in the store, and named in every answer.</summary>
    public const int MaxTracks = 1000;

    public required MeetingId Id { get; init; }
    public required TenantId Tenant { get; init; }
    public required MeetingSpec Spec { get; init; }
    /// <summary>The moment of creation, before any packet: offset 0 of everything in the meeting.</summary>
    public required DateTimeOffset StartedAt { get; init; }
    /// <summary>The same moment on the clock of this boot; null of meetings of earlier versions.</summary>
    public BootMoment? Began { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public MeetingStatus Status { get; init; } = MeetingStatus.Recording;
    public string? Reason { get; init; }
    public IReadOnlyList<StatusChange> History { get; init; } = [];
    /// <summary>1 at creation, one more at each restart.</summary>
    public int Run { get; init; } = 1;
    /// <summary>Null while the meeting is only announced: nobody was told of it, and no query shows it.</summary>
    public int? Port { get; init; }
    public IReadOnlyList<TrackView> Tracks { get; init; } = [];
    public MediaHealth Health { get; init; } = MediaHealth.Waiting;
    public CaptionsStatus Captions { get; init; }
    /// <summary>How far down the ladder they are.</summary>
    public SpeechEffort CaptionsEffort { get; init; }
    public Refinement Refinement { get; init; }
    /// <summary>True from a pause to its end, over restarts too: what is received meanwhile is kept as headers only.</summary>
    public bool Paused { get; init; }
    /// <summary>Since when somebody could have been heard: time the node was down, or the meeting paused, is nobody's silence.</summary>
    public DateTimeOffset ListeningSince { get; init; }
    /// <summary>Files that are among the recordings though others are still being made: a crash makes none of them another one. Empty when it is over.</summary>
    public IReadOnlyList<OwnFile> Ready { get; init; } = [];
    /// <summary>Null for a meeting without a source.</summary>
    public SourceState? Source { get; init; }
    /// <summary>Of the newest segment; 0 before the first.</summary>
    public long LastSequence { get; init; }
    /// <summary>Rises with every decision; the store refuses one that was not made on the newest.</summary>
    public long Revision { get; init; }
    /// <summary>Rises with every decision that changes what the outside sees of the meeting.</summary>
    public long Version { get; init; }

    /// <summary>Which captions are stored, by track number and start. Read from the segments, not kept with the state.</summary>
    [JsonIgnore]
    public ImmutableHashSet<(int Track, TimeSpan Start)> Heard { get; init; } = [];

    [JsonIgnore]
    public bool IsOver => Status is MeetingStatus.Completed or MeetingStatus.Failed;

    /// <summary>It is over, and not every word of it has its caption: they come when there is an engine for them.</summary>
    [JsonIgnore]
    public bool OwesCaptions => IsOver && Captions == CaptionsStatus.Deferred;

    /// <summary>Every word of it has its caption, and may have a better one.</summary>
    [JsonIgnore]
    public bool OwesRefinement => IsOver && Refinement == Refinement.Owed;

    /// <summary>The best there is.</summary>
    [JsonIgnore]
    public TranscriptVersion Transcript => Refinement == Refinement.Done ? TranscriptVersion.Refined : TranscriptVersion.Live;

    /// <summary>False while the meeting is only announced.</summary>
    [JsonIgnore]
    public bool IsKnown => Port is not null || IsOver;

    /// <summary>A meeting that does not exist yet.</summary>
    public static MeetingAnnounced Decide(CreateMeeting command, DateTimeOffset now) =>
        new(command.Id, command.Tenant, command.Spec, Numbered([], command.Tracks), command.Captions, now) { Moment = command.Moment };

    public static Meeting Apply(MeetingAnnounced e) => new()
    {
        Id = e.Id,
        Tenant = e.Tenant,
        Spec = e.Spec,
        StartedAt = e.At,
        Began = e.Moment,
        ListeningSince = e.At,
        History = [new StatusChange(MeetingStatus.Recording, e.At, null)],
        Tracks = [.. e.Tracks.Select(Waiting)],
        Captions = e.Captions,
        Source = e.Spec.Source is null ? null : new SourceState(SourceStatus.Connecting),
        Revision = 1,
        Version = 1,
    };

    /// <summary>Why the command cannot be done; null where it can, or where it is done already.</summary>
    public Refusal? Refuse(MeetingCommand command) => (Status, command) switch
    {
        (MeetingStatus.Recording, MeetingCommand.AddTracks add) when NewOnes(add) is { Count: > 0 } more && Tracks.Count + more.Count > MaxTracks => new Refusal.TooManyTracks(),
        (MeetingStatus.Recording, MeetingCommand.AddTracks add) =>
            Ambiguous(Open, NewOnes(add)) is { } index ? new Refusal.AmbiguousTrack(index) : null,
        (_, MeetingCommand.AddTracks) => new Refusal.InvalidState(Status),

        (_, MeetingCommand.PatchTrack patch) => Refuse(patch),
        (_, MeetingCommand.PatchMeeting patch) => Refuse(patch.Patch),
        (_, MeetingCommand.EndTrack end) when Tracks.All(t => t.Track.Id != end.Track) => new Refusal.NoSuchTrack(),
        (not MeetingStatus.Recording, MeetingCommand.EndTrack or MeetingCommand.PauseRecording or MeetingCommand.ResumeRecording) => new Refusal.InvalidState(Status),
        _ => null,
    };

    /// <summary>
    /// The index of the first of <paramref name="added"/> that packets could not be told apart from an earlier track's:
    /// an SSRC of both, or both without one and of the same payload type, be it for what comes again. Null where every track is clear, as
    /// one with a port of its own is.
    /// </summary>
    public static int? Ambiguous(IEnumerable<TrackSpec> present, IReadOnlyList<TrackSpec> added)
    {
        var taken = present.Where(track => !track.OwnPort).SelectMany(How).ToHashSet();
        for (int i = 0; i < added.Count; i++)
            if (!added[i].OwnPort && !How(added[i]).All(taken.Add)) return i;
        return null;

        static HashSet<(uint? Ssrc, byte? PayloadType)> How(TrackSpec track)
        {
            IEnumerable<uint?> named = [track.Ssrc, track.Rtx?.Ssrc, .. track.Layers.Select(l => (uint?)l.Ssrc)];
            bool adopts = track.Ssrc is null && track.Layers.Count == 0;
            IEnumerable<byte?> adopted = [adopts ? track.PayloadType : null, adopts ? track.RedPayloadType : null, track.Rtx is { Ssrc: null } rtx ? rtx.PayloadType : null];
            return [.. named.Where(s => s is not null).Select(s => (s, (byte?)null)), .. adopted.Where(t => t is not null).Select(t => ((uint?)null, t))];
        }
    }

    /// <summary>What follows from the command; nothing where it is refused, repeated, or from a run that is over.</summary>
    public IReadOnlyList<MeetingEvent> Decide(MeetingCommand command, DateTimeOffset now) => (Status, command) switch
    {
        (MeetingStatus.Recording, MeetingCommand.MediaOpened c) when c.Run == Run && Port is null =>
            [new MeetingStarted(c.Port, now), .. Tracks.Select(t => new TrackStarted(t.Track, now))],

        (MeetingStatus.Recording, MeetingCommand.AddTracks c) when Refuse(c) is null =>
            Added([.. c.Tracks.Where(t => !Has(t.Id))], now),
        (MeetingStatus.Recording, MeetingCommand.EndTrack c) =>
            [.. OpenTracks.Where(t => t.Id == c.Track).Select(t => new TrackEnded(t.Id, now, c.IsUnwanted))],

        (MeetingStatus.Recording, MeetingCommand.PatchTrack c) when IsKnown && Refuse(c) is null => Patched(c, now),
        (_, MeetingCommand.PatchMeeting c) when IsKnown && Refuse(c) is null => Patched(c.Patch, now),

        (MeetingStatus.Recording, MeetingCommand.PauseRecording) when !Paused && IsKnown => [new MeetingPaused(now)],
        (MeetingStatus.Recording, MeetingCommand.ResumeRecording) when Paused => [new MeetingResumed(now)],

        (MeetingStatus.Recording, MeetingCommand.MediaSeen c) when c.Run == Run => Seen(c.Snapshot, now),
        (MeetingStatus.Recording, MeetingCommand.SourceSeen c) when IsKnown => Seen(c, now),
        (MeetingStatus.Recording, MeetingCommand.Tick) when now - StartedAt >= Spec.MaxDuration => Stopped("max_duration", now),
        (MeetingStatus.Recording, MeetingCommand.Tick) when IsSourceEnded(now) => Stopped("source_ended", now),
        (MeetingStatus.Recording, MeetingCommand.Stop c) => Stopped(c.Reason, now),

        (MeetingStatus.Stopping, MeetingCommand.MediaStopped c) when c.Run == Run => [new ProcessingStarted(c.Quality, now)],
        (MeetingStatus.Processing, MeetingCommand.FilesMade c) when c.Run == Run => NewFiles(c.Files, now),
        (MeetingStatus.Processing, MeetingCommand.MediaProcessed c) when c.Run == Run => Completed(c, now),
        (MeetingStatus.Processing, MeetingCommand.ProcessingFailed c) when c.Run == Run => Failed(c, now),

        (_, MeetingCommand.RenderMade c) when IsOver => [new RecordingReady(c.Ready.Id, c.Ready.File, now)],

        // Announced and never opened: nobody was told of it, so it is closed and not gone on with.
        (MeetingStatus.Recording, MeetingCommand.Recovered) when Port is null => [new MeetingFailed("not_started", now)],
        (MeetingStatus.Stopping, MeetingCommand.Recovered c) when c.Run == Run + 1 =>
            [new MeetingRecovered(c.Run, now), new ProcessingStarted(null, now)],
        (MeetingStatus.Recording or MeetingStatus.Processing, MeetingCommand.Recovered c) when c.Run == Run + 1 => [new MeetingRecovered(c.Run, now)],

        (_, MeetingCommand.CaptionHeard c) when IsNews(c) =>
            [new CaptionFinal(c.Id, LastSequence + 1, Tracks[c.Caption.Track - 1].Track, c.Caption, now)],
        (_, MeetingCommand.CaptionsChanged c) when !IsOver && c.Run == Run && Spec.Captions && (c.Status, c.Effort) != (Captions, CaptionsEffort) =>
            [new CaptionsStatusChanged(Captions, c.Status, now) { Effort = c.Effort }],
        (_, MeetingCommand.CaptionsMade c) when OwesCaptions && c.Run == Run => CaughtUp(now),
        (_, MeetingCommand.TranscriptRefined c) when OwesRefinement && c.Run == Run => Refined(c.Plan, now),

        _ => [],
    };

    /// <summary>The state after one decision; the same when nothing was decided.</summary>
    public Meeting Apply(IReadOnlyList<MeetingEvent> decided)
    {
        if (decided.Count == 0) return this;
        bool visible = decided.Any(e => e is not CaptionFinal);
        return decided.Aggregate(this, Next) with { Revision = Revision + 1, Version = visible ? Version + 1 : Version };
    }

    private static Meeting Next(Meeting m, MeetingEvent happened) => happened switch
    {
        MeetingStarted e => m with { Port = e.Port },
        TrackStarted e => m.Has(e.Track.Id) ? m : m with { Tracks = [.. m.Tracks, Waiting(e.Track)] },
        TrackEnded e => m with { Tracks = [.. m.Tracks.Select(t => t.Track.Id == e.Track ? Ended(t, e) : t)] },
        TrackChanged e => m.With(e.Track, p => p with { Name = e.Name }, e.Ssrc),
        ConsentChanged e => m.With(e.Track, p => p with { Consent = e.Consent }),
        MeetingChanged e => m with { Spec = m.Spec with { Title = e.Title, Metadata = e.Metadata, Vocabulary = e.Vocabulary ?? m.Spec.Vocabulary } },
        MediaSeen e => m with { Health = e.Health, Tracks = e.Tracks },
        CaptionsStatusChanged e => m with { Captions = e.To, CaptionsEffort = e.Effort, Refinement = m.Status == MeetingStatus.Completed && e.To == CaptionsStatus.Live ? Refinement.Owed : m.Refinement },
        TranscriptRefined e => m with { Refinement = Refinement.Done, LastSequence = e.FirstSequence - 1 + e.Plan.Added.Count },
        SourceChanged e => m with { Source = e.State },
        RecordingReady e when m.Status == MeetingStatus.Processing => m with { Ready = [.. m.Ready, OwnFile.Of(e.File)] },
        CaptionFinal e => m with { LastSequence = e.Sequence, Heard = m.Heard.Add((e.Track.Number, e.Caption.Start)) },

        MeetingPaused => m with { Paused = true },
        MeetingResumed e => m with { Paused = false, ListeningSince = e.At },
        MeetingStopped e => m.Become(MeetingStatus.Stopping, e.At, e.Reason) with { EndedAt = e.At, Paused = false },
        ProcessingStarted e => m.Become(MeetingStatus.Processing, e.At, m.Reason),
        MeetingCompleted e => m.Become(MeetingStatus.Completed, e.At, m.Reason) with
        {
            Captions = e.Captions,
            Ready = [],
            Refinement = e.Captions == CaptionsStatus.Live ? Refinement.Owed : Refinement.None,
        },
        MeetingFailed e => m.Become(MeetingStatus.Failed, e.At, e.Reason) with { Ready = [], EndedAt = m.EndedAt ?? e.At },
        MeetingRecovered e => m.Become(m.Status, e.At, m.Status == MeetingStatus.Recording ? "recovered" : m.Reason, "recovered") with
        {
            Run = e.Run,
            ListeningSince = e.At,
            Health = m.Status == MeetingStatus.Recording ? MediaHealth.Waiting : m.Health,
            Source = m.Source is { Status: SourceStatus.Watching } watched ? new SourceState(SourceStatus.Lost, watched.Detail) : m.Source,
            Tracks = [.. m.Tracks.Select(t => t.Status == TrackStatus.Ended ? t : t with { Status = TrackStatus.Waiting })],
        },
        _ => m,
    };

    private Meeting Become(MeetingStatus status, DateTimeOffset at, string? reason, string? noted = null) =>
        this with { Status = status, Reason = reason, History = [.. History, new StatusChange(status, at, noted ?? reason)] };

    private List<MeetingEvent> Stopped(string reason, DateTimeOffset now) =>
        [.. OpenTracks.Select(t => new TrackEnded(t.Id, now)), new MeetingStopped(reason, now)];

    private List<MeetingEvent> Seen(MediaSnapshot snapshot, DateTimeOffset now)
    {
        List<MeetingEvent> decided = [];
        var seen = snapshot.Tracks.ToDictionary(t => t.Number);
        List<TrackView> tracks = [.. Tracks.Select(t => t.Status != TrackStatus.Ended && seen.TryGetValue(t.Track.Number, out var s)
            ? t with { Status = s.Status, Authenticated = s.Authenticated } : t)];
        if (snapshot.Health != Health || !tracks.SequenceEqual(Tracks)) decided.Add(new MediaSeen(Health, snapshot.Health, tracks, now));
        decided.AddRange(tracks.Zip(Tracks).Where(t => t.First.Status != t.Second.Status)
            .Select(t => new TrackSeen(t.First.Track.Id, t.First.Track.Spec.Participant.Id, t.First.Status, now)));

        var lastPacket = StartedAt + (snapshot.LastPacketAt ?? TimeSpan.Zero);
        var quietSince = lastPacket > ListeningSince ? lastPacket : ListeningSince;
        if (!Paused && Spec.IdleTimeout > TimeSpan.Zero && now - quietSince >= Spec.IdleTimeout) decided.AddRange(Stopped("idle_timeout", now));
        return decided;
    }

    private List<MeetingEvent> CaughtUp(DateTimeOffset now)
    {
        List<MeetingEvent> decided = [new CaptionsStatusChanged(Captions, CaptionsStatus.Live, now), new TranscriptReady(now)];
        if (Spec.Minutes && Status == MeetingStatus.Completed) decided.Add(new MinutesReady(now));
        return decided;
    }

    /// <summary>Minutes made from now on are of the refined transcript.</summary>
    private List<MeetingEvent> Refined(RefinementPlan plan, DateTimeOffset now)
    {
        List<MeetingEvent> decided = [new TranscriptRefined(plan, LastSequence + 1, now), new TranscriptReady(now, TranscriptVersion.Refined)];
        if (Spec.Minutes) decided.Add(new MinutesReady(now));
        return decided;
    }

    private List<MeetingEvent> Completed(MeetingCommand.MediaProcessed c, DateTimeOffset now)
    {
        List<MeetingEvent> decided = NewFiles(c.Files, now);
        if (c.Captions == CaptionsStatus.Live) decided.Add(new TranscriptReady(now));
        if (Spec.Minutes && c.Captions.AllowMinutes()) decided.Add(new MinutesReady(now));
        decided.Add(new MeetingCompleted(c.Quality, c.Captions, now));
        return decided;
    }

    /// <summary>What could be made is there all the same.</summary>
    private List<MeetingEvent> Failed(MeetingCommand.ProcessingFailed c, DateTimeOffset now)
    {
        List<MeetingEvent> decided = NewFiles(c.Files, now);
        if (c.Captions != Captions) decided.Add(new CaptionsStatusChanged(Captions, c.Captions, now));
        decided.Add(new MeetingFailed(c.Reason, now));
        return decided;
    }

    /// <summary>Those that were not told of before.</summary>
    private List<MeetingEvent> NewFiles(IEnumerable<ReadyFile> files, DateTimeOffset now) =>
        [.. files.Where(f => !Ready.Contains(OwnFile.Of(f.File))).Select(f => new RecordingReady(f.Id, f.File, now))];

    /// <summary>A caption of this run with something in it, of a track there is, which is not stored yet.</summary>
    private bool IsNews(MeetingCommand.CaptionHeard c) =>
        (!IsOver || OwesCaptions) && c.Run == Run && c.Caption.Text.Length > 0 && c.Caption.Track >= 1 && c.Caption.Track <= Tracks.Count
        && !Heard.Contains((c.Caption.Track, c.Caption.Start));

    private IEnumerable<Track> OpenTracks => Tracks.Select(t => t.Track).Where(t => t.EndedAt is null);
    private IEnumerable<TrackSpec> Open => OpenTracks.Select(t => t.Spec);
    private bool Has(TrackId id) => Tracks.Any(t => t.Track.Id == id);
    private List<TrackSpec> NewOnes(MeetingCommand.AddTracks add) => [.. add.Tracks.Where(t => !Has(t.Id)).Select(t => t.Spec)];

    private static TrackView Waiting(Track track) => new(track, TrackStatus.Waiting, Authenticated.None);
    private static TrackView Ended(TrackView view, TrackEnded e) =>
        view with { Track = view.Track with { EndedAt = e.At, IsUnwanted = e.IsUnwanted }, Status = TrackStatus.Ended };
}
