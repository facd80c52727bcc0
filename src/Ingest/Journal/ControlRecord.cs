using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Ingest.Journal;

/// <summary>What was decided about a meeting's media, in its journal among the packets. Names no network address.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(MeetingOpened), "meeting")]
[JsonDerivedType(typeof(ClockAnchor), "clock_anchor")]
[JsonDerivedType(typeof(TrackAdded), "track_added")]
[JsonDerivedType(typeof(TrackChanged), "track_changed")]
[JsonDerivedType(typeof(TrackEnded), "track_ended")]
[JsonDerivedType(typeof(SsrcBound), "ssrc_bound")]
[JsonDerivedType(typeof(Paused), "paused")]
[JsonDerivedType(typeof(Resumed), "resumed")]
[JsonDerivedType(typeof(ParticipantConsent), "consent")]
[JsonDerivedType(typeof(PacketsMissed), "packets_missed")]
[JsonDerivedType(typeof(SpeechLost), "speech_lost")]
[JsonDerivedType(typeof(MeetingClosed), "meeting_closed")]
public abstract record ControlRecord
{
    internal static byte[] ToBytes(ControlRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, ControlRecordJson.Default.ControlRecord);

    /// <summary>Null for a record of a later version, or none at all.</summary>
    internal static ControlRecord? Read(ReadOnlySpan<byte> json)
    {
        try { return JsonSerializer.Deserialize(json, ControlRecordJson.Default.ControlRecord); }
        catch (JsonException) { return null; }
        catch (NotSupportedException) { return null; }
    }
}

/// <summary>First record of each run: 1 at creation, one more at each restart.</summary>
public sealed record MeetingOpened(string Meeting, int Run, DateTimeOffset StartedAt) : ControlRecord
{
    /// <summary>Whose it is; null in journals of earlier versions.</summary>
    public string? Tenant { get; init; }
    /// <summary>What was asked to be recorded, as the run began; null as above.</summary>
    public JsonElement? Spec { get; init; }
}

/// <summary>The same instant on three clocks: since the meeting began, since this boot, and on the wall.</summary>
public sealed record ClockAnchor(string BootId, long MeetingUs, long BootTimeUs, DateTimeOffset Wall) : ControlRecord;

/// <summary>One track as the recorder needs to know it. <see cref="Number"/> names it in every packet record.</summary>
public sealed record TrackAdded(
    int Number, string Participant, string Name, string Codec, int PayloadType, int ClockRate, int Channels, uint? Ssrc,
    int? AudioLevelExtension) : ControlRecord
{
    /// <summary>As the outside knows it; null in journals of earlier versions.</summary>
    public string? Id { get; init; }
    /// <summary>"audio" or "video".</summary>
    public string Kind { get; init; } = "audio";
    public string Source { get; init; } = "microphone";
    public string? Fmtp { get; init; }
    public int? RedPayloadType { get; init; }
    public RtxAdded? Rtx { get; init; }
    public IReadOnlyList<LayerAdded>? Layers { get; init; }
    public int? OrientationExtension { get; init; }
}

/// <summary>Where a track's lost packets come again.</summary>
public sealed record RtxAdded(int PayloadType, uint? Ssrc);

/// <summary>One of a track's encodings.</summary>
public sealed record LayerAdded(string? Rid, uint Ssrc);

/// <summary>The track's name and SSRC from now on; the packet records say themselves whose they are.</summary>
public sealed record TrackChanged(int Number, string Name, uint? Ssrc, long AtUs) : ControlRecord;

public sealed record TrackEnded(int Number, long AtUs) : ControlRecord;

public sealed record SsrcBound(int Number, uint Ssrc, long AtUs) : ControlRecord;

/// <summary>From now on only headers are kept. Also at the beginning of a run that begins paused.</summary>
public sealed record Paused(long AtUs) : ControlRecord;

/// <summary>The pause is over; one that follows another says when it was over indeed.</summary>
public sealed record Resumed(long AtUs) : ControlRecord;

/// <summary>
/// What a participant said, which holds for all their tracks: while it is `denied` only headers are kept. A run begins with those who
/// denied it.
/// </summary>
/// <param name="Consent">"granted", "denied" or "unknown".</param>
/// <param name="SaidUs">In one that follows another: when that one said it; from <paramref name="AtUs"/> on it was so indeed.</param>
public sealed record ParticipantConsent(string Participant, string Consent, long AtUs, long? SaidUs = null) : ControlRecord
{
    [JsonIgnore]
    public bool IsDenied => Consent == "denied";
}

/// <summary>Packets that came to the machine and not into the journal.</summary>
/// <param name="Kind">"overrun": the kernel's buffer was full; "storage": the disk could not take them.</param>
/// <param name="Track">To whose own port they came; 0: to the meeting's; null: it is not known.</param>
public sealed record PacketsMissed(string Kind, long FromUs, long ToUs, long Packets, int? Track = null) : ControlRecord;

/// <summary>Speech that got no caption when it was said; the packets are here, and whoever finishes the captions begins with them.</summary>
public sealed record SpeechLost(int Number, long FromUs, long ToUs) : ControlRecord;

public sealed record MeetingClosed(long DurationUs) : ControlRecord;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ControlRecord))]
internal sealed partial class ControlRecordJson : JsonSerializerContext;
