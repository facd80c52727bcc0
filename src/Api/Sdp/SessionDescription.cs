using System.Net;

namespace Pipeline.Api.Sdp;

/// <summary>`a=name` or `a=name:value`.</summary>
/// <param name="Value">Null where there is no colon.</param>
/// <param name="Line">From 1.</param>
internal sealed record SdpAttribute(string Name, string? Value, int Line);

/// <summary>`o=`: whose session it is, and which.</summary>
/// <param name="UserName">"-" where there is none.</param>
internal sealed record SdpOrigin(string UserName, string SessionId, string Version);

/// <summary>A session description as it was written (RFC 8866): lines are well formed, and what their attributes mean is not looked at yet.</summary>
internal sealed record SessionDescription
{
    public required SdpOrigin Origin { get; init; }
    /// <summary>`s=`; "-" or blank where it has none.</summary>
    public required string Name { get; init; }
    /// <summary>`c=` of the session; null where there is none.</summary>
    public required IPAddress? Connection { get; init; }
    public required IReadOnlyList<SdpAttribute> Attributes { get; init; }
    public required IReadOnlyList<MediaDescription> Media { get; init; }
}

/// <summary>An m-line with all that belongs to it.</summary>
internal sealed record MediaDescription
{
    /// <summary>From 1.</summary>
    public required int Line { get; init; }
    /// <summary>"audio", "video", "application", …</summary>
    public required string Kind { get; init; }
    /// <summary>0 … 65535; 0: rejected, or bundled with another.</summary>
    public required int Port { get; init; }
    /// <summary>As "RTP/AVP".</summary>
    public required string Protocol { get; init; }
    /// <summary>Payload types, where it is RTP. At least one.</summary>
    public required IReadOnlyList<string> Formats { get; init; }
    /// <summary>`i=`: what it is, for people.</summary>
    public string? Title { get; init; }
    /// <summary>`c=` of its own, else the session's.</summary>
    public IPAddress? Connection { get; init; }
    public IReadOnlyList<SdpAttribute> Attributes { get; init; } = [];

    /// <summary>The value of the first attribute of this name; null where there is none, or it has no value.</summary>
    public string? Value(string name) => Attributes.FirstOrDefault(attribute => attribute.Name == name)?.Value;

    public bool Has(string name) => Attributes.Any(attribute => attribute.Name == name);

    public IEnumerable<SdpAttribute> All(string name) => Attributes.Where(attribute => attribute.Name == name);
}
