using System.ComponentModel.DataAnnotations;
using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Meetings;

/// <summary>What is to be another way of a meeting (RFC 7396); what is left out stays.</summary>
internal sealed record MeetingChangeDto
{
    [MaxLength(NewMeeting.LongestTitle)]
    public string? Title { get; init; }
    /// <summary>Put in by name, or with null taken out; null: all of it. At most 50 members afterwards, values of at most 500 characters.</summary>
    public IReadOnlyDictionary<string, string?>? Metadata { get; init; }
    /// <summary>In the place of the words there were, for what is said from now on; null: none.</summary>
    [MaxLength(NewMeeting.MostWords)]
    public IReadOnlyList<string>? Vocabulary { get; init; }
}

/// <summary>Reads the body of `PATCH /v1/meetings/{id}`.</summary>
internal static class MeetingChange
{
    /// <summary>Null when there is something to do; else everything that is wrong.</summary>
    public static Problem? TryRead(RequestBody body, out MeetingPatch patch)
    {
        patch = new MeetingPatch();
        var findings = new BodyFindings();
        if (JsonBody.TryParse(body, findings, out var root) is { } refused) return refused;
        if (JsonFields.Of(root, "", findings) is not { } fields) return findings.Refusal();

        patch = patch with
        {
            Title = fields.TryGet("title", out _) ? fields.NullableText("title", NewMeeting.LongestTitle) ?? "" : null,
            ClearMetadata = fields.TryGet("metadata", out _) && !fields.TryGet("metadata", out _, nullable: true),
            Metadata = fields.TryGet("metadata", out _, nullable: true) ? fields.TextPatches("metadata", longestName: NewMeeting.LongestMetadataName, longest: NewMeeting.LongestMetadata) : null,
            Vocabulary = !fields.TryGet("vocabulary", out _) ? null : fields.TryGet("vocabulary", out _, nullable: true) ? NewMeeting.ReadVocabulary(fields) : [],
        };
        NewMeeting.RefuseUnusedMembers(fields);
        fields.RefuseOthers();
        return findings.Refusal();
    }

    /// <summary>What there would be with it is too much.</summary>
    public static Problem TooMuchMetadata => new(
        ProblemKind.ValidationFailed, "The body has fields that are not valid.", [new FieldError("/metadata", $"must have at most {MeetingPatch.MaxMetadata} members")]);
}
