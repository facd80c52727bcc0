using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Pipeline.Api.Bodies;

namespace Pipeline.Api.Sdp;

/// <summary>
/// Reads a session description (RFC 8866 §9), line by line, and puts what is wrong into the findings, each by its line. Lines may end with
/// CR LF or LF, and the order of lines within a section is not looked at; nothing else is guessed. No name is looked up.
/// </summary>
internal sealed class SdpReader
{
    /// <summary>A browser's offer of twenty video senders has some 3,000 lines.</summary>
    private const int MostLines = 10_000;
    /// <summary>Parameter sets of a video codec are the longest there are, some hundred characters.</summary>
    private const int LongestLine = 4096;
    public const int MostMedia = 100;
    private const string Types = "vosiuepcbtrzkam";

    private readonly BodyFindings findings;
    private readonly List<SdpAttribute> sessionAttributes = [];
    private readonly List<SdpAttribute> mediaAttributes = [];
    private readonly List<MediaDescription> media = [];
    private readonly HashSet<char> seen = [];
    private SdpOrigin? origin;
    private string? name;
    private IPAddress? connection;
    private MediaDescription? open;
    private int line;
    private bool failed;

    private SdpReader(BodyFindings findings) => this.findings = findings;

    /// <summary>Null, with findings, unless every line can be read and what must be there is.</summary>
    public static SessionDescription? Read(string text, BodyFindings findings)
    {
        var reader = new SdpReader(findings);
        reader.ReadLines(text);
        return reader.Finish();
    }

    /// <summary>How a finding names its place: there is no JSON to point into, so the pointer is to the body and the words say the line.</summary>
    public static void Invalid(BodyFindings findings, int line, string message) => findings.Invalid("", $"line {line}: {message}");

    private void ReadLines(string text)
    {
        foreach (var range in text.AsSpan().TrimEnd("\r\n").Split('\n'))
        {
            line++;
            if (findings.IsFull) return;
            if (line > MostLines)
            {
                Invalid($"a description has at most {MostLines} lines");
                return;
            }
            var found = text.AsSpan(range);
            ReadLine(found.EndsWith("\r") ? found[..^1] : found);
        }
    }

    private void ReadLine(ReadOnlySpan<char> found)
    {
        if (found.Length > LongestLine) Invalid($"is longer than {LongestLine} characters");
        else if (found.Length < 2 || found[1] != '=') Invalid("must be a letter, \"=\" and a value");
        else if (!Types.Contains(found[0])) Invalid("has a type that SDP does not have");
        else if (found.ContainsAnyInRange('\0', '\b') || found.ContainsAnyInRange('\n', '\x1f') || found.Contains('\x7f')) Invalid("must not hold control characters");
        else if (line == 1 && found is not "v=0") Invalid("must be \"v=0\"");
        else Take(found[0], found[2..].ToString());
    }

    private void Take(char type, string value)
    {
        switch (type)
        {
            case 'v' when line > 1: Invalid("v= is the first line and no other"); break;
            case 'o' when Once(type): ReadOrigin(value); break;
            case 's' when Once(type): name = value; break;
            case 'i' when open is not null: open = open with { Title = value }; break;
            case 'c': ReadConnection(value); break;
            case 'm': ReadMedia(value); break;
            case 'a': ReadAttribute(value); break;
        }
    }

    private bool Once(char type)
    {
        if (open is not null) Invalid($"{type}= belongs before the first m=");
        else if (!seen.Add(type)) Invalid($"{type}= is there more than once");
        else return true;
        return false;
    }

    private void ReadOrigin(string value)
    {
        if (value.Split(' ') is [{ Length: > 0 } user, var id, var version, "IN", "IP4" or "IP6", { Length: > 0 }]
            && IsNumber(id) && IsNumber(version)) origin = new SdpOrigin(user, id, version);
        else Invalid("must be \"o=<user> <session id> <version> IN IP4|IP6 <address>\"");
    }

    private void ReadConnection(string value)
    {
        string[] parts = value.Split(' ');
        if (parts is not ["IN", "IP4" or "IP6", var where])
        {
            Invalid("must be \"c=IN IP4|IP6 <address>\"");
            return;
        }
        string written = where.Split('/')[0];                                        // behind it a multicast's reach
        var family = parts[1] == "IP4" ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6;
        if (!IsAddress(written, family) || !IPAddress.TryParse(written, out var address) || address.AddressFamily != family)
            Invalid($"must hold an {parts[1]} address: names are not looked up");
        else if (open is null) connection = address;
        else open = open with { Connection = address };
    }

    /// <summary>What the framework takes for an address besides: "1", "0x7f.1", "fe80::1%eth0".</summary>
    private static bool IsAddress(string text, AddressFamily family) => family == AddressFamily.InterNetwork
        ? text.Split('.') is { Length: 4 } octets && octets.All(octet => octet.Length is 1 or 2 or 3 && octet.All(char.IsAsciiDigit) && (octet.Length == 1 || octet[0] != '0'))
        : text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.');

    private void ReadMedia(string value)
    {
        CloseMedia();
        string[] parts = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (media.Count == MostMedia) Invalid($"a description has at most {MostMedia} m-lines");
        if (parts.Length >= 4 && IsToken(parts[0]) && IsPort(parts[1], out int port) && parts[2].Split('/').All(IsToken) && parts[3..].All(IsToken))
            open = new MediaDescription { Line = line, Kind = parts[0], Port = port, Protocol = parts[2], Formats = parts[3..] };
        else
        {
            Invalid("must be \"m=<media> <port> <protocol> <format> …\"");
            open = new MediaDescription { Line = line, Kind = "", Port = 0, Protocol = "", Formats = [] };   // so that what follows is not the session's
        }
    }

    private void ReadAttribute(string value)
    {
        int colon = value.IndexOf(':');
        string attribute = colon < 0 ? value : value[..colon];
        if (IsToken(attribute)) (open is null ? sessionAttributes : mediaAttributes).Add(new SdpAttribute(attribute, colon < 0 ? null : value[(colon + 1)..], line));
        else Invalid("must be \"a=<name>\" or \"a=<name>:<value>\"");
    }

    private void CloseMedia()
    {
        if (open is null) return;
        media.Add(open with { Attributes = [.. mediaAttributes] });
        mediaAttributes.Clear();
    }

    private SessionDescription? Finish()
    {
        CloseMedia();
        if (!failed && origin is null) findings.Invalid("", "an o= line is required");
        if (!failed && name is null) findings.Invalid("", "an s= line is required");
        if (failed || origin is null || name is null) return null;
        return new SessionDescription
        {
            Origin = origin,
            Name = name,
            Connection = connection,
            Attributes = sessionAttributes,
            Media = [.. media.Select(m => m.Connection is null ? m with { Connection = connection } : m)],
        };
    }

    private void Invalid(string message)
    {
        failed = true;
        Invalid(findings, line, message);
    }

    private static bool IsNumber(string text) => text.Length is > 0 and <= 40 && text.All(char.IsAsciiDigit);

    /// <summary>A second number, of ports, says nothing here.</summary>
    private static bool IsPort(string text, out int port)
    {
        string[] parts = text.Split('/');
        return int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= 65535 && parts.Length <= 2 && parts.Skip(1).All(IsNumber);
    }

    /// <summary>RFC 8866 §9, `token-char`.</summary>
    public static bool IsToken(string text) => text.Length > 0 && text.All(c => c is > ' ' and < '\x7f' and not ('"' or '(' or ')' or ',' or '/' or ':' or ';' or '<' or '=' or '>' or '?' or '@' or '[' or '\\' or ']'));
}
