using Pipeline.Actors.Storage;
using Pipeline.Ingest.Recording;
using Pipeline.Ingest.Recording.Live;
using Pipeline.Ingest.Streams;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Actors.Meetings;

/// <summary>Whose meeting it is. Every query names it; another tenant's meeting does not exist.</summary>
public readonly record struct TenantId(string Value);

public enum MeetingStatus { Recording, Stopping, Processing, Completed, Failed }

public enum MediaHealth { Waiting, Flowing, Silent, Stalled, Failing }

public enum TrackStatus { Waiting, Flowing, Silent, Stalled, Ended }

public enum CaptionsStatus { Live, Degraded, Deferred, Unavailable, Off }

/// <summary>How a track's sender is known: by SRTP, by a declared address, or not at all.</summary>
public enum Authenticated { None, Address, Srtp }

/// <summary>How far the second pass over a meeting's transcript has come.</summary>
public enum Refinement { None, Owed, Done }

public sealed record StatusChange(MeetingStatus Status, DateTimeOffset At, string? Reason);

public sealed record TrackView(Track Track, TrackStatus Status, Authenticated Authenticated);

/// <summary>One meeting as the outside sees it, at one moment.</summary>
public sealed record MeetingView
{
    public required MeetingId Id { get; init; }
    public required TenantId Tenant { get; init; }
    public required MeetingSpec Spec { get; init; }
    public required MeetingStatus Status { get; init; }
    public bool Paused { get; init; }
    public string? Reason { get; init; }
    public required MediaHealth MediaHealth { get; init; }
    public required CaptionsStatus CaptionsStatus { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    /// <summary>From start to end; zero while there is no end.</summary>
    public required TimeSpan Duration { get; init; }
    public required IReadOnlyList<StatusChange> History { get; init; }
    /// <summary>The even UDP port; RTCP of senders that do not multiplex goes to the one above.</summary>
    public required int Port { get; init; }
    public required IReadOnlyList<TrackView> Tracks { get; init; }
    /// <summary>The best transcript there is.</summary>
    public TranscriptVersion Transcript { get; init; }
    /// <summary>How its source does, as long as it records; null: it has none.</summary>
    public SourceState? Source { get; init; }
    /// <summary>Rises with every change that an `ETag` must show.</summary>
    public required long Version { get; init; }
}

/// <summary>All parts that are not null must match.</summary>
public sealed record MeetingQuery
{
    public MeetingStatus? Status { get; init; }
    public string? ExternalId { get; init; }
    /// <summary>A participant's id.</summary>
    public string? Participant { get; init; }
    public DateTimeOffset? From { get; init; }
    public DateTimeOffset? To { get; init; }
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
    /// <summary>Part of the title, without regard to case.</summary>
    public string? Text { get; init; }
    public int Limit { get; init; } = 50;
    /// <summary>Newest first, strictly older than this one.</summary>
    public MeetingId? Before { get; init; }
}

/// <summary>One encoder's part of a meeting's mix: a fragmented MP4 whose times are those of the meeting.</summary>
/// <param name="HeaderLength">What comes before the first fragment.</param>
/// <param name="Open">Opens the bytes that are there now; whoever called disposes them.</param>
public sealed record LivePartView(string Name, int HeaderLength, IReadOnlyList<LiveFragment> Fragments, Func<Stream> Open);

/// <param name="IsOver">Nothing more comes.</param>
public sealed record LiveListening(IReadOnlyList<LivePartView> Parts, bool IsOver);

/// <param name="Next">Where the next page begins, or null.</param>
public sealed record MeetingPage(IReadOnlyList<MeetingView> Meetings, MeetingId? Next);

public abstract record CreateMeetingResult
{
    public sealed record Created(MeetingView Meeting) : CreateMeetingResult;
    /// <summary>No port or no disk left.</summary>
    public sealed record NoCapacity(string Detail) : CreateMeetingResult;
    /// <summary>Track <paramref name="Index"/> cannot be told from an earlier one: both without SSRC, same payload type.</summary>
    public sealed record AmbiguousTrack(int Index) : CreateMeetingResult;
}

public abstract record AddTracksResult
{
    public sealed record Added(IReadOnlyList<TrackView> Tracks) : AddTracksResult;
    public sealed record NotFound : AddTracksResult;
    public sealed record InvalidState(MeetingStatus Status) : AddTracksResult;
    public sealed record AmbiguousTrack(int Index) : AddTracksResult;
    /// <summary>The meeting would have more than <see cref="Meeting.MaxTracks"/>.</summary>
    public sealed record TooManyTracks : AddTracksResult;
    /// <summary>No port is left for a track that is to have its own.</summary>
    public sealed record NoCapacity(string Detail) : AddTracksResult;
}

public enum EndTrackResult { Ended, NoSuchMeeting, NoSuchTrack, InvalidState }

public abstract record PatchTrackResult
{
    public sealed record Patched(TrackView Track, int Port) : PatchTrackResult;
    public sealed record NoSuchMeeting : PatchTrackResult;
    public sealed record NoSuchTrack : PatchTrackResult;
    /// <summary>The meeting has an end.</summary>
    public sealed record InvalidState(MeetingStatus Status) : PatchTrackResult;
    /// <summary>The track has ended, and was to be bound to an SSRC.</summary>
    public sealed record TrackIsOver : PatchTrackResult;
    /// <summary>Packets could not be told from those of another track.</summary>
    public sealed record AmbiguousTrack(TrackSpec Asked) : PatchTrackResult;
}

public abstract record PatchMeetingResult
{
    public sealed record Patched(MeetingView Meeting) : PatchMeetingResult;
    public sealed record NotFound : PatchMeetingResult;
    public sealed record TooMuchMetadata : PatchMeetingResult;
    /// <summary>It was changed since the version that was asked for.</summary>
    public sealed record OtherVersion : PatchMeetingResult;
}

public abstract record PauseMeetingResult
{
    /// <summary>Also when it had been done before.</summary>
    public sealed record Done(MeetingView Meeting) : PauseMeetingResult;
    public sealed record NotFound : PauseMeetingResult;
    public sealed record InvalidState(MeetingStatus Status) : PauseMeetingResult;
}

public abstract record StopMeetingResult
{
    /// <summary>Also when it had been stopped before.</summary>
    public sealed record Accepted(MeetingView Meeting) : StopMeetingResult;
    public sealed record NotFound : StopMeetingResult;
}

/// <param name="Sequence">Rises within the meeting, also across restarts: the id of a caption's server-sent event.</param>
public sealed record Segment(
    SegmentId Id, long Sequence, MeetingId Meeting, TrackId Track, Participant Participant,
    TimeSpan Start, TimeSpan End, string Text, string Language, IReadOnlyList<Word> Words, bool Late)
{
    /// <summary>Which revision its final was: one more than there were partials.</summary>
    public int Rev { get; init; } = 1;
    /// <summary>Null while it is as it was recognised; else <see cref="Text"/> is somebody's.</summary>
    public SegmentCorrection? Correction { get; init; }
    /// <summary>In a refined transcript: live ones that it is in the place of.</summary>
    public IReadOnlyList<SegmentId> Replaces { get; init; } = [];
}

/// <summary>One revision of a segment, as a reader of captions is told.</summary>
public abstract record SegmentUpdate
{
    private SegmentUpdate() { }

    /// <summary>It is being said: the newest revision, and not stored.</summary>
    public sealed record Partial(Track Track, Caption Caption) : SegmentUpdate;
    /// <summary>What it is for good.</summary>
    public sealed record Final(Segment Segment) : SegmentUpdate;
    /// <summary>It came to nothing, and this reader had been shown something of it.</summary>
    /// <param name="Last">What was shown last.</param>
    public sealed record Withdrawn(Track Track, Caption Last) : SegmentUpdate;
}

/// <summary>That somebody wrote a segment's text anew. It is never recognised again.</summary>
/// <param name="Revision">How often it was corrected, from 1.</param>
/// <param name="By">The key's id of who did it last.</param>
/// <param name="OriginalText">As it was recognised: kept for ever, whatever is corrected later.</param>
public sealed record SegmentCorrection(int Revision, string By, DateTimeOffset At, string OriginalText);

public abstract record CorrectSegmentResult
{
    /// <summary>Also when it had that text before: then nothing was written.</summary>
    public sealed record Corrected(Segment Segment) : CorrectSegmentResult;
    /// <summary>The refined transcript does not have it: these say what it said.</summary>
    public sealed record Superseded(IReadOnlyList<SegmentId> By) : CorrectSegmentResult;
    /// <summary>Somebody else corrected it meanwhile.</summary>
    public sealed record OtherRevision(Segment Segment) : CorrectSegmentResult;
    public sealed record NoSuchMeeting : CorrectSegmentResult;
    public sealed record NoSuchSegment : CorrectSegmentResult;
}

/// <param name="LevelDb">dBFS, −127 silent … 0.</param>
public sealed record TrackLevelView(TrackId Track, int LevelDb, bool IsSpeaking);

/// <summary>How loud everybody is who has not gone.</summary>
/// <param name="At">Where in the meeting.</param>
public sealed record MeetingLevels(TimeSpan At, IReadOnlyList<TrackLevelView> Tracks);

public sealed record TrackQualityView(TrackId Track, Participant Participant, TrackQuality Quality);

/// <param name="Refused">Reason (e.g. "unknown_ssrc", "wrong_address", "malformed") → packets refused.</param>
public sealed record QualityReport(MeetingId Meeting, IReadOnlyList<TrackQualityView> Tracks, IReadOnlyDictionary<string, long> Refused);

/// <param name="Kind">"mix", "track", "video", "waveform" or "thumbnail".</param>
/// <param name="Path">The file on this node; the outside never sees it.</param>
public sealed record Recording(
    RecordingId Id, MeetingId Meeting, string Kind, TrackId? Track, string ContentType, string Codec,
    long Bytes, TimeSpan Duration, string Sha256, DateTimeOffset CreatedAt, string Path)
{
    /// <inheritdoc cref="Media.MadeFile.Loudness"/>
    public double? Loudness { get; init; }
    /// <inheritdoc cref="Media.MadeFile.Render"/>
    public RenderRequest? Render { get; init; }
}

/// <summary>What made the words.</summary>
public sealed record SpeechEngine(string Name, string Model, string Sha256);

/// <summary>
/// Every meeting of this edition, running or over: where the outside talks to the owners of meetings.
/// Commands are answered after what they decided is stored.
/// </summary>
public interface IMeetings
{
    Task<CreateMeetingResult> CreateAsync(TenantId tenant, MeetingSpec spec, IReadOnlyList<TrackSpec> tracks, CancellationToken ct);
    Task<MeetingView?> FindAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<MeetingPage> ListAsync(TenantId tenant, MeetingQuery query, CancellationToken ct);
    Task<AddTracksResult> AddTracksAsync(TenantId tenant, MeetingId id, IReadOnlyList<TrackSpec> tracks, CancellationToken ct);
    Task<EndTrackResult> EndTrackAsync(TenantId tenant, MeetingId id, TrackId track, CancellationToken ct);
    /// <summary>While a participant denies consent, what is received of their tracks is kept as headers only: from the answer on, up to that to another consent.</summary>
    Task<PatchTrackResult> PatchTrackAsync(TenantId tenant, MeetingId id, TrackId track, TrackPatch patch, CancellationToken ct);
    /// <summary>Of a meeting that is over too.</summary>
    Task<PatchMeetingResult> PatchAsync(TenantId tenant, MeetingId id, MeetingPatch patch, CancellationToken ct);
    /// <summary>What is received between the two answers is kept as headers only.</summary>
    Task<PauseMeetingResult> PauseAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<PauseMeetingResult> ResumeAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<StopMeetingResult> StopAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<QualityReport?> QualityAsync(TenantId tenant, MeetingId id, CancellationToken ct);

    /// <summary>
    /// Finals after <paramref name="after"/> in the order of their sequence, and of each segment that is open the newest revision; then
    /// live, every final, and as many partials as the reader keeps up with. Completes when the meeting is over and all finals were given.
    /// </summary>
    IAsyncEnumerable<SegmentUpdate> CaptionsAsync(TenantId tenant, MeetingId id, long after, CancellationToken ct);
    /// <summary>How loud everybody is from now on, five times a second, never late but with omissions; completes when the meeting is over.</summary>
    IAsyncEnumerable<MeetingLevels> LevelsAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    /// <summary>What can be heard of the mix so far; null: nothing of this meeting, or nothing any more since its mix is there.</summary>
    Task<LiveListening?> ListenAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    /// <summary>What happened to the meeting after <paramref name="after"/>, in order, then live; completes when it is over and all were given.</summary>
    IAsyncEnumerable<LedgerEvent> EventsAsync(TenantId tenant, MeetingId id, long after, CancellationToken ct);
    /// <summary>What happened to all of the tenant's meetings after <paramref name="after"/>, ascending, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<LedgerEvent>> LedgerAsync(TenantId tenant, long after, int limit, CancellationToken ct);
    /// <summary>The best transcript there is, by start time.</summary>
    Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    /// <summary>The refined one of a meeting that has none is the live one.</summary>
    Task<IReadOnlyList<Segment>?> TranscriptAsync(TenantId tenant, MeetingId id, TranscriptVersion version, CancellationToken ct);
    /// <summary>Of whichever transcript; as the best one has it, where that has it.</summary>
    Task<Segment?> FindSegmentAsync(TenantId tenant, MeetingId id, SegmentId segment, CancellationToken ct);
    /// <summary>Puts a text in the place of what was recognised, in a running meeting or one that is over.</summary>
    /// <param name="by">The key's id.</param>
    /// <param name="ifRevision">Only where it was corrected so often (0: never); null: however often.</param>
    Task<CorrectSegmentResult> CorrectSegmentAsync(
        TenantId tenant, MeetingId id, SegmentId segment, string text, string by, int? ifRevision, CancellationToken ct);
    Task<IReadOnlyList<Recording>?> RecordingsAsync(TenantId tenant, MeetingId id, CancellationToken ct);
    Task<Recording?> FindRecordingAsync(TenantId tenant, MeetingId id, RecordingId recording, CancellationToken ct);
    /// <summary>A file's content, to be read from any place; the caller disposes it. Null where it cannot be had on this node any more, which is logged.</summary>
    Stream? OpenRecording(Recording recording);

    /// <summary>Null where no model is set.</summary>
    SpeechEngine? Engine { get; }
    /// <summary>False while start-up resumes meetings, and when no port or disk is left.</summary>
    bool IsReady { get; }
}
