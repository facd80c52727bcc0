using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;
using Pipeline.Ingest.Codecs;
using Pipeline.Ingest.Srtp;

namespace Pipeline.Api.Meetings;

/// <summary>Who sends a track.</summary>
internal sealed record NewParticipantDto
{
    /// <summary>Stable within the meeting.</summary>
    [MinLength(1), MaxLength(NewTrack.LongestName)]
    public required string Id { get; init; }
    /// <summary>What captions call them; the id where there is none.</summary>
    [MaxLength(NewTrack.LongestName)]
    public string? Name { get; init; }
    /// <summary>"granted", "denied" or "unknown". Of somebody who denied it no payload is kept, on none of their tracks.</summary>
    [DefaultValue("unknown")]
    public string Consent { get; init; } = "unknown";
}

/// <summary>What the sender protects the track's packets with (RFC 3711, RFC 7714).</summary>
internal sealed record NewSrtpDto
{
    /// <summary>"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM" or "AEAD_AES_256_GCM".</summary>
    public required string Suite { get; init; }
    /// <summary>Master key and, behind it, master salt, in base64: 30 octets for AES_CM, 28 for AEAD_AES_128_GCM, 44 for AEAD_AES_256_GCM.</summary>
    public required string Key { get; init; }
    /// <summary>How often the sender's sequence numbers have wrapped so far, nearly.</summary>
    [DefaultValue(0u)]
    public uint Roc { get; init; }
}

/// <summary>Where a track's lost packets come again.</summary>
internal sealed record NewRtxDto
{
    [Range(0, 127)]
    public required int PayloadType { get; init; }
    /// <summary>Null: the first new one of its payload type.</summary>
    public uint? Ssrc { get; init; }
}

/// <summary>One source's media as it will be sent.</summary>
internal sealed record NewTrackDto
{
    public required NewParticipantDto Participant { get; init; }
    /// <summary>"audio" or "video".</summary>
    [DefaultValue("audio")]
    public string Kind { get; init; } = "audio";
    /// <summary>"microphone" or "screen_audio"; of video "camera", which is its default, or "screen".</summary>
    [DefaultValue("microphone")]
    public string Source { get; init; } = "microphone";
    /// <summary>"opus", "red", "pcmu", "pcma" or "g722"; of video "vp8", "vp9", "h264" or "av1", without a default.</summary>
    [DefaultValue("opus")]
    public string Codec { get; init; } = "opus";
    [Range(0, 127)]
    public required int PayloadType { get; init; }
    /// <summary>The codec's where there is none: 48000 for Opus, whatever was recorded (RFC 7587), 8000 for other sound, G.722 too (RFC 3551 §4.5.2), 90000 for video.</summary>
    [DefaultValue(48000)]
    public int ClockRate { get; init; } = 48000;
    /// <summary>Of sound; 1 for all but Opus, where it is the default too.</summary>
    [Range(1, 2), DefaultValue(2)]
    public int Channels { get; init; } = 2;
    /// <summary>The only SSRC it takes; null: it adopts the first new one of its payload type.</summary>
    public uint? Ssrc { get; init; }
    public string? Fmtp { get; init; }
    /// <summary>Id (1–255) to URI (RFC 8285).</summary>
    public IReadOnlyDictionary<string, string> HeaderExtensions { get; init; } = new Dictionary<string, string>();
    /// <summary>The encodings of a picture that is sent several times (simulcast), one SSRC each: the largest that flows is recorded.</summary>
    [MaxLength(NewTrack.MostLayers)]
    public IReadOnlyList<LayerDto> Layers { get; init; } = [];
    /// <summary>CIDR of the sender.</summary>
    public string? From { get; init; }
    /// <summary>Only packets that verify are taken; null: plain RTP.</summary>
    public NewSrtpDto? Srtp { get; init; }
    /// <summary>Of packets that carry earlier ones again (RFC 2198), of codec "opus"; null: none do.</summary>
    [Range(0, 127)]
    public int? RedPayloadType { get; init; }
    /// <summary>Where lost packets come again, once they are asked for (RFC 4588); null: they are not asked for.</summary>
    public NewRtxDto? Rtx { get; init; }
    /// <summary>True: a UDP port for this track alone, which the answer's `ingest` names.</summary>
    [DefaultValue(false)]
    public bool OwnPort { get; init; }
}

/// <summary>Reads tracks, in a meeting's body or one of their own.</summary>
internal static class NewTrack
{
    public const int LongestName = 200, MostLayers = 4;
    public static readonly string[] Consents = ["granted", "denied", "unknown"];

    /// <summary>Null when there are tracks to add; else everything that is wrong.</summary>
    /// <param name="single">True when the body was one track, not an array.</param>
    public static Problem? TryRead(RequestBody body, out IReadOnlyList<TrackSpec> tracks, out bool single)
    {
        (tracks, single) = ([], false);
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        single = root.ValueKind != JsonValueKind.Array;
        if (single)
        {
            if (Read(root, "", findings) is { } track) tracks = [track];
        }
        else
        {
            tracks = ReadAll([.. root.EnumerateArray()], "", findings);
            if (root.GetArrayLength() == 0) findings.Invalid("", "must hold at least one track");
        }
        return findings.Refusal();
    }

    public static IReadOnlyList<TrackSpec> ReadAll(IReadOnlyList<JsonElement> items, string pointer, BodyFindings findings)
    {
        var tracks = new List<TrackSpec>();
        var ssrcs = new HashSet<uint>();
        if (items.Count > Meeting.MaxTracks)
        {
            findings.Invalid(pointer, $"must hold at most {Meeting.MaxTracks} tracks");
            return tracks;
        }
        for (int i = 0; i < items.Count; i++)
        {
            if (Read(items[i], $"{pointer}/{i}", findings) is not { } track) continue;
            tracks.Add(track);
            if (track is { Ssrc: { } ssrc, OwnPort: false } && !ssrcs.Add(ssrc)) findings.Invalid($"{pointer}/{i}/ssrc", "is an earlier track's");
        }
        return tracks;
    }

    /// <summary>Null when it cannot be told what is meant; the findings say why.</summary>
    public static TrackSpec? Read(JsonElement item, string pointer, BodyFindings findings)
    {
        if (JsonFields.Of(item, pointer, findings) is not { } fields) return null;

        var participant = ReadParticipant(fields);
        string kind = fields.OneOf("kind", "audio", "audio", "video");
        bool video = kind == "video";
        string source = video ? fields.OneOf("source", "camera", "camera", "screen") : fields.OneOf("source", "microphone", "microphone", "screen_audio");
        string codec = video ? fields.OneOf("codec", "", "vp8", "vp9", "h264", "av1") : fields.OneOf("codec", "opus", "opus", "red", "pcmu", "pcma", "g722");
        if (video && !fields.TryGet("codec", out _)) fields.Invalid("codec", "is required for video");
        if (!video && !AudioCodec.Find(codec).IsSupported(out string? why)) fields.NotBuilt("codec", why);
        long? payloadType = fields.RequiredInteger("payload_type", 0, 127);
        bool telephone = codec is "pcmu" or "pcma" or "g722";
        int clock = video ? 90000 : telephone ? 8000 : 48000, most = video || telephone ? 1 : 2;
        long clockRate = fields.Integer("clock_rate", clock, 1, int.MaxValue);
        if (clockRate != clock) fields.Invalid("clock_rate", $"must be {clock} for {(video ? kind : codec)}");
        long channels = fields.Integer("channels", most, 1, most);
        long? ssrc = fields.NullableInteger("ssrc", 0, uint.MaxValue);
        string? fmtp = fields.NullableText("fmtp", longest: 1000);
        var extensions = ReadHeaderExtensions(fields);
        string? from = ReadFrom(fields);
        var srtp = ReadSrtp(fields);
        long? red = fields.NullableInteger("red_payload_type", 0, 127);
        var rtx = ReadRtx(fields);
        var layers = ReadLayers(fields);
        CheckRepair(fields, codec, payloadType, ssrc, fmtp, red, rtx, layers);
        if (!video && layers.Count > 0) fields.Invalid("layers", "are of video");
        if (layers.Count > 0 && ssrc is not null && ssrc != layers[0].Ssrc) fields.Invalid("ssrc", "must be the first layer's, or none");
        bool ownPort = fields.Flag("own_port", false);
        fields.RefuseOthers();

        return participant is null || payloadType is null ? null : new TrackSpec
        {
            Participant = participant,
            Kind = kind,
            Source = source,
            Codec = codec,
            PayloadType = (byte)payloadType,
            ClockRate = (int)clockRate,
            Channels = (int)channels,
            Ssrc = (uint?)ssrc,
            Fmtp = fmtp,
            RedPayloadType = (byte?)red,
            Rtx = rtx,
            Layers = layers,
            HeaderExtensions = extensions,
            From = from,
            OwnPort = ownPort,
            OfferedSrtp = srtp,
        };
    }

    /// <summary>What comes twice must be told from what comes once.</summary>
    private static void CheckRepair(
        JsonFields fields, string codec, long? payloadType, long? ssrc, string? fmtp, long? red, RtxSpec? rtx, IReadOnlyList<LayerSpec> layers)
    {
        string? redIs = red is null ? null : codec == "red" ? "is payload_type where the codec is red" : codec != "opus" ? "is of codec opus" : red == payloadType ? "is payload_type" : null;
        if (redIs is not null) fields.Invalid("red_payload_type", redIs);
        if (codec == "red" && fmtp is not null && !IsRedFmtp(fmtp, payloadType)) fields.Invalid("fmtp", "must name one payload type twice or more, such as 111/111, and not payload_type");
        if (rtx is null) return;
        if (rtx.PayloadType == payloadType || rtx.PayloadType == red) fields.Invalid("rtx", "must have a payload_type of its own");
        if (rtx.Ssrc is { } repair && (repair == ssrc || layers.Any(l => l.Ssrc == repair))) fields.Invalid("rtx", "must have an ssrc of its own");
    }

    /// <summary>As in `a=fmtp:63 111/111` (RFC 2198 §5): of one codec alone.</summary>
    private static bool IsRedFmtp(string fmtp, long? payloadType)
    {
        string[] types = fmtp.Split('/');
        return types.Length >= 2 && types.All(t => t == types[0]) && byte.TryParse(types[0], out byte type) && type <= 127 && type != payloadType && types[0] == type.ToString();
    }

    private static RtxSpec? ReadRtx(JsonFields track)
    {
        if (!track.TryGet("rtx", out var value, nullable: true) || JsonFields.Of(value, track.Pointer("rtx"), track.Findings) is not { } fields) return null;
        long? payloadType = fields.RequiredInteger("payload_type", 0, 127);
        long? ssrc = fields.NullableInteger("ssrc", 0, uint.MaxValue);
        fields.RefuseOthers();
        return payloadType is null ? null : new RtxSpec((byte)payloadType, (uint?)ssrc);
    }

    private static List<LayerSpec> ReadLayers(JsonFields track)
    {
        var layers = new List<LayerSpec>();
        var items = track.Array("layers");
        if (items.Count > MostLayers) track.Invalid("layers", $"must be at most {MostLayers}");
        for (int n = 0; n < items.Count; n++)
        {
            if (JsonFields.Of(items[n], $"{track.Pointer("layers")}/{n}", track.Findings) is not { } fields) continue;
            string? rid = fields.NullableText("rid", longest: 255);
            long? ssrc = fields.RequiredInteger("ssrc", 0, uint.MaxValue);
            fields.RefuseOthers();
            if (ssrc is null) continue;
            if (layers.Any(l => l.Ssrc == ssrc)) fields.Invalid("ssrc", "is an earlier layer's");
            if (rid is not null && layers.Any(l => l.Rid == rid)) fields.Invalid("rid", "is an earlier layer's");
            layers.Add(new LayerSpec(rid, (uint)ssrc));
        }
        return layers;
    }

    private static Participant? ReadParticipant(JsonFields track)
    {
        if (track.Object("participant", required: true) is not { } fields) return null;
        string? id = fields.RequiredText("id", LongestName);
        string? name = fields.NullableText("name", LongestName);
        string consent = fields.OneOf("consent", "unknown", Consents);
        fields.RefuseOthers();
        return id is null ? null : new Participant(id, string.IsNullOrEmpty(name) ? id : name, consent);
    }

    private static Dictionary<string, string> ReadHeaderExtensions(JsonFields fields)
    {
        var extensions = fields.Texts("header_extensions", most: 255, longestName: 3, longest: 500);
        foreach (string id in extensions.Keys)
            if (!byte.TryParse(id, out byte number) || number == 0 || id != number.ToString())
                fields.Findings.Invalid(JsonBody.Append(fields.Pointer("header_extensions"), id), "must be named by an id from 1 to 255");
        return extensions;
    }

    private static string? ReadFrom(JsonFields fields)
    {
        string? from = fields.NullableText("from", longest: 50);
        if (from is not null && !IsNetwork(from)) fields.Invalid("from", "must be a CIDR such as 192.0.2.0/24");
        return from;
    }

    /// <summary>False for an address alone: whose length is not said might be meant for any.</summary>
    public static bool IsNetwork(string text) => text.Contains('/') && IPNetwork.TryParse(text, out _);

    /// <summary>Null where the track is plain, or something is wrong. No finding repeats what was sent: it may be a key.</summary>
    private static SrtpParameters? ReadSrtp(JsonFields track)
    {
        if (!track.TryGet("srtp", out var value, nullable: true) || JsonFields.Of(value, track.Pointer("srtp"), track.Findings) is not { } fields) return null;
        string? name = fields.RequiredText("suite", longest: 100);
        string? key = fields.RequiredText("key", longest: 100);
        long rollOver = fields.Integer("roc", 0, 0, uint.MaxValue);
        fields.RefuseOthers();

        var suite = name is null ? null : SrtpSuite.Find(name);
        if (name is not null && suite is null) fields.Invalid("suite", $"must be one of {string.Join(", ", SrtpSuite.All.Select(s => s.Name))}");
        var master = new byte[100];
        int length = 0;
        if (key is not null && !Convert.TryFromBase64String(key, master, out length)) fields.Invalid("key", "must be base64");
        else if (key is not null && suite is not null && length != suite.MasterLength)
            fields.Invalid("key", $"must be {suite.MasterLength} octets for {suite.Name}: a key of {suite.KeyLength} and a salt of {suite.SaltLength}");
        else if (suite is not null && !SrtpLibrary.Supports(suite, out string? why)) track.NotBuilt("srtp", why);
        return suite is null || length != suite.MasterLength ? null : new SrtpParameters(suite, master.AsMemory(0, length), (uint)rollOver);
    }
}
