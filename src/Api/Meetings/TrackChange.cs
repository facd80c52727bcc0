using System.ComponentModel.DataAnnotations;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>Of the participant; what is left out stays.</summary>
internal sealed record ParticipantChangeDto
{
    /// <summary>What they are called from now on; null or empty: their id.</summary>
    [MaxLength(NewTrack.LongestName)]
    public string? Name { get; init; }
    /// <summary>"granted", "denied" or "unknown".</summary>
    public string? Consent { get; init; }
}

/// <summary>What is to be another way of a track; what is left out stays.</summary>
internal sealed record TrackChangeDto
{
    public ParticipantChangeDto? Participant { get; init; }
    /// <summary>The only one it takes from now on; null: it keeps what it has and adopts what comes.</summary>
    public uint? Ssrc { get; init; }
}

/// <summary>Reads the body of `PATCH …/tracks/{track}`.</summary>
internal static class TrackChange
{
    /// <summary>Null when there is something to do; else everything that is wrong.</summary>
    public static Problem? TryRead(RequestBody body, out TrackPatch patch)
    {
        patch = new TrackPatch();
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is not { } fields) return findings.Refusal();

        if (fields.Object("participant") is { } participant)
        {
            if (participant.TryGet("id", out _)) participant.Invalid("id", "cannot be changed: leave it out");
            patch = patch with
            {
                Name = participant.TryGet("name", out _) ? participant.NullableText("name", NewTrack.LongestName) ?? "" : null,
                Consent = participant.TryGet("consent", out _) ? participant.OneOf("consent", "unknown", NewTrack.Consents) : null,
            };
            participant.RefuseOthers();
        }
        if (fields.TryGet("ssrc", out _)) patch = patch with { Ssrc = new SsrcPatch((uint?)fields.NullableInteger("ssrc", 0, uint.MaxValue)) };
        fields.RefuseOthers();
        return findings.Refusal();
    }
}
