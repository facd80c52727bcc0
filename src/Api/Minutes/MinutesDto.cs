using Pipeline.Actors.Meetings;
using Pipeline.Api.Captions;
using Pipeline.Api.Json;
using Pipeline.Transcribe.Minutes;

namespace Pipeline.Api.Minutes;

/// <summary>Where something was said.</summary>
internal sealed record EvidenceDto(string SegmentId, long StartMs, long EndMs)
{
    public static IReadOnlyList<EvidenceDto> Of(IReadOnlyList<Evidence> evidence) =>
        [.. evidence.Select(said => new EvidenceDto(said.Segment, Milliseconds.Of(said.Start), Milliseconds.Of(said.End)))];
}

/// <param name="Evidence">Never empty.</param>
internal sealed record ClaimDto(string Text, IReadOnlyList<EvidenceDto> Evidence)
{
    public static IReadOnlyList<ClaimDto> Of(IReadOnlyList<Claim> claims) => [.. claims.Select(claim => new ClaimDto(claim.Text, EvidenceDto.Of(claim.Evidence)))];
}

/// <param name="Evidence">Never empty.</param>
/// <param name="Owner">A participant's id, or a name that was heard; null where nobody was named.</param>
/// <param name="Due">A day in the meeting's time zone.</param>
/// <param name="DueText">The words that said when.</param>
internal sealed record ActionItemDto(string Text, IReadOnlyList<EvidenceDto> Evidence, string? Owner, DateOnly? Due, string? DueText)
{
    public static ActionItemDto Of(ActionItem item) => new(item.Text, EvidenceDto.Of(item.Evidence), item.Owner, item.Due, item.DueText);
}

internal sealed record TopicDto(string Title, long StartMs, long EndMs)
{
    public static TopicDto Of(Topic topic) => new(topic.Title, Milliseconds.Of(topic.Start), Milliseconds.Of(topic.End));
}

/// <param name="TalkMs">How long the participant was heard to speak, by level and not by text.</param>
/// <param name="Turns">How often the participant began to speak after somebody else.</param>
internal sealed record AttendeeDto(string Id, string Name, long TalkMs, int Words, int Turns)
{
    public static AttendeeDto Of(AttendeeStatistics attendee) =>
        new(attendee.Id, attendee.Name, Milliseconds.Of(attendee.Talked), attendee.Words, attendee.Turns);
}

/// <summary>What a meeting came to.</summary>
internal sealed record MinutesDto
{
    public required string MeetingId { get; init; }
    public required string TranscriptVersion { get; init; }
    /// <summary>"rules".</summary>
    public required string Method { get; init; }
    public required IReadOnlyList<ClaimDto> Summary { get; init; }
    public required IReadOnlyList<TopicDto> Topics { get; init; }
    public required IReadOnlyList<ClaimDto> Decisions { get; init; }
    public required IReadOnlyList<ActionItemDto> ActionItems { get; init; }
    public required IReadOnlyList<ClaimDto> OpenQuestions { get; init; }
    public required IReadOnlyList<AttendeeDto> Participants { get; init; }
    /// <summary>What is left out and why; null where nothing is.</summary>
    public required string? Note { get; init; }

    public static MinutesDto Of(MeetingId meeting, TranscriptVersion transcript, MeetingMinutes minutes) => new()
    {
        MeetingId = meeting.ToString(),
        TranscriptVersion = TranscriptApi.Name(transcript),
        Method = minutes.Method,
        Summary = ClaimDto.Of(minutes.Summary),
        Topics = [.. minutes.Topics.Select(TopicDto.Of)],
        Decisions = ClaimDto.Of(minutes.Decisions),
        ActionItems = [.. minutes.ActionItems.Select(ActionItemDto.Of)],
        OpenQuestions = ClaimDto.Of(minutes.OpenQuestions),
        Participants = [.. minutes.Attendees.Select(AttendeeDto.Of)],
        Note = minutes.Note,
    };
}
