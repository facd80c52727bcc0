using System.Text;
using System.Text.Json.Serialization;
using Pipeline.Actors.Sources.Janus;

namespace Pipeline.Actors.Meetings;

/// <summary>Where the node fetches a meeting's media itself: a room of a Janus VideoRoom.</summary>
/// <param name="Url">`ws://…` or `wss://…`; without anything secret in it.</param>
public sealed record SourceSpec(string Url, JanusId Room)
{
    /// <summary>The only type there is.</summary>
    public const string Janus = "janus";

    /// <summary>The secrets, sealed under the meeting's key; null: there are none.</summary>
    public byte[]? Sealed { get; init; }

    /// <summary>The same as the platform sent them. Gone once they are sealed, before anything is decided or stored.</summary>
    [JsonIgnore]
    public SourceSecrets? Offered { get; init; }
}

/// <summary>What a Janus wants to be told. Its text says only whether there are any.</summary>
/// <param name="Secret">The room's: without it nothing is forwarded where the room has one.</param>
/// <param name="Pin">The room's: without it nobody enters where the room has one.</param>
/// <param name="ApiSecret">Janus' own, with every request.</param>
/// <param name="AdminKey">VideoRoom's, where forwarding is locked with it.</param>
public sealed record SourceSecrets(string? Secret = null, string? Pin = null, string? ApiSecret = null, string? AdminKey = null)
{
    [JsonIgnore]
    public bool IsEmpty => this == new SourceSecrets();

    private bool PrintMembers(StringBuilder text)
    {
        text.Append(IsEmpty ? "none" : "set");
        return true;
    }
}

/// <summary>How the fetching does: never there so far, there, or there once and not now.</summary>
public enum SourceStatus { Connecting, Watching, Lost }

/// <param name="Detail">What stands in the way, as one sentence of ours; null: nothing does.</param>
/// <param name="GoneSince">When the room was found to be gone, after it had been there; null: it is not known to be.</param>
public sealed record SourceState(SourceStatus Status, string? Detail = null, DateTimeOffset? GoneSince = null);
