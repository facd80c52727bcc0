using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Api.Json;

namespace Pipeline.Api.Meetings;

internal sealed record StatusChangeDto(MeetingStatus Status, DateTimeOffset At, string? Reason);

/// <param name="Mux">True: RTCP may come on the RTP port (RFC 5761).</param>
/// <param name="Port">Takes RTCP of senders that do not multiplex.</param>
internal sealed record RtcpDto(bool Mux, int Port);

/// <summary>Where the platform sends RTP.</summary>
internal sealed record IngestDto(string Host, int Port, RtcpDto Rtcp);

/// <summary>Where one track is sent.</summary>
internal sealed record TrackIngestDto(string Host, int Port);

/// <summary>What a track's packets are protected with: never the key.</summary>
internal sealed record SrtpDto(string Suite);

/// <param name="Id">Stable within the meeting.</param>
internal sealed record ParticipantDto(string Id, string Name, string Consent);

/// <summary>Who spoke.</summary>
internal sealed record SpeakerDto(string Id, string Name)
{
    public static SpeakerDto Of(Participant participant) => new(participant.Id, participant.Name);
}

/// <summary>Where a track's lost packets come again.</summary>
internal sealed record RtxDto(int PayloadType, uint? Ssrc);

/// <summary>One of a track's encodings.</summary>
internal sealed record LayerDto(string? Rid, uint Ssrc);

/// <summary>One source's media.</summary>
internal sealed record TrackDto
{
    public required string Id { get; init; }
    public required TrackStatus Status { get; init; }
    public required ParticipantDto Participant { get; init; }
    public required string Kind { get; init; }
    public required string Source { get; init; }
    public required string Codec { get; init; }
    public required int PayloadType { get; init; }
    public required int ClockRate { get; init; }
    public required int Channels { get; init; }
    public required uint? Ssrc { get; init; }
    public required string? Fmtp { get; init; }
    public required int? RedPayloadType { get; init; }
    public required RtxDto? Rtx { get; init; }
    public required IReadOnlyList<LayerDto> Layers { get; init; }
    public required IReadOnlyDictionary<string, string> HeaderExtensions { get; init; }
    public required string? From { get; init; }
    /// <summary>Null: plain RTP.</summary>
    public required SrtpDto? Srtp { get; init; }
    public required bool OwnPort { get; init; }
    public required TrackIngestDto Ingest { get; init; }
    public required Authenticated Authenticated { get; init; }

    public static TrackDto Of(TrackView view, string host, int port)
    {
        var spec = view.Track.Spec;
        return new TrackDto
        {
            Id = view.Track.Id.ToString(),
            Status = view.Status,
            Participant = new ParticipantDto(spec.Participant.Id, spec.Participant.Name, spec.Participant.Consent),
            Kind = spec.Kind,
            Source = spec.Source,
            Codec = spec.Codec,
            PayloadType = spec.PayloadType,
            ClockRate = spec.ClockRate,
            Channels = spec.Channels,
            Ssrc = spec.Ssrc,
            Fmtp = spec.Fmtp,
            RedPayloadType = spec.RedPayloadType,
            Rtx = spec.Rtx is { } rtx ? new RtxDto(rtx.PayloadType, rtx.Ssrc) : null,
            Layers = [.. spec.Layers.Select(l => new LayerDto(l.Rid, l.Ssrc))],
            HeaderExtensions = spec.HeaderExtensions,
            From = spec.From,
            Srtp = spec.Srtp is { } srtp ? new SrtpDto(srtp.Suite) : null,
            OwnPort = spec.OwnPort,
            Ingest = new TrackIngestDto(host, view.Track.Port ?? port),
            Authenticated = view.Authenticated,
        };
    }
}

/// <summary>The room a meeting is fetched from: never what is secret about it.</summary>
/// <param name="Status">How that does; of a meeting that is over, how it did last.</param>
/// <param name="Detail">What stands in the way; null: nothing does.</param>
internal sealed record SourceDto(string Type, string Url, JanusId Room, SourceStatus Status, string? Detail)
{
    public static SourceDto? Of(MeetingView view) => view is { Spec.Source: { } spec, Source: { } state }
        ? new SourceDto(SourceSpec.Janus, spec.Url, spec.Room, state.Status, state.Detail) : null;
}

/// <summary>A meeting as lists show it: all but its tracks.</summary>
internal record MeetingSummaryDto
{
    public required string Id { get; init; }
    public required MeetingStatus Status { get; init; }
    public required string? Reason { get; init; }
    public required MediaHealth MediaHealth { get; init; }
    public required bool Paused { get; init; }
    public required string Title { get; init; }
    public required string? ExternalId { get; init; }
    public required string Language { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>Offset 0 of everything timed.</summary>
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset? EndedAt { get; init; }
    public required long DurationMs { get; init; }
    public required IReadOnlyList<StatusChangeDto> StatusHistory { get; init; }
    public required CaptionsStatus CaptionsStatus { get; init; }
    public required IngestDto Ingest { get; init; }
    /// <summary>Null: the platform sends RTP itself.</summary>
    public required SourceDto? Source { get; init; }
    public required IReadOnlyList<string> Outputs { get; init; }
    public required bool Captions { get; init; }
    public required bool Minutes { get; init; }
    public required IReadOnlyList<string> Vocabulary { get; init; }
    public required string? TranslateTo { get; init; }
    public required int? RetentionDays { get; init; }
    public required bool Hold { get; init; }
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public static MeetingSummaryDto Of(MeetingView view, string host) => Fill(view, host);

    /// <summary>What a summary and a whole meeting have in common.</summary>
    protected static MeetingDto Fill(MeetingView view, string host) => new()
    {
        Id = view.Id.ToString(),
        Status = view.Status,
        Reason = view.Reason,
        MediaHealth = view.MediaHealth,
        Paused = view.Paused,
        Title = view.Spec.Title,
        ExternalId = view.Spec.ExternalId,
        Language = view.Spec.Language,
        CreatedAt = view.CreatedAt,
        StartedAt = view.StartedAt,
        EndedAt = view.EndedAt,
        DurationMs = Milliseconds.Of(view.Duration),
        StatusHistory = [.. view.History.Select(change => new StatusChangeDto(change.Status, change.At, change.Reason))],
        CaptionsStatus = view.CaptionsStatus,
        Ingest = new IngestDto(host, view.Port, new RtcpDto(true, view.Port + 1)),
        Tracks = [.. view.Tracks.Select(track => TrackDto.Of(track, host, view.Port))],
        Source = SourceDto.Of(view),
        Outputs = view.Spec.Outputs,
        Captions = view.Spec.Captions,
        Minutes = view.Spec.Minutes,
        Vocabulary = view.Spec.Vocabulary,
        TranslateTo = view.Spec.TranslateTo,
        RetentionDays = view.Spec.RetentionDays,
        Hold = false,
        Metadata = view.Spec.Metadata,
    };
}

/// <summary>One meeting.</summary>
internal sealed record MeetingDto : MeetingSummaryDto
{
    [JsonPropertyOrder(1)]   // after what it has in common with a summary
    public required IReadOnlyList<TrackDto> Tracks { get; init; }

    public static new MeetingDto Of(MeetingView view, string host) => Fill(view, host);
}

/// <param name="NextCursor">What `cursor` takes to go on; null at the end.</param>
internal sealed record MeetingPageDto(IReadOnlyList<MeetingSummaryDto> Data, string? NextCursor);
