using System.Runtime.CompilerServices;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Streams;

namespace Pipeline.Api.Tests;

/// <summary>Meetings without media: what is asked is kept in memory, and a test says what is captioned, recorded, refused.</summary>
public sealed class FakeMeetings : IMeetings
{
    private readonly Lock gate = new();
    private readonly Dictionary<MeetingId, State> states = [];
    private long ticks;

    private sealed class State
    {
        public required MeetingView View;
        public readonly List<Segment> Segments = [];
        public IReadOnlyList<Segment>? Refined;
        public readonly List<Recording> Recordings = [];
        public readonly List<MeetingLevels> Levels = [];
        public LiveListening? Listening;
        public readonly List<LedgerEvent> Events = [];
        public TaskCompletionSource Changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public SpeechEngine? Engine { get; set; }
    public bool IsReady { get; set; } = true;
    /// <summary>Answered to the next creation.</summary>
    public CreateMeetingResult? Refusal { get; set; }
    /// <summary>Awaited before a meeting is created; may throw.</summary>
    public Func<Task>? BeforeCreate { get; set; }
    public int Created { get; private set; }
    /// <summary>Of each track.</summary>
    public TimeSpan Talked { get; set; }
    public MeetingQuery? LastQuery { get; private set; }
    public (MeetingSpec Spec, IReadOnlyList<TrackSpec> Tracks) LastCreated { get; private set; }

    public MeetingView View(string id) => states[Parse(id)].View;

    public void Change(string id, Func<MeetingView, MeetingView> change)
    {
        lock (gate) states[Parse(id)].View = change(states[Parse(id)].View);
    }

    /// <summary>Says something on the meeting's first track.</summary>
    public Segment Say(string id, string text, double startS, double endS, string language = "en")
    {
        lock (gate)
        {
            var state = states[Parse(id)];
            var track = state.View.Tracks[0].Track;
            var segment = new Segment(
                SegmentId.New(Now()), state.Segments.Count + 1, state.View.Id, track.Id, track.Spec.Participant, TimeSpan.FromSeconds(startS),
                TimeSpan.FromSeconds(endS), text, language, [new(text, TimeSpan.FromSeconds(startS), TimeSpan.FromSeconds(endS), 0.87654)], false);
            state.Segments.Add(segment);
            Wake(state);
            return segment;
        }
    }

    /// <summary>How loud the meeting's first track is.</summary>
    public void Measure(string id, double atS, int levelDb, bool speaking)
    {
        lock (gate)
        {
            var state = states[Parse(id)];
            state.Levels.Add(new MeetingLevels(TimeSpan.FromSeconds(atS), [new TrackLevelView(state.View.Tracks[0].Track.Id, levelDb, speaking)]));
            Wake(state);
        }
    }

    /// <summary>What can be heard of a meeting.</summary>
    public void Listen(string id, LiveListening? listening)
    {
        lock (gate) states[Parse(id)].Listening = listening;
    }

    public Recording Record(string id, string kind, string path, string sha256, string contentType = "audio/mp4")
    {
        lock (gate)
        {
            var state = states[Parse(id)];
            TrackId? track = kind == "track" ? state.View.Tracks[0].Track.Id : null;
            var recording = new Recording(
                RecordingId.New(Now()), state.View.Id, kind, track, contentType, kind switch { "mix" => "aac", "waveform" => "json", _ => "opus" },
                new FileInfo(path).Length, TimeSpan.FromMilliseconds(12345.4), sha256, Now(), path);
            state.Recordings.Add(recording);
            return recording;
        }
    }

    /// <summary>As <see cref="Record"/>, of what somebody asked for.</summary>
    public Recording Render(string id, Recording like, RenderRequest asked, double? loudness)
    {
        lock (gate)
        {
            var rendered = like with { Id = RecordingId.New(Now()), Render = asked, Loudness = loudness, Duration = asked.To - asked.From };
            states[Parse(id)].Recordings.Add(rendered);
            return rendered;
        }
    }

    /// <summary>Says the same segment in other words.</summary>
    /// <summary>From now on the meeting has this transcript beside the one it had.</summary>
    public void Refine(string id, params Segment[] segments)
    {
        lock (gate) states[Parse(id)].Refined = segments;
        Change(id, view => view with { Transcript = TranscriptVersion.Refined });
    }

    public void Correct(string id, Segment segment, string text)
    {
        lock (gate)
        {
            var segments = states[Parse(id)].Segments;
            segments[segments.FindIndex(one => one.Id == segment.Id)] = segment with { Text = text };
        }
    }

    public void Complete(string id)
    {
        lock (gate)
        {
            var state = states[Parse(id)];
            state.View = state.View with { Status = MeetingStatus.Completed, EndedAt = Now(), Version = state.View.Version + 1 };
            Wake(state);
        }
    }

    public async Task<CreateMeetingResult> CreateAsync(TenantId tenant, MeetingSpec spec, IReadOnlyList<TrackSpec> tracks, CancellationToken ct)
    {
        if (BeforeCreate is { } wait) await wait();
        lock (gate)
        {
            if (Refusal is { } refusal) return refusal;
            if (Meeting.Ambiguous([], tracks) is { } index) return new CreateMeetingResult.AmbiguousTrack(index);
            Created++;
            LastCreated = (spec, tracks);
            var now = Now();
            var view = new MeetingView
            {
                Id = MeetingId.New(now),
                Tenant = tenant,
                Spec = spec,
                Status = MeetingStatus.Recording,
                MediaHealth = MediaHealth.Waiting,
                CaptionsStatus = CaptionsStatus.Live,
                CreatedAt = now,
                StartedAt = now,
                Duration = TimeSpan.Zero,
                History = [new StatusChange(MeetingStatus.Recording, now, null)],
                Port = 26000 + (2 * states.Count),
                Tracks = [.. tracks.Select((track, i) => Waiting(track, i + 1))],
                Source = spec.Source is null ? null : new SourceState(SourceStatus.Connecting),
                Version = 1,
            };
            states.Add(view.Id, new State { View = view });
            return new CreateMeetingResult.Created(view);
        }
    }

    public Task<MeetingView?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct) => Task.FromResult(Find(tenant, id)?.View);

    public Task<MeetingPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct)
    {
        lock (gate)
        {
            LastQuery = query;
            var all = states.Values.Select(state => state.View).Where(view => view.Tenant == tenant)
                .Where(view => query.Status is null || view.Status == query.Status)
                .Where(view => query.Before is null || string.CompareOrdinal(view.Id.ToString(), query.Before.ToString()) < 0)
                .OrderByDescending(view => view.Id.ToString(), StringComparer.Ordinal).ToList();
            return Task.FromResult(new MeetingPage([.. all.Take(query.Limit)], all.Count > query.Limit ? all[query.Limit - 1].Id : null));
        }
    }

    public Task<AddTracksResult> AddTracksAsync(TenantId tenant, MeetingId id, IReadOnlyList<TrackSpec> tracks, CancellationToken ct)
    {
        lock (gate)
        {
            if (Find(tenant, id) is not { } state) return Task.FromResult<AddTracksResult>(new AddTracksResult.NotFound());
            if (state.View.Status != MeetingStatus.Recording) return Task.FromResult<AddTracksResult>(new AddTracksResult.InvalidState(state.View.Status));
            if (Meeting.Ambiguous([.. state.View.Tracks.Select(view => view.Track.Spec)], tracks) is { } index)
                return Task.FromResult<AddTracksResult>(new AddTracksResult.AmbiguousTrack(index));
            TrackView[] added = [.. tracks.Select((track, i) => Waiting(track, state.View.Tracks.Count + i + 1))];
            state.View = state.View with { Tracks = [.. state.View.Tracks, .. added], Version = state.View.Version + 1 };
            return Task.FromResult<AddTracksResult>(new AddTracksResult.Added(added));
        }
    }

    public Task<EndTrackResult> EndTrackAsync(TenantId tenant, MeetingId id, TrackId track, CancellationToken ct)
    {
        lock (gate)
        {
            if (Find(tenant, id) is not { } state) return Task.FromResult(EndTrackResult.NoSuchMeeting);
            if (state.View.Status != MeetingStatus.Recording) return Task.FromResult(EndTrackResult.InvalidState);
            return Task.FromResult(state.View.Tracks.Any(view => view.Track.Id == track) ? EndTrackResult.Ended : EndTrackResult.NoSuchTrack);
        }
    }

    /// <summary>The last that was asked for; what it comes to is the rules' to say, and tested there.</summary>
    public TrackPatch? LastTrackPatch { get; private set; }
    /// <summary>Answered to the next change of a track.</summary>
    public PatchTrackResult? TrackRefusal { get; set; }

    public Task<PatchTrackResult> PatchTrackAsync(TenantId tenant, MeetingId id, TrackId track, TrackPatch patch, CancellationToken ct)
    {
        lock (gate)
        {
            LastTrackPatch = patch;
            if (Find(tenant, id) is not { } state) return Task.FromResult<PatchTrackResult>(new PatchTrackResult.NoSuchMeeting());
            if (TrackRefusal is { } refusal) return Task.FromResult(refusal);
            if (state.View.Tracks.FirstOrDefault(t => t.Track.Id == track) is not { } view) return Task.FromResult<PatchTrackResult>(new PatchTrackResult.NoSuchTrack());
            return Task.FromResult<PatchTrackResult>(new PatchTrackResult.Patched(view, state.View.Port));
        }
    }

    /// <summary>By the real rules.</summary>
    public Task<PatchMeetingResult> PatchAsync(TenantId tenant, MeetingId id, MeetingPatch patch, CancellationToken ct)
    {
        lock (gate)
        {
            if (Find(tenant, id) is not { } state) return Task.FromResult<PatchMeetingResult>(new PatchMeetingResult.NotFound());
            var v = state.View;
            var meeting = new Meeting { Id = v.Id, Tenant = v.Tenant, Spec = v.Spec, StartedAt = v.StartedAt, Status = v.Status, Port = v.Port, Version = v.Version };
            var command = new MeetingCommand.PatchMeeting(patch);
            switch (meeting.Refuse(command))
            {
                case Actors.Meetings.Refusal.OtherVersion: return Task.FromResult<PatchMeetingResult>(new PatchMeetingResult.OtherVersion());
                case Actors.Meetings.Refusal.TooMuchMetadata: return Task.FromResult<PatchMeetingResult>(new PatchMeetingResult.TooMuchMetadata());
            }
            var after = meeting.Apply(meeting.Decide(command, Now()));
            state.View = v with { Spec = after.Spec, Version = after.Version };
            return Task.FromResult<PatchMeetingResult>(new PatchMeetingResult.Patched(state.View));
        }
    }

    public Task<PauseMeetingResult> PauseAsync(TenantId tenant, MeetingId id, CancellationToken ct) => Task.FromResult(Pause(tenant, id, true));
    public Task<PauseMeetingResult> ResumeAsync(TenantId tenant, MeetingId id, CancellationToken ct) => Task.FromResult(Pause(tenant, id, false));

    private PauseMeetingResult Pause(TenantId tenant, MeetingId id, bool paused)
    {
        lock (gate)
        {
            if (Find(tenant, id) is not { } state) return new PauseMeetingResult.NotFound();
            if (state.View.Status != MeetingStatus.Recording) return new PauseMeetingResult.InvalidState(state.View.Status);
            state.View = state.View with { Paused = paused, Version = state.View.Version + 1 };
            return new PauseMeetingResult.Done(state.View);
        }
    }

    public Task<StopMeetingResult> StopAsync(TenantId tenant, MeetingId id, CancellationToken ct)
    {
        lock (gate)
        {
            if (Find(tenant, id) is not { } state) return Task.FromResult<StopMeetingResult>(new StopMeetingResult.NotFound());
            if (state.View.Status == MeetingStatus.Recording)
                state.View = state.View with
                {
                    Status = MeetingStatus.Stopping,
                    Reason = "requested",
                    EndedAt = Now(),
                    Duration = TimeSpan.FromMilliseconds(1500),
                    History = [.. state.View.History, new StatusChange(MeetingStatus.Stopping, Now(), "requested")],
                    Version = state.View.Version + 1,
                };
            return Task.FromResult<StopMeetingResult>(new StopMeetingResult.Accepted(state.View));
        }
    }

    public Task<QualityReport?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        Task.FromResult(Find(tenant, id) is { View: var view }
            ? new QualityReport(id, [.. view.Tracks.Select(track => new TrackQualityView(track.Track.Id, track.Track.Spec.Participant, Heard with { Talked = Talked }))],
                new Dictionary<string, long> { ["unknown_ssrc"] = 3 })
            : null);

    /// <summary>Something happens to a meeting.</summary>
    public LedgerEvent Happen(string id, string type)
    {
        lock (gate)
        {
            var state = states[Parse(id)];
            long seq = states.Values.Where(other => other.View.Tenant == state.View.Tenant).Sum(other => other.Events.Count) + 1;
            var happened = new LedgerEvent(
                SortableId.Format("evt_", Guid.CreateVersion7(Now())), seq, type, Now(), state.View.Id, $$"""{"meeting_id":"{{id}}","reason":"requested"}""");
            state.Events.Add(happened);
            Wake(state);
            return happened;
        }
    }

    /// <summary>What a reader is told beside the finals, in this order, before any of them.</summary>
    public List<SegmentUpdate> Said { get; } = [];

    public async IAsyncEnumerable<SegmentUpdate> CaptionsAsync(TenantId tenant, MeetingId id, long after, [EnumeratorCancellation] CancellationToken ct)
    {
        foreach (var update in Said) yield return update;
        await foreach (var segment in FollowAsync(Find(tenant, id)!, state => state.Segments, segment => segment.Sequence, after, ct))
            yield return new SegmentUpdate.Final(segment);
    }

    public IAsyncEnumerable<LedgerEvent> EventsAsync(TenantId tenant, MeetingId id, long after, CancellationToken ct) =>
        FollowAsync(Find(tenant, id)!, state => state.Events, happened => happened.Seq, after, ct);

    public Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, long after, int limit, CancellationToken ct)
    {
        lock (gate)
            return Task.FromResult<IReadOnlyList<LedgerEvent>>([.. states.Values.Where(state => state.View.Tenant == tenant)
                .SelectMany(state => state.Events).Where(happened => happened.Seq > after).OrderBy(happened => happened.Seq).Take(limit)]);
    }

    private async IAsyncEnumerable<T> FollowAsync<T>(
        State state, Func<State, List<T>> all, Func<T, long> sequence, long after, [EnumeratorCancellation] CancellationToken ct) where T : class
    {
        while (true)
        {
            T? next;
            Task changed;
            lock (gate)
            {
                next = all(state).FirstOrDefault(item => sequence(item) > after);
                if (next is null && state.View.Status == MeetingStatus.Completed) yield break;
                changed = state.Changed.Task;
            }
            if (next is null) await changed.WaitAsync(ct);
            else
            {
                after = sequence(next);
                yield return next;
            }
        }
    }

    public async IAsyncEnumerable<MeetingLevels> LevelsAsync(TenantId tenant, MeetingId id, [EnumeratorCancellation] CancellationToken ct)
    {
        var state = Find(tenant, id)!;
        for (int given = 0; ;)
        {
            MeetingLevels? next;
            Task changed;
            lock (gate)
            {
                next = state.Levels.ElementAtOrDefault(given);
                if (next is null && state.View.Status == MeetingStatus.Completed) yield break;
                changed = state.Changed.Task;
            }
            if (next is null) await changed.WaitAsync(ct);
            else
            {
                given++;
                yield return next;
            }
        }
    }

    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<Segment>?>(Find(tenant, id)?.Segments.OrderBy(segment => segment.Start).ToList());

    public Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct) =>
        version == TranscriptVersion.Refined && Find(tenant, id) is { Refined: { } refined } ? Task.FromResult<IReadOnlyList<Segment>?>(refined) : TranscriptAsync(tenant, id, ct);

    public Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct) =>
        Task.FromResult(Find(tenant, id) is { } state ? (state.Refined ?? []).Concat(state.Segments).FirstOrDefault(one => one.Id == segment) : null);

    public Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, int? ifRevision, CancellationToken ct)
    {
        lock (gate) return Task.FromResult(Correct(tenant, id, segment, text, by, ifRevision));
    }

    private CorrectSegmentResult Correct(TenantId tenant, MeetingId id, SegmentId segment, string text, string by, int? ifRevision)
    {
        if (Find(tenant, id) is not { } state) return new CorrectSegmentResult.NoSuchMeeting();
        int at = state.Segments.FindIndex(one => one.Id == segment);
        if (at < 0) return new CorrectSegmentResult.NoSuchSegment();
        if (state.Refined is { } refined && refined.All(one => one.Id != segment))
            return new CorrectSegmentResult.Superseded([.. refined.Where(one => one.Replaces.Contains(segment)).Select(one => one.Id)]);
        var now = state.Segments[at];
        int revision = now.Correction?.Revision ?? 0;
        if (ifRevision is { } expected && expected != revision) return new CorrectSegmentResult.OtherRevision(now);
        return new CorrectSegmentResult.Corrected(state.Segments[at] = now with
        {
            Text = text,
            Words = CorrectedWords.Of(now.Words, text),
            Correction = new SegmentCorrection(revision + 1, by, Now(), now.Correction?.OriginalText ?? now.Text),
        });
    }

    public Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct) =>
        Task.FromResult<IReadOnlyList<Recording>?>(Find(tenant, id)?.Recordings);

    public Task<LiveListening?> ListenAsync(TenantId tenant, MeetingId id, CancellationToken ct) => Task.FromResult(Find(tenant, id)?.Listening);

    public Stream? OpenRecording(Recording recording) => File.Exists(recording.Path) ? File.OpenRead(recording.Path) : null;

    public Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct) =>
        Task.FromResult(Find(tenant, id)?.Recordings.FirstOrDefault(one => one.Id == recording));

    private static readonly TrackQuality Heard = new()
    {
        PacketsReceived = 100,
        PacketsLost = 4,
        PacketsRecovered = 2,
        PacketsLate = 1,
        Duplicates = 5,
        Jitter = TimeSpan.FromMilliseconds(2.6),
        Concealed = TimeSpan.FromMilliseconds(40),
        Dtx = TimeSpan.FromMilliseconds(400),
        ClockDriftPpm = 12.347,
        Gaps = [new Gap(TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(60), GapKind.Loss)],
    };

    private State? Find(TenantId tenant, MeetingId id)
    {
        lock (gate) return states.TryGetValue(id, out var state) && state.View.Tenant == tenant ? state : null;
    }

    private static void Wake(State state)
    {
        state.Changed.TrySetResult();
        state.Changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private TrackView Waiting(TrackSpec spec, int number) => new(new Track(TrackId.New(Now()), number, Sealed(spec), Port: spec.OwnPort ? 27000 + 2 * number : null), TrackStatus.Waiting, Authenticated.None);

    private static TrackSpec Sealed(TrackSpec spec) =>
        spec.OfferedSrtp is { } offered ? spec with { OfferedSrtp = null, Srtp = new SealedSrtp(offered.Suite.Name, [], offered.RollOver) } : spec;

    /// <summary>A millisecond later each time, so that ids are in order.</summary>
    private DateTimeOffset Now() => new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero).AddMilliseconds(Interlocked.Increment(ref ticks));

    private static MeetingId Parse(string id) => MeetingId.TryParse(id, out var parsed) ? parsed : throw new ArgumentException(id);
}
