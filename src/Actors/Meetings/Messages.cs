using System.Text.Json.Serialization;
using Pipeline.Actors.Media;
using Pipeline.Transcribe.Captions;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Meetings;

/// <summary>A track that was asked for; its id comes with it, so that asking twice makes one.</summary>
/// <param name="Port">Kept for it alone; null: it shares the meeting's.</param>
public sealed record NewTrack(TrackId Id, TrackSpec Spec, int? Port = null);

/// <summary>A file that was made, under the id it will be known by.</summary>
public sealed record ReadyFile(RecordingId Id, MadeFile File);

/// <summary>Which of a meeting's own files it is: there is one of each.</summary>
/// <param name="Track">The track's number.</param>
public sealed record OwnFile(string Kind, int? Track, string ContentType)
{
    public static OwnFile Of(MadeFile file) => new(file.Kind, file.Track, file.ContentType);
}

/// <param name="Captions">What captions begin as: `Live`, `Unavailable` without a speech engine, `Off` where none were asked for.</param>
public sealed record CreateMeeting(MeetingId Id, TenantId Tenant, MeetingSpec Spec, IReadOnlyList<NewTrack> Tracks, CaptionsStatus Captions)
{
    /// <summary>Null: its time is the wall clock's.</summary>
    public BootMoment? Moment { get; init; }
}

/// <summary>What is to be another way of a track; what is null stays.</summary>
/// <param name="Name">Of the participant, on all their tracks; empty: the id.</param>
/// <param name="Consent">Of the participant, for all their tracks.</param>
/// <param name="Ssrc">What it takes from now on, where this is not null.</param>
public sealed record TrackPatch(string? Name = null, string? Consent = null, SsrcPatch? Ssrc = null);

/// <param name="Ssrc">Null: it adopts what comes.</param>
public sealed record SsrcPatch(uint? Ssrc);

/// <summary>What is to be another way of a meeting; what is null stays.</summary>
/// <param name="Metadata">Put in by name, or with null taken out (RFC 7396).</param>
/// <param name="ClearMetadata">Takes out all there was before.</param>
/// <param name="OnlyAt">Null: whatever version it is.</param>
public sealed record MeetingPatch(
    string? Title = null, IReadOnlyDictionary<string, string?>? Metadata = null, bool ClearMetadata = false, long? OnlyAt = null)
{
    /// <summary>In the place of what was expected; null: that stays.</summary>
    public IReadOnlyList<string>? Vocabulary { get; init; }

    public const int MaxMetadata = 50;
}

/// <summary>What a meeting can be told. News from its media carries the run it belongs to.</summary>
public abstract record MeetingCommand
{
    private MeetingCommand() { }

    public sealed record MediaOpened(int Run, int Port) : MeetingCommand;
    public sealed record AddTracks(IReadOnlyList<NewTrack> Tracks) : MeetingCommand;
    public sealed record EndTrack(TrackId Track, bool IsUnwanted = false) : MeetingCommand;
    public sealed record PatchTrack(TrackId Track, TrackPatch Patch) : MeetingCommand;
    /// <summary>Of a meeting that is over too.</summary>
    public sealed record PatchMeeting(MeetingPatch Patch) : MeetingCommand;
    public sealed record PauseRecording : MeetingCommand;
    public sealed record ResumeRecording : MeetingCommand;
    public sealed record Stop(string Reason) : MeetingCommand;
    /// <param name="Quality">The last that was seen; null where the media was gone already.</param>
    public sealed record MediaStopped(int Run, MediaSnapshot? Quality) : MeetingCommand;
    /// <summary>These are there before the others.</summary>
    public sealed record FilesMade(int Run, IReadOnlyList<ReadyFile> Files) : MeetingCommand;
    /// <param name="Files">All of them.</param>
    public sealed record MediaProcessed(int Run, IReadOnlyList<ReadyFile> Files, MediaSnapshot Quality, CaptionsStatus Captions) : MeetingCommand;
    /// <param name="Reason">A stable word.</param>
    /// <param name="Files">Those that could be made all the same.</param>
    public sealed record ProcessingFailed(int Run, string Reason, IReadOnlyList<ReadyFile> Files, CaptionsStatus Captions) : MeetingCommand;
    /// <summary>A file that somebody asked for when the meeting was over.</summary>
    public sealed record RenderMade(ReadyFile Ready) : MeetingCommand;
    /// <summary>The server came back and begins this run.</summary>
    public sealed record Recovered(int Run) : MeetingCommand;
    public sealed record CaptionHeard(int Run, SegmentId Id, Caption Caption) : MeetingCommand;
    public sealed record CaptionsChanged(int Run, CaptionsStatus Status) : MeetingCommand
    {
        /// <summary>Which step down, where they are degraded or deferred.</summary>
        public SpeechEffort Effort { get; init; }
    }
    /// <summary>Every word of a meeting that is over has its caption now.</summary>
    public sealed record CaptionsMade(int Run) : MeetingCommand;
    /// <summary>The second pass over what was said is done.</summary>
    public sealed record TranscriptRefined(int Run, RefinementPlan Plan) : MeetingCommand;
    public sealed record MediaSeen(int Run, MediaSnapshot Snapshot) : MeetingCommand;
    /// <summary>How the meeting's source does.</summary>
    /// <param name="Detail">What stands in the way, as one sentence; null: nothing does.</param>
    /// <param name="IsGone">There is no such room.</param>
    public sealed record SourceSeen(bool IsWatching, string? Detail = null, bool IsGone = false) : MeetingCommand;
    public sealed record Tick : MeetingCommand;
}

/// <summary>Why a command was not done.</summary>
public abstract record Refusal
{
    private Refusal() { }

    public sealed record InvalidState(MeetingStatus Status) : Refusal;
    /// <param name="Index">Among the tracks of the command.</param>
    public sealed record AmbiguousTrack(int Index) : Refusal;
    /// <summary>It would have more than <see cref="Meeting.MaxTracks"/>.</summary>
    public sealed record TooManyTracks : Refusal;
    public sealed record NoSuchTrack : Refusal;
    /// <summary>The track has ended: no SSRC is its own any more.</summary>
    public sealed record TrackIsOver : Refusal;
    /// <summary>Metadata would have more than <see cref="MeetingPatch.MaxMetadata"/> members.</summary>
    public sealed record TooMuchMetadata : Refusal;
    /// <summary>The meeting is not the version that was looked at.</summary>
    public sealed record OtherVersion : Refusal;
}

/// <summary>
/// What happened in a meeting. Which of them the ledger shows, and how: <see cref="Storage.LedgerEntry"/>. In the meeting's journal they
/// have these names for good.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(MeetingAnnounced), "meeting_announced")]
[JsonDerivedType(typeof(MeetingStarted), "meeting_started")]
[JsonDerivedType(typeof(MeetingRecovered), "meeting_recovered")]
[JsonDerivedType(typeof(MeetingPaused), "meeting_paused")]
[JsonDerivedType(typeof(MeetingResumed), "meeting_resumed")]
[JsonDerivedType(typeof(MeetingStopped), "meeting_stopped")]
[JsonDerivedType(typeof(ProcessingStarted), "processing_started")]
[JsonDerivedType(typeof(MeetingCompleted), "meeting_completed")]
[JsonDerivedType(typeof(MeetingFailed), "meeting_failed")]
[JsonDerivedType(typeof(TrackStarted), "track_started")]
[JsonDerivedType(typeof(TrackEnded), "track_ended")]
[JsonDerivedType(typeof(TrackChanged), "track_changed")]
[JsonDerivedType(typeof(ConsentChanged), "consent_changed")]
[JsonDerivedType(typeof(MeetingChanged), "meeting_changed")]
[JsonDerivedType(typeof(MediaSeen), "media_seen")]
[JsonDerivedType(typeof(TrackSeen), "track_seen")]
[JsonDerivedType(typeof(CaptionFinal), "caption_final")]
[JsonDerivedType(typeof(CaptionsStatusChanged), "captions_status_changed")]
[JsonDerivedType(typeof(SourceChanged), "source_changed")]
[JsonDerivedType(typeof(RecordingReady), "recording_ready")]
[JsonDerivedType(typeof(TranscriptRefined), "transcript_refined")]
[JsonDerivedType(typeof(TranscriptReady), "transcript_ready")]
[JsonDerivedType(typeof(MinutesReady), "minutes_ready")]
public abstract record MeetingEvent(DateTimeOffset At);

/// <summary>The meeting is going to be: stored before its port is opened, shown to nobody.</summary>
public sealed record MeetingAnnounced(
    MeetingId Id, TenantId Tenant, MeetingSpec Spec, IReadOnlyList<Track> Tracks, CaptionsStatus Captions, DateTimeOffset At) : MeetingEvent(At)
{
    public BootMoment? Moment { get; init; }
}

public sealed record MeetingStarted(int Port, DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingRecovered(int Run, DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingPaused(DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingResumed(DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingStopped(string Reason, DateTimeOffset At) : MeetingEvent(At);
public sealed record ProcessingStarted(MediaSnapshot? Quality, DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingCompleted(MediaSnapshot Quality, CaptionsStatus Captions, DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingFailed(string Reason, DateTimeOffset At) : MeetingEvent(At);

public sealed record TrackStarted(Track Track, DateTimeOffset At) : MeetingEvent(At);
public sealed record TrackEnded(TrackId Track, DateTimeOffset At, bool IsUnwanted = false) : MeetingEvent(At);
/// <summary>What it is called, and which SSRC it takes, from now on.</summary>
public sealed record TrackChanged(TrackId Track, string Name, uint? Ssrc, DateTimeOffset At) : MeetingEvent(At);
/// <summary>One for each track of the participant.</summary>
public sealed record ConsentChanged(TrackId Track, string Participant, string Consent, DateTimeOffset At) : MeetingEvent(At);
public sealed record MeetingChanged(string Title, IReadOnlyDictionary<string, string> Metadata, DateTimeOffset At) : MeetingEvent(At)
{
    /// <summary>Null: as it was.</summary>
    public IReadOnlyList<string>? Vocabulary { get; init; }
}

/// <summary>The meeting's health changed, or that of a track.</summary>
public sealed record MediaSeen(MediaHealth Was, MediaHealth Health, IReadOnlyList<TrackView> Tracks, DateTimeOffset At) : MeetingEvent(At);
/// <summary>And which track's: beside the one before, which changes the state.</summary>
public sealed record TrackSeen(TrackId Track, string Participant, TrackStatus Status, DateTimeOffset At) : MeetingEvent(At);

public sealed record CaptionFinal(SegmentId Id, long Sequence, Track Track, Caption Caption, DateTimeOffset At) : MeetingEvent(At);
public sealed record CaptionsStatusChanged(CaptionsStatus From, CaptionsStatus To, DateTimeOffset At) : MeetingEvent(At)
{
    /// <summary>Which step down, where they are degraded or deferred.</summary>
    public SpeechEffort Effort { get; init; }
}

public sealed record SourceChanged(SourceState State, DateTimeOffset At) : MeetingEvent(At);

public sealed record RecordingReady(RecordingId Id, MadeFile File, DateTimeOffset At) : MeetingEvent(At);
/// <param name="FirstSequence">Of the first segment that only the refined transcript has; the others follow.</param>
public sealed record TranscriptRefined(RefinementPlan Plan, long FirstSequence, DateTimeOffset At) : MeetingEvent(At);
public sealed record TranscriptReady(DateTimeOffset At, TranscriptVersion Version = TranscriptVersion.Live) : MeetingEvent(At);
/// <summary>Minutes can be asked for from now on. They are not stored: whoever asks has them made from the transcript.</summary>
public sealed record MinutesReady(DateTimeOffset At) : MeetingEvent(At);
