using System.Globalization;
using Pipeline.Api.Bodies;

namespace Pipeline.Api.Sdp;

/// <summary>Reads the attributes of one m-line.</summary>
internal sealed class MediaOfferReader(MediaDescription media, BodyFindings findings)
{
    /// <summary>Of a picture's layers and what repairs them there are a handful.</summary>
    private const int MostSources = 100;

    /// <summary>There are 128, and a browser offers some forty.</summary>
    private const int MostFormats = 64;

    public readonly record struct SourceGroup(string Semantics, IReadOnlyList<uint> Sources);

    /// <summary>RFC 8866 §6.6 and §6.15: those of the m-line, in its order.</summary>
    public List<OfferedFormat> Formats(IReadOnlyList<OfferedFormat> wellKnown)
    {
        var maps = new Dictionary<byte, OfferedFormat>();
        foreach (var attribute in media.All("rtpmap"))
            if (ReadMap(attribute) is { } format) maps.TryAdd(format.PayloadType, format);
        var parameters = new Dictionary<byte, string>();
        foreach (var attribute in media.All("fmtp"))
            if (Split(attribute, ' ') is [var type, var value] && TryPayloadType(type, out byte number)) parameters.TryAdd(number, value.Trim());
            else Invalid(attribute, "must be \"a=fmtp:<payload type> <parameters>\"");

        var formats = new List<OfferedFormat>();
        if (media.Formats.Count > MostFormats)
        {
            SdpReader.Invalid(findings, media.Line, $"an m-line has at most {MostFormats} payload types");
            return formats;
        }
        foreach (string listed in media.Formats.Distinct())
        {
            if (!TryPayloadType(listed, out byte number)) SdpReader.Invalid(findings, media.Line, "payload types are numbers from 0 to 127");
            else if ((maps.GetValueOrDefault(number) ?? wellKnown.FirstOrDefault(known => known.PayloadType == number)) is { } format)
                formats.Add(format with { Fmtp = parameters.GetValueOrDefault(number) });
        }
        return formats;
    }

    /// <summary>RFC 5576 §4.1.</summary>
    /// <returns>Each once, in order, and the first `cname`.</returns>
    public (List<uint> Sources, string? Cname) Sources()
    {
        var sources = new List<uint>();
        string? cname = null;
        foreach (var attribute in media.All("ssrc"))
        {
            string[] parts = Split(attribute, ' ');
            if (!TrySource(parts[0], out uint source))
            {
                Invalid(attribute, "must be \"a=ssrc:<number> <attribute>\"");
                continue;
            }
            if (!sources.Contains(source)) sources.Add(source);
            if (parts.Length > 1 && parts[1].StartsWith("cname:", StringComparison.Ordinal)) cname ??= parts[1]["cname:".Length..];
            if (sources.Count > MostSources)
            {
                Invalid(attribute, $"an m-line has at most {MostSources} sources");
                break;
            }
        }
        return (sources, cname);
    }

    /// <summary>RFC 5576 §4.2.</summary>
    public List<SourceGroup> Groups()
    {
        var groups = new List<SourceGroup>();
        foreach (var attribute in media.All("ssrc-group"))
        {
            string[] parts = (attribute.Value ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var sources = new List<uint>();
            foreach (string part in parts.Skip(1))
                if (TrySource(part, out uint source)) sources.Add(source);
            if (parts.Length == 0 || sources.Count != parts.Length - 1) Invalid(attribute, "must be \"a=ssrc-group:<semantics> <ssrc> …\"");
            else groups.Add(new SourceGroup(parts[0], sources));
        }
        return groups;
    }

    /// <summary>RFC 8853 §5.1: the first alternative of each, those that begin paused too.</summary>
    public List<string> Layers()
    {
        if (media.Attributes.FirstOrDefault(attribute => attribute.Name == "simulcast") is not { } attribute) return [];
        string[] parts = (attribute.Value ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is not (2 or 4)) Invalid(attribute, "must be \"a=simulcast:send <rid>;<rid>\"");
        for (int i = 0; i + 1 < parts.Length; i += 2)
        {
            if (parts[i] != "send") continue;
            List<string> rids = [.. parts[i + 1].Split(';').Select(layer => layer.Split(',')[0].TrimStart('~'))];
            if (rids.All(rid => rid.Length is > 0 and <= 255 && rid.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))) return rids;
            Invalid(attribute, "must name its layers by rid");
        }
        return [];
    }

    /// <summary>RFC 8285 §5; ids above 255 are only for negotiating, and no packet has them.</summary>
    public Dictionary<int, string> Extensions(IReadOnlyList<SdpAttribute> ofSession)
    {
        var extensions = new Dictionary<int, string>();
        foreach (var attribute in ofSession.Where(attribute => attribute.Name == "extmap").Concat(media.All("extmap")))
        {
            string[] parts = (attribute.Value ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            string[] id = parts.Length < 2 ? [""] : parts[0].Split('/');
            if (!int.TryParse(id[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number == 0 || parts[1].Length > 500)
                Invalid(attribute, "must be \"a=extmap:<id> <URI>\"");
            else if (number <= 255 && (id.Length == 1 || id[1] is "sendrecv" or "sendonly")) extensions[number] = parts[1];
        }
        return extensions;
    }

    public List<OfferedFeedback> Feedback()
    {
        var feedback = new List<OfferedFeedback>();
        foreach (var attribute in media.All("rtcp-fb"))
        {
            string[] parts = Split(attribute, ' ');
            byte number = 0;
            if (parts.Length == 2 && (parts[0] == "*" || TryPayloadType(parts[0], out number))) feedback.Add(new OfferedFeedback(parts[0] == "*" ? null : number, parts[1].Trim()));
            else Invalid(attribute, "must be \"a=rtcp-fb:<payload type> <feedback>\"");
        }
        return feedback;
    }

    public List<SdpCrypto> Cryptos()
    {
        var cryptos = new List<SdpCrypto>();
        foreach (var attribute in media.All("crypto"))
        {
            if (SdpCrypto.TryRead(attribute.Value ?? "", out string? wrong) is { } crypto) cryptos.Add(crypto);
            else if (wrong is not null) Invalid(attribute, wrong);
        }
        return cryptos;
    }

    private OfferedFormat? ReadMap(SdpAttribute attribute)
    {
        if (Split(attribute, ' ') is [var type, var encoding] && TryPayloadType(type, out byte number)
            && encoding.Trim().Split('/') is [var name, var rate, .. var rest] && SdpReader.IsToken(name) && name.Length <= 50
            && TryPositive(rate, out int clock) && rest.Length <= 1)
        {
            int channels = 1;
            if (rest.Length == 0 || TryPositive(rest[0], out channels)) return new OfferedFormat(number, name, clock, channels, null);
        }
        Invalid(attribute, "must be \"a=rtpmap:<payload type> <encoding>/<clock rate>\"");
        return null;
    }

    private void Invalid(SdpAttribute attribute, string message) => SdpReader.Invalid(findings, attribute.Line, message);

    private static string[] Split(SdpAttribute attribute, char separator) => (attribute.Value ?? "").Split(separator, 2);

    private static bool TryPayloadType(string text, out byte number) => byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= 127;

    private static bool TrySource(string text, out uint source) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out source);

    private static bool TryPositive(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
}
