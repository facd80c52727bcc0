using Pipeline.Actors.Meetings;

namespace Pipeline.Api.Sdp;

/// <summary>One m-line of an offer, and what becomes of it.</summary>
internal sealed record OfferedTrack
{
    public required MediaDescription Media { get; init; }
    /// <summary>Why no track comes of it; null where one does, and the members below are there.</summary>
    public string? Refusal { get; init; }
    public TrackSpec? Spec { get; init; }
    /// <summary>What the sender is to send: one encoding, and what belongs to it.</summary>
    public IReadOnlyList<OfferedFormat> Formats { get; init; } = [];
    /// <summary>Null: plain RTP.</summary>
    public SdpCrypto? Crypto { get; init; }
    /// <summary>What is heard of the offered feedback.</summary>
    public IReadOnlyList<OfferedFeedback> Feedback { get; init; } = [];

    public static OfferedTrack Refused(MediaDescription media, string why) => new() { Media = media, Refusal = why };

    /// <summary>For people: where in the offer, and what.</summary>
    public string Described => $"line {Media.Line}, m={Media.Kind}: {Refusal}";
}
