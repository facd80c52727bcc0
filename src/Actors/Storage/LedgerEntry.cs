using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Actors.Meetings;
using SpeechEffort = Pipeline.Transcribe.Speech.SpeechEffort;

namespace Pipeline.Actors.Storage;

/// <summary>How the ledger shows an event.</summary>
/// <param name="Type">For example `meeting.started`.</param>
/// <param name="Data">A JSON object.</param>
public sealed record LedgerEntry(string Type, string Data)
{
    /// <summary>Null for what only the meeting itself needs to know.</summary>
    public static LedgerEntry? Of(MeetingId meeting, MeetingEvent happened)
    {
        var data = new LedgerData { MeetingId = meeting.ToString() };
        (string? type, data) = happened switch
        {
            MeetingStarted => ("meeting.started", data),
            MeetingRecovered e => ("meeting.recovered", data with { Run = e.Run }),
            MeetingPaused => ("meeting.paused", data),
            MeetingResumed => ("meeting.resumed", data),
            MeetingStopped e => ("meeting.stopped", data with { Reason = e.Reason }),
            MeetingCompleted e => ("meeting.completed", data with { CaptionsStatus = Word(e.Captions) }),
            MeetingFailed e => ("meeting.failed", data with { Reason = e.Reason }),
            TrackStarted e => ("track.started", data with { TrackId = e.Track.Id.ToString(), ParticipantId = e.Track.Spec.Participant.Id }),
            TrackEnded e => ("track.ended", data with { TrackId = e.Track.ToString() }),
            ConsentChanged e => ("consent.changed", data with { TrackId = e.Track.ToString(), ParticipantId = e.Participant, Consent = e.Consent }),
            MediaSeen e => (Health(e), data),
            TrackSeen e => (Health(e.Status), data with { TrackId = e.Track.ToString(), ParticipantId = e.Participant }),
            CaptionFinal e => ("caption.final", data with { SegmentId = e.Id.ToString(), TrackId = e.Track.Id.ToString() }),
            CaptionsStatusChanged e => (e.To == CaptionsStatus.Live ? "captions.restored" : "captions.degraded", data with { CaptionsStatus = Word(e.To), Step = Step(e.Effort) }),
            RecordingReady e => ("recording.ready", data with { RecordingId = e.Id.ToString(), Kind = e.File.Kind }),
            TranscriptReady e => ("transcript.ready", data with { Version = Word(e.Version) }),
            MinutesReady => ("minutes.ready", data),
            _ => ((string?)null, data),
        };
        return type is null ? null : new LedgerEntry(type, JsonSerializer.Serialize(data, LedgerJson.Default.LedgerData));
    }

    /// <summary>The same for the same event whenever it is asked: a UUIDv7 of its time, with what names it in the place of chance.</summary>
    /// <param name="revision">Of the decision it is part of.</param>
    /// <param name="index">Its place in that.</param>
    public static string IdOf(MeetingId meeting, long revision, int index, DateTimeOffset at)
    {
        Span<byte> name = stackalloc byte[28], hash = stackalloc byte[32], id = stackalloc byte[16];
        meeting.Value.TryWriteBytes(name, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(name[16..], revision);
        BinaryPrimitives.WriteInt32BigEndian(name[24..], index);
        SHA256.HashData(name, hash);
        Guid.CreateVersion7(at).TryWriteBytes(id, bigEndian: true, out _);
        hash[..10].CopyTo(id[6..]);
        id[6] = (byte)((id[6] & 0x0F) | 0x70);                                       // version and variant, RFC 9562 §5.7
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return SortableId.Format("evt_", new Guid(id, bigEndian: true));
    }

    private static string? Health(MediaSeen e) => (e.Was, e.Health) switch
    {
        (var was, var now) when was == now => null,
        (_, MediaHealth.Failing) => "recording.failing",
        (MediaHealth.Failing, _) => "recording.restored",
        (_, MediaHealth.Flowing) => "media.flowing",
        (_, MediaHealth.Silent) => "media.silent",
        (_, MediaHealth.Stalled) => "media.stalled",
        _ => null,
    };

    private static string? Health(TrackStatus status) => status switch
    {
        TrackStatus.Flowing => "media.flowing",
        TrackStatus.Silent => "media.silent",
        TrackStatus.Stalled => "media.stalled",
        _ => null,
    };

    private static string? Step(SpeechEffort effort) => effort == SpeechEffort.Full ? null : JsonNamingPolicy.SnakeCaseLower.ConvertName(effort.ToString());
    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

internal sealed record LedgerData
{
    public required string MeetingId { get; init; }
    public string? TrackId { get; init; }
    public string? ParticipantId { get; init; }
    public string? Consent { get; init; }
    public string? SegmentId { get; init; }
    public string? RecordingId { get; init; }
    public string? Kind { get; init; }
    public string? Reason { get; init; }
    public string? CaptionsStatus { get; init; }
    /// <summary>How far down the ladder captions are; null: not at all.</summary>
    public string? Step { get; init; }
    public string? Version { get; init; }
    public int? Run { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LedgerData))]
internal sealed partial class LedgerJson : JsonSerializerContext;
