using System.Text.Json.Serialization;
using Pipeline.Actors.Sources.Janus;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Actors.Meetings;

/// <summary>What a platform asked to be recorded. Already validated: the outside refuses what is not built.</summary>
public sealed record MeetingSpec
{
    public string Title { get; init; } = "";
    public string? ExternalId { get; init; }
    /// <summary>BCP 47, or "auto".</summary>
    public string Language { get; init; } = "auto";
    /// <summary>Words that are likely to be said, the most important first.</summary>
    public IReadOnlyList<string> Vocabulary { get; init; } = [];
    /// <summary>"en": captions and transcript are English, whatever is spoken; null: as it is spoken.</summary>
    public string? TranslateTo { get; init; }
    /// <summary>"mix", "tracks", "video".</summary>
    public IReadOnlyList<string> Outputs { get; init; } = ["mix", "tracks"];
    public bool Captions { get; init; } = true;
    public bool Minutes { get; init; } = true;
    public int? RetentionDays { get; init; }
    public TimeSpan MaxDuration { get; init; } = TimeSpan.FromSeconds(14400);
    /// <summary>Zero: never.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(300);
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
    /// <summary>Where the node fetches media itself; null: the platform sends it.</summary>
    public SourceSpec? Source { get; init; }
}

/// <param name="Id">Stable within the meeting.</param>
/// <param name="Consent">"granted", "denied" or "unknown".</param>
public sealed record Participant(string Id, string Name, string Consent)
{
    [JsonIgnore]
    public bool IsDenied => Consent == "denied";
}

/// <summary>One source's media, as the platform announced it.</summary>
public sealed record TrackSpec
{
    public required Participant Participant { get; init; }
    /// <summary>"audio" or "video".</summary>
    public string Kind { get; init; } = "audio";
    /// <summary>"microphone" or "screen_audio", "camera" or "screen".</summary>
    public string Source { get; init; } = "microphone";
    /// <summary>"opus", "red", "pcmu", "pcma", "g722", "vp8", "vp9", "h264" or "av1".</summary>
    public string Codec { get; init; } = "opus";
    /// <summary>0 … 127.</summary>
    public required byte PayloadType { get; init; }
    public int ClockRate { get; init; } = 48000;
    public int Channels { get; init; } = 2;
    /// <summary>The only SSRC it takes; null: it adopts the first new one of its payload type.</summary>
    public uint? Ssrc { get; init; }
    /// <summary>Of packets that carry earlier ones again (RFC 2198); null: none do.</summary>
    public byte? RedPayloadType { get; init; }
    /// <summary>Where lost packets come again (RFC 4588); null: nowhere.</summary>
    public RtxSpec? Rtx { get; init; }
    /// <summary>The encodings of a picture that is sent several times (simulcast); empty: it is sent once.</summary>
    public IReadOnlyList<LayerSpec> Layers { get; init; } = [];
    public string? Fmtp { get; init; }
    /// <summary>Extension id (1–14, or 1–255 two-byte form) → URI, RFC 8285.</summary>
    public IReadOnlyDictionary<string, string> HeaderExtensions { get; init; } = new Dictionary<string, string>();
    /// <summary>CIDR of the sender; null: any (loopback only, unless plain RTP is allowed).</summary>
    public string? From { get; init; }
    /// <summary>True: it has a UDP port of its own, and what comes there is nobody else's.</summary>
    public bool OwnPort { get; init; }
    /// <summary>What its packets are protected with; null: they come plain.</summary>
    public SealedSrtp? Srtp { get; init; }
    /// <summary>The same as the platform sent it. Gone once it is sealed, before anything is decided or stored.</summary>
    [JsonIgnore]
    public SrtpParameters? OfferedSrtp { get; init; }
    /// <summary>Which stream of the meeting's source it is; null: it is sent by the platform.</summary>
    public FeedStream? Fetched { get; init; }
    /// <summary>`address:port` that takes what is said to its sender, where that is not where its packets come from; plainly, also of a protected track.</summary>
    public string? Feedback { get; init; }
}

/// <param name="Ssrc">Null: the first new one of the payload type.</param>
public sealed record RtxSpec(byte PayloadType, uint? Ssrc);

public sealed record LayerSpec(string? Rid, uint Ssrc);

/// <summary>A track's SRTP key as it is kept.</summary>
/// <param name="Suite">As SDP names it.</param>
/// <param name="Master">Master key and salt, sealed under the meeting's key.</param>
/// <param name="RollOver">The roll-over count the platform told of.</param>
public sealed record SealedSrtp(string Suite, byte[] Master, uint RollOver);

/// <param name="Number">1, 2, … in the order of arrival within the meeting; names the track in the journal and to captions.</param>
/// <param name="EndedAt">Null while it may still send.</param>
/// <param name="Port">Its own even UDP port; null: it is sent to the meeting's.</param>
/// <param name="IsUnwanted">Somebody ended it who does not want it recorded: what it was fetched from is not fetched again while it stays.</param>
public sealed record Track(TrackId Id, int Number, TrackSpec Spec, DateTimeOffset? EndedAt = null, int? Port = null, bool IsUnwanted = false);
