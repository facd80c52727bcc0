using System.Text.Json.Serialization;

namespace Pipeline.Api.Replay;

// The API's JSON as a client needs it (docs/api.md): members a client does not use are left out.

public sealed record NewParticipant(string Id, string Name, string Consent);

/// <summary>A track as it is announced. What is null is left to the server.</summary>
public sealed record NewTrack
{
    public required NewParticipant Participant { get; init; }
    public required string Kind { get; init; }
    public required string Codec { get; init; }
    public required byte PayloadType { get; init; }
    public int? ClockRate { get; init; }
    public uint? Ssrc { get; init; }
    /// <summary>Extension id → URI.</summary>
    public IReadOnlyDictionary<string, string>? HeaderExtensions { get; init; }
    public NewSrtp? Srtp { get; init; }
}

/// <param name="Key">Master key and salt, base64.</param>
public sealed record NewSrtp(string Suite, string Key);

/// <summary>A meeting as it is asked for. What is null is left to the server.</summary>
public sealed record NewMeeting
{
    public string? Title { get; init; }
    public string? ExternalId { get; init; }
    public string? Language { get; init; }
    public IReadOnlyList<NewTrack> Tracks { get; init; } = [];
    public IReadOnlyList<string>? Outputs { get; init; }
    public bool? Captions { get; init; }
    public bool? Minutes { get; init; }
    public int? IdleTimeoutS { get; init; }
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <param name="Port">UDP; RTP and RTCP of all tracks.</param>
public sealed record IngestInfo(string Host, int Port);

public sealed record ParticipantInfo(string Id, string Name);

public sealed record TrackInfo(string Id, ParticipantInfo Participant, string Kind, string Status, uint? Ssrc = null, string? Authenticated = null);

/// <param name="Status">"recording", "stopping", "processing", "completed" or "failed".</param>
public sealed record MeetingInfo(string Id, string Status)
{
    public string? Reason { get; init; }
    public string? Title { get; init; }
    public string? MediaHealth { get; init; }
    public string? CaptionsStatus { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public long DurationMs { get; init; }
    public IngestInfo? Ingest { get; init; }
    public IReadOnlyList<TrackInfo> Tracks { get; init; } = [];

    public bool IsOver => Status is "completed" or "failed";
}

public sealed record WordInfo(string Text, long StartMs, long EndMs, double? Confidence = null);

/// <summary>One revision of a caption. Times in milliseconds since the meeting's start.</summary>
public sealed record CaptionInfo(string Id, int Rev, bool Final, ParticipantInfo Participant, long StartMs, long EndMs, string Text)
{
    public string? TrackId { get; init; }
    /// <summary>So many characters (Unicode code points) of the text never change.</summary>
    public int StableChars { get; init; }
    public bool Late { get; init; }
    public IReadOnlyList<WordInfo>? Words { get; init; }
}

/// <param name="EventId">For <c>Last-Event-ID</c>; a partial has none of its own.</param>
public readonly record struct CaptionEvent(string? EventId, CaptionInfo Caption);

public sealed record SegmentInfo(string Id, ParticipantInfo Participant, long StartMs, long EndMs, string Text)
{
    public string? TrackId { get; init; }
    public IReadOnlyList<WordInfo>? Words { get; init; }
}

public sealed record TranscriptInfo(string MeetingId, IReadOnlyList<SegmentInfo> Segments)
{
    public string? Version { get; init; }
    public string? Language { get; init; }
}

public sealed record EvidenceInfo(string SegmentId, long StartMs, long EndMs);

/// <summary>A summary's sentence, a decision or an open question.</summary>
public sealed record ClaimInfo(string Text, IReadOnlyList<EvidenceInfo> Evidence);

/// <param name="Owner">A participant's id, or a name that was heard.</param>
/// <param name="Due">An ISO date.</param>
public sealed record ActionItemInfo(string Text, IReadOnlyList<EvidenceInfo> Evidence, string? Owner, string? Due, string? DueText);

public sealed record TopicInfo(string Title, long StartMs, long EndMs);

public sealed record AttendeeInfo(string Id, string Name, long TalkMs, int Words, int Turns);

public sealed record MinutesInfo(
    string MeetingId, string Method, IReadOnlyList<ClaimInfo> Summary, IReadOnlyList<TopicInfo> Topics, IReadOnlyList<ClaimInfo> Decisions,
    IReadOnlyList<ActionItemInfo> ActionItems, IReadOnlyList<ClaimInfo> OpenQuestions, IReadOnlyList<AttendeeInfo> Participants)
{
    public string? TranscriptVersion { get; init; }
    public string? Note { get; init; }
}

/// <param name="FromMs">Milliseconds since the meeting's start.</param>
/// <param name="Kind">"loss", "pause", "outage", …</param>
public sealed record GapInfo(long FromMs, long ToMs, string Kind);

public sealed record TrackQualityInfo(string TrackId)
{
    public ParticipantInfo? Participant { get; init; }
    public long PacketsReceived { get; init; }
    public long PacketsLost { get; init; }
    public long PacketsRecovered { get; init; }
    public long PacketsLate { get; init; }
    public long Duplicates { get; init; }
    public double JitterMs { get; init; }
    public double ConcealedMs { get; init; }
    public double DtxMs { get; init; }
    public double ClockDriftPpm { get; init; }
    public IReadOnlyList<GapInfo> Gaps { get; init; } = [];
    public bool GapsTruncated { get; init; }
}

public sealed record QualityInfo(string MeetingId, IReadOnlyList<TrackQualityInfo> Tracks)
{
    public IReadOnlyDictionary<string, long> Refused { get; init; } = new Dictionary<string, long>();
}

/// <param name="Url">Of the content, relative to the server.</param>
public sealed record RecordingInfo(string Id, string Kind, string Url)
{
    public string? TrackId { get; init; }
    public string? ContentType { get; init; }
    public string? Codec { get; init; }
    public long Bytes { get; init; }
    public long DurationMs { get; init; }
    public long StartMs { get; init; }
    public string? Sha256 { get; init; }
}

public sealed record RecordingList(IReadOnlyList<RecordingInfo> Data);

/// <param name="Member">JSON pointer to the member that is wrong.</param>
public sealed record ProblemDetail([property: JsonPropertyName("pointer")] string? Member = null, string? Message = null);

/// <summary>An error answer (RFC 9457).</summary>
public sealed record ProblemInfo
{
    public string? Title { get; init; }
    public string? Detail { get; init; }
    public string? Code { get; init; }
    public IReadOnlyList<ProblemDetail>? Errors { get; init; }
}

/// <param name="Url">Opens the meeting's page; whoever has it may look at that meeting.</param>
public sealed record ViewerLink(Uri Url);
