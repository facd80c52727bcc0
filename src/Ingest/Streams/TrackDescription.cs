using System.Net;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Ingest.Streams;

public enum MediaKind { Audio, Video }

/// <summary>Where a stream's lost packets come again (RFC 4588).</summary>
/// <param name="Ssrc">Null: the first new one of the payload type.</param>
public sealed record RtxParameters(byte PayloadType, uint? Ssrc);

/// <summary>One of several encodings of the same picture (simulcast).</summary>
/// <param name="Rid">Its name in the header extension (RFC 8852); null: it has none.</param>
public sealed record LayerParameters(string? Rid, uint Ssrc);

/// <summary>One source's media as the recorder needs to know it.</summary>
/// <param name="Number">1, 2, … within the meeting; names the track in the journal.</param>
/// <param name="Ssrc">The only one it takes; null: it adopts what comes, where it has no <see cref="Layers"/>.</param>
/// <param name="AudioLevelExtension">Id of `ssrc-audio-level` (RFC 6464), where it was declared.</param>
/// <param name="From">Where its sender is; null: anywhere that may send at all.</param>
public sealed record TrackDescription(
    int Number, string Participant, string Name, string Codec, byte PayloadType, int ClockRate, int Channels, uint? Ssrc,
    byte? AudioLevelExtension, IPNetwork? From)
{
    private const byte ComfortNoise = 13;                                            // RFC 3551 §6

    public MediaKind Kind { get; init; } = MediaKind.Audio;
    /// <summary>"microphone", "camera", "screen" or "screen_audio".</summary>
    public string Source { get; init; } = "microphone";
    /// <summary>True: what comes to a port of its own is its, and nothing else.</summary>
    public bool OwnPort { get; init; }
    /// <summary>What its packets are protected with; null: they come plain.</summary>
    public SrtpParameters? Srtp { get; init; }
    /// <summary>Format parameters, as in SDP behind `a=fmtp:96 `.</summary>
    public string? Fmtp
    {
        get;
        init => (field, RedContent) = (value, Codec == "red" ? FirstOf(value) : null);
    }
    /// <summary>Of codec `red`: the payload type inside, which comes by itself too; null where <see cref="Fmtp"/> does not say.</summary>
    public byte? RedContent { get; private init; }
    /// <summary>Of packets that carry earlier ones again (RFC 2198), where others of the same stream do not.</summary>
    public byte? RedPayloadType { get; init; }
    public RtxParameters? Rtx { get; init; }
    public IReadOnlyList<LayerParameters> Layers { get; init; } = [];
    /// <summary>Id of `urn:3gpp:video-orientation`, where it was declared.</summary>
    public byte? OrientationExtension { get; init; }

    /// <summary>Of its RED packets, whichever way they were announced.</summary>
    public byte? Red => Codec == "red" ? PayloadType : RedPayloadType;
    /// <summary>Of packets that say only what the silence is like (RFC 3389), which G.711 has from elsewhere.</summary>
    public byte? ComfortPayloadType => Codec is "pcmu" or "pcma" && PayloadType != ComfortNoise ? ComfortNoise : null;

    /// <summary>True for its codec's payload type, and for those that bring the same in another form.</summary>
    public bool TakesPayloadType(byte type) =>
        type == PayloadType || type == RedPayloadType || type == RedContent || type == Rtx?.PayloadType || type == ComfortPayloadType;

    /// <summary>True where the first new SSRC of this payload type becomes its own.</summary>
    public bool Adopts(byte type) => Ssrc is null && Layers.Count == 0 && (type == PayloadType || type == RedPayloadType);

    /// <summary>The same for the streams in which its lost packets come again.</summary>
    public bool AdoptsRepair(byte type) => Rtx is { Ssrc: null } rtx && rtx.PayloadType == type;

    /// <summary>True for an SSRC it names as its own.</summary>
    public bool Names(uint ssrc)
    {
        if (Ssrc == ssrc || Rtx?.Ssrc == ssrc) return true;
        foreach (var layer in Layers)
            if (layer.Ssrc == ssrc) return true;
        return false;
    }

    /// <summary>As in `a=fmtp:63 111/111` (RFC 2198 §5).</summary>
    private static byte? FirstOf(string? types) => byte.TryParse(types?.Split('/')[0], out byte first) ? first : null;
}
