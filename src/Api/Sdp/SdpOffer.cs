using System.Net;
using System.Text.Json;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Json;
using Pipeline.Api.Meetings;
using NewTrack = Pipeline.Api.Meetings.NewTrack;

namespace Pipeline.Api.Sdp;

/// <summary>Who an offer is of, where whoever posts it says so.</summary>
/// <param name="Id">Null: the offer's CNAME, session name or user name.</param>
/// <param name="From">CIDR; null: the address in the offer.</param>
internal sealed record OfferedBy(string? Id, string? Name, string? From);

/// <summary>
/// An offer as tracks (RFC 3264). An m-line comes to the track that somebody would have written as JSON, and is read as that: what a track
/// may be is decided in one place.
/// </summary>
/// <param name="announced">What senders are told to send to; a description of theirs may repeat it.</param>
internal sealed class SdpOffer(SessionDescription session, OfferedBy by, string announced)
{
    /// <summary>Names of RFC 4855 → words of the contract.</summary>
    private static readonly Dictionary<string, (string Word, string Kind, int ClockRate)> Codecs = new(StringComparer.OrdinalIgnoreCase)
    {
        ["opus"] = ("opus", "audio", 48000),
        ["red"] = ("red", "audio", 48000),
        ["PCMU"] = ("pcmu", "audio", 8000),
        ["PCMA"] = ("pcma", "audio", 8000),
        ["G722"] = ("g722", "audio", 8000),
        ["VP8"] = ("vp8", "video", 90000),
        ["VP9"] = ("vp9", "video", 90000),
        ["H264"] = ("h264", "video", 90000),
        ["AV1"] = ("av1", "video", 90000),
    };

    /// <summary>Of an m-line: what they are refused for, all are refused for.</summary>
    private const int MostTried = 4;

    /// <summary>One for each m-line, in order. What cannot be understood goes into the findings; what cannot be taken says why.</summary>
    public IReadOnlyList<OfferedTrack> Read(BodyFindings findings)
    {
        var bundled = session.Attributes.Where(a => a.Name == "group" && a.Value is not null && a.Value.StartsWith("BUNDLE ", StringComparison.Ordinal))
            .SelectMany(a => a.Value!.Split(' ').Skip(1)).ToHashSet();
        var offers = session.Media.Select(media => (Media: media, Offer: RefuseTransport(media) is null ? MediaOffer.Read(media, session, findings) : null)).ToList();
        bool isOnePerson = offers.Select(o => o.Offer?.Cname).Where(cname => cname is not null).Distinct().Count() <= 1;
        return
        [
            .. offers.Select(o => (o.Offer is null ? OfferedTrack.Refused(o.Media, RefuseTransport(o.Media)!)
                : o.Media.Port == 0 && !(o.Media.Has("bundle-only") && o.Media.Value("mid") is { } mid && bundled.Contains(mid)) ? OfferedTrack.Refused(o.Media, "is not offered: its port is 0")
                : !o.Offer.IsSending ? OfferedTrack.Refused(o.Media, "sends nothing: offer it sendonly or sendrecv")
                : Take(o.Media, o.Offer, isOnePerson))),
        ];
    }

    /// <summary>Null for RTP over UDP.</summary>
    private static string? RefuseTransport(MediaDescription media) => (media.Kind, media.Protocol) switch
    {
        (not ("audio" or "video"), _) => "only audio and video are recorded",
        (_, "RTP/AVP" or "RTP/AVPF") => null,
        (_, "RTP/SAVP" or "RTP/SAVPF") when !media.Has("crypto") && media.Has("fingerprint") => NoDtls,
        (_, "RTP/SAVP" or "RTP/SAVPF") => null,
        (_, "UDP/TLS/RTP/SAVP" or "UDP/TLS/RTP/SAVPF") => NoDtls,
        _ => $"{Shown(media.Protocol)} is not spoken: offer RTP/AVP, or RTP/SAVP with a=crypto",
    };

    private const string NoDtls = "DTLS and ICE are not spoken: a browser needs an SFU between; others offer RTP/AVP, or RTP/SAVP with a=crypto";

    private OfferedTrack Take(MediaDescription media, MediaOffer offer, bool isOnePerson)
    {
        bool isProtected = media.Protocol.Contains("SAVP", StringComparison.Ordinal);
        var crypto = isProtected && offer.Cryptos is [var preferred, ..] ? preferred : null;
        if (isProtected && crypto is null) return OfferedTrack.Refused(media, "no a=crypto of it can be taken: one key without identifier, of a suite that is known");
        if (offer.Sources.Count > 1 && !offer.SourcesAreLayers) return OfferedTrack.Refused(media, $"has {offer.Sources.Count} sources: offer an m-line for each");
        if (Participant(media, offer, isOnePerson) is not { } participant) return OfferedTrack.Refused(media, "nobody says whose it is: add ?participant=");

        string? why = null;
        foreach (var format in Candidates(media, offer).Take(MostTried))
        {
            var (red, rtx) = (RedOf(format, offer), RtxOf(format, offer));
            var findings = new BodyFindings();
            var track = Describe(media, offer, participant, format, red, rtx) with { Srtp = Srtp(crypto) };
            if (NewTrack.Read(JsonSerializer.SerializeToElement(track, ApiJson.Default.NewTrackDto), "", findings) is { } spec && findings.Errors.Count == 0)
            {
                return new OfferedTrack
                {
                    Media = media,
                    Spec = spec,
                    Formats = [.. new[] { format, red, rtx }.OfType<OfferedFormat>()],
                    Crypto = crypto,
                    Feedback = [.. offer.Feedback.Where(f => (f.PayloadType ?? format.PayloadType) == format.PayloadType && IsGiven(f.Value, spec))],
                };
            }
            why ??= string.Join("; ", findings.Errors.Select(e => $"{e.Pointer.TrimStart('/')} {e.Message}"));
        }
        return OfferedTrack.Refused(media, why ?? $"none of its payload types is a codec that is known: {string.Join(", ", Codecs.Keys)}");
    }

    /// <summary>Those of a codec the contract has, as preferred; RED only where there is nothing that it holds.</summary>
    private static IEnumerable<OfferedFormat> Candidates(MediaDescription media, MediaOffer offer)
    {
        var known = offer.Formats.Where(format => Codecs.ContainsKey(format.Encoding)).ToList();
        if (known.Exists(format => !format.Is("red"))) known.RemoveAll(format => format.Is("red"));
        var fitting = known.Where(format => Codecs[format.Encoding] is var codec && codec.Kind == media.Kind && codec.ClockRate == format.ClockRate).ToList();
        return fitting.Count > 0 ? fitting : known.Take(1);                          // the first says why none can be taken
    }

    /// <summary>The RED that holds Opus of this payload type (RFC 2198 §5), and nothing else.</summary>
    private static OfferedFormat? RedOf(OfferedFormat format, MediaOffer offer) => !format.Is("opus") ? null : offer.Formats.FirstOrDefault(red =>
        red.Is("red") && red.ClockRate == format.ClockRate && red.PayloadType != format.PayloadType
        && (red.Fmtp is null || red.Fmtp.Split('/').All(block => block.Trim() == $"{format.PayloadType}")));

    /// <summary>What sends packets of this payload type again (RFC 4588 §8.1).</summary>
    private static OfferedFormat? RtxOf(OfferedFormat format, MediaOffer offer) => offer.Formats.FirstOrDefault(rtx =>
        rtx.Is("rtx") && rtx.Fmtp is not null && rtx.Fmtp.Split(';', StringSplitOptions.TrimEntries).Contains($"apt={format.PayloadType}"));

    private NewTrackDto Describe(MediaDescription media, MediaOffer offer, NewParticipantDto participant, OfferedFormat format, OfferedFormat? red, OfferedFormat? rtx)
    {
        bool isVideo = media.Kind == "video", isScreen = media.Value("content") is { } content && content.Split(',').Contains("slides");
        uint? ssrc = offer.Sources.Count == 1 ? offer.Sources[0] : null;
        return new NewTrackDto
        {
            Participant = participant,
            Kind = media.Kind,
            Source = (isVideo, isScreen) switch { (true, true) => "screen", (true, _) => "camera", (_, true) => "screen_audio", _ => "microphone" },
            Codec = Codecs[format.Encoding].Word,
            PayloadType = format.PayloadType,
            ClockRate = format.ClockRate,
            Channels = format.Channels,
            Ssrc = ssrc,
            Layers = offer.Sources.Count < 2 ? [] : [.. offer.Sources.Select((layer, n) => new LayerDto(offer.Layers.Count == offer.Sources.Count ? offer.Layers[n] : null, layer))],
            RedPayloadType = red?.PayloadType,
            Rtx = rtx is null ? null : new NewRtxDto { PayloadType = rtx.PayloadType, Ssrc = ssrc is { } of && offer.Retransmissions.TryGetValue(of, out uint again) ? again : null },
            Fmtp = format.Fmtp,
            HeaderExtensions = offer.Extensions.Where(e => SdpAnswer.Understood.Contains(e.Value)).ToDictionary(e => e.Key.ToString(), e => e.Value),
            From = by.From ?? From(offer.Sender),
        };
    }

    private static NewSrtpDto? Srtp(SdpCrypto? crypto) =>
        crypto is null ? null : new NewSrtpDto { Suite = crypto.Suite.Name, Key = Convert.ToBase64String(crypto.Master) };

    /// <summary>What of the offered feedback is sent: requests for lost packets where they come again, and for pictures that need no other.</summary>
    private static bool IsGiven(string feedback, TrackSpec spec) => feedback switch
    {
        "nack" => spec.Rtx is not null,
        "nack pli" => spec.Kind == "video",
        _ => false,
    };

    /// <summary>
    /// The sender's address. FFmpeg and others write where they send to: our own address says nothing of a sender, unless it is loopback,
    /// which nobody reaches but from here.
    /// </summary>
    private string? From(IPAddress? sender) =>
        sender is null || (sender.ToString() == announced && !IPAddress.IsLoopback(sender)) ? null : $"{sender}/{8 * sender.GetAddressBytes().Length}";

    private NewParticipantDto? Participant(MediaDescription media, MediaOffer offer, bool isOnePerson)
    {
        string? name = isOnePerson ? Named(session.Name) : null;
        string? id = by.Id ?? Named(offer.Cname) ?? name ?? (isOnePerson ? Named(session.Origin.UserName) : null);
        return id is null ? null : new NewParticipantDto { Id = id, Name = by.Name ?? Named(media.Title) ?? name ?? id };
    }

    /// <summary>Null for what RFC 8866 has written where there is nothing to write.</summary>
    private static string? Named(string? text) => string.IsNullOrWhiteSpace(text) || text == "-" ? null : text;

    private static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
