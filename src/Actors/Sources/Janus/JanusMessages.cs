using System.Text.Json.Serialization;

namespace Pipeline.Actors.Sources.Janus;

/// <summary>What is sent to Janus (its WebSocket API). A class, not a record: it may hold secrets, and has no text.</summary>
internal sealed class JanusRequest
{
    /// <summary>"create", "attach", "message", "keepalive" or "destroy".</summary>
    public required string Janus { get; init; }
    /// <summary>Comes back in the answer.</summary>
    public required string Transaction { get; init; }
    public long? SessionId { get; init; }
    public long? HandleId { get; init; }
    public string? Plugin { get; init; }
    [JsonPropertyName("apisecret")]
    public string? ApiSecret { get; init; }
    public RoomRequest? Body { get; init; }
}

/// <summary>What is asked of the VideoRoom plugin.</summary>
internal sealed class RoomRequest
{
    /// <summary>"join", "leave", "listforwarders", "rtp_forward" or "stop_rtp_forward".</summary>
    public required string Request { get; init; }
    public JanusId? Room { get; init; }
    public string? Ptype { get; init; }
    public string? Display { get; init; }
    public string? Pin { get; init; }
    public string? Secret { get; init; }
    public string? AdminKey { get; init; }
    public JanusId? PublisherId { get; init; }
    /// <summary>A forwarder's.</summary>
    public long? StreamId { get; init; }
    public string? Host { get; init; }
    public IReadOnlyList<ForwardedMedia>? Streams { get; init; }
    public int? SrtpSuite { get; init; }
    /// <summary>Master key and salt in base64; for all streams of one request.</summary>
    public string? SrtpCrypto { get; init; }
}

internal sealed class ForwardedMedia
{
    public required string Mid { get; init; }
    public required int Port { get; init; }
    /// <summary>Has Janus open a port that takes requests for key frames.</summary>
    public int? RtcpPort { get; init; }
    public required int Pt { get; init; }
    public required uint Ssrc { get; init; }
    public bool? Simulcast { get; init; }
}

/// <summary>An answer, or an event that nobody asked for: then <see cref="Transaction"/> is null. Not trusted: every member may be missing.</summary>
internal sealed record JanusMessage
{
    public string? Janus { get; init; }
    public string? Transaction { get; init; }
    public NewId? Data { get; init; }
    public CoreError? Error { get; init; }
    public PluginData? Plugindata { get; init; }
}

internal sealed record NewId(long Id);

internal sealed record CoreError(int Code);

internal sealed record PluginData
{
    public RoomNews? Data { get; init; }
}

/// <summary>What VideoRoom says: an answer, an error, or what happened in the room.</summary>
internal sealed record RoomNews
{
    /// <summary>"joined", "event", "destroyed", "rtp_forward", "forwarders", …</summary>
    public string? Videoroom { get; init; }
    public JanusId? Room { get; init; }
    public IReadOnlyList<PublisherNews?>? Publishers { get; init; }
    public JanusId? Unpublished { get; init; }
    /// <summary>Who left; "ok" where it is the listener itself.</summary>
    public JanusId? Leaving { get; init; }
    public JanusId? Kicked { get; init; }
    public IReadOnlyList<ForwarderNews?>? Forwarders { get; init; }
    public int? ErrorCode { get; init; }

    /// <summary>It says who publishes what, or that somebody does no more. Of what else rooms tell, such as who talks, nothing follows.</summary>
    [JsonIgnore]
    public bool IsOfStreams => Publishers is not null || Unpublished is not null || Leaving is not null || Kicked is not null || Videoroom == "destroyed";

    /// <summary>How long it was as it came; as a measure of what it takes while it waits.</summary>
    [JsonIgnore]
    public int Octets { get; init; }
}

/// <summary>Who publishes what (in `joined` and in events), or what of theirs is forwarded (in a list of forwarders).</summary>
internal sealed record PublisherNews
{
    public JanusId? Id { get; init; }
    public string? Display { get; init; }
    public IReadOnlyList<StreamNews?>? Streams { get; init; }
    public JanusId? PublisherId { get; init; }
    public IReadOnlyList<ForwarderNews?>? Forwarders { get; init; }
}

internal sealed record StreamNews
{
    /// <summary>"audio", "video" or "data".</summary>
    public string? Type { get; init; }
    public string? Mid { get; init; }
    public string? Codec { get; init; }
    /// <summary>What the publisher calls it.</summary>
    public string? Description { get; init; }
    public bool Disabled { get; init; }
    public bool Simulcast { get; init; }
}

internal sealed record ForwarderNews
{
    public long StreamId { get; init; }
    public string? Host { get; init; }
    public int Port { get; init; }
    public long? Ssrc { get; init; }
    public int? LocalRtcpPort { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 16)]
[JsonSerializable(typeof(JanusRequest))]
[JsonSerializable(typeof(JanusMessage))]
[JsonSerializable(typeof(Meetings.SourceSecrets))]
internal sealed partial class JanusJson : JsonSerializerContext;
