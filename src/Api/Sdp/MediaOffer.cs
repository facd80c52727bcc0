using System.Net;
using Pipeline.Api.Bodies;

namespace Pipeline.Api.Sdp;

/// <summary>One payload type of an m-line.</summary>
/// <param name="Encoding">As it was written: "opus", "PCMU", "rtx".</param>
internal sealed record OfferedFormat(byte PayloadType, string Encoding, int ClockRate, int Channels, string? Fmtp)
{
    public bool Is(string encoding) => Encoding.Equals(encoding, StringComparison.OrdinalIgnoreCase);
}

/// <summary>`a=rtcp-fb` (RFC 4585 §4.2).</summary>
/// <param name="PayloadType">Null: all of the m-line.</param>
internal sealed record OfferedFeedback(byte? PayloadType, string Value);

/// <summary>What an m-line of RTP says of its sender's media.</summary>
internal sealed record MediaOffer
{
    /// <summary>Payload types that need no `a=rtpmap` (RFC 3551 §6), of those that are recorded. G.722 is at 16 kHz, and written as 8.</summary>
    private static readonly OfferedFormat[] Static = [new(0, "PCMU", 8000, 1, null), new(8, "PCMA", 8000, 1, null), new(9, "G722", 8000, 1, null)];

    /// <summary>In the order of preference; those without `a=rtpmap` that are not static are left out.</summary>
    public required IReadOnlyList<OfferedFormat> Formats { get; init; }
    /// <summary>False: recvonly or inactive.</summary>
    public required bool IsSending { get; init; }
    /// <summary>The sources of media itself, in order: without those that repair others.</summary>
    public required IReadOnlyList<uint> Sources { get; init; }
    /// <summary>What retransmits a source (`ssrc-group:FID`), by that source.</summary>
    public required IReadOnlyDictionary<uint, uint> Retransmissions { get; init; }
    /// <summary>The sources are layers of one picture (`ssrc-group:SIM`).</summary>
    public required bool SourcesAreLayers { get; init; }
    /// <summary>Whose they are (RFC 3550 §6.5.1); null where it is not said.</summary>
    public required string? Cname { get; init; }
    /// <summary>Ids of simulcast layers as they are sent (RFC 8853).</summary>
    public required IReadOnlyList<string> Layers { get; init; }
    /// <summary>Id to URI; those of the session too.</summary>
    public required IReadOnlyDictionary<int, string> Extensions { get; init; }
    public required IReadOnlyList<OfferedFeedback> Feedback { get; init; }
    /// <summary>Those that can be taken, in order of preference.</summary>
    public required IReadOnlyList<SdpCrypto> Cryptos { get; init; }
    /// <summary>The sender, if it is one host: neither nobody, nor everybody, nor a group.</summary>
    public required IPAddress? Sender { get; init; }

    /// <summary>What cannot be understood goes into the findings; what is unknown is left out, as RFC 8866 asks for.</summary>
    public static MediaOffer Read(MediaDescription media, SessionDescription session, BodyFindings findings)
    {
        var reader = new MediaOfferReader(media, findings);
        var groups = reader.Groups();
        var secondary = groups.Where(group => group.Semantics is "FID" or "FEC-FR").SelectMany(group => group.Sources.Skip(1)).ToHashSet();
        var (sources, cname) = reader.Sources();
        return new MediaOffer
        {
            Formats = reader.Formats(Static),
            IsSending = IsSent(media.Attributes) ?? IsSent(session.Attributes) ?? true,
            Sources = [.. sources.Where(source => !secondary.Contains(source))],
            Retransmissions = groups.Where(group => group is { Semantics: "FID", Sources.Count: 2 }).DistinctBy(group => group.Sources[0])
                .ToDictionary(group => group.Sources[0], group => group.Sources[1]),
            SourcesAreLayers = groups.Any(group => group.Semantics == "SIM"),
            Cname = cname,
            Layers = reader.Layers(),
            Extensions = reader.Extensions(session.Attributes),
            Feedback = reader.Feedback(),
            Cryptos = reader.Cryptos(),
            Sender = media.Connection is { } address && IsOneHost(address) ? address : null,
        };
    }

    /// <summary>Null where the attributes do not say.</summary>
    private static bool? IsSent(IReadOnlyList<SdpAttribute> attributes) =>
        attributes.FirstOrDefault(attribute => attribute.Name is "sendrecv" or "sendonly" or "recvonly" or "inactive")?.Name is { } said ? said.StartsWith("send", StringComparison.Ordinal) : null;

    private static bool IsOneHost(IPAddress address) =>
        !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any) && !address.Equals(IPAddress.Broadcast)
        && !address.IsIPv6Multicast && !(address.GetAddressBytes() is { Length: 4 } octets && octets[0] is >= 224 and <= 239);
}
