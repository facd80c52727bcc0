using Pipeline.Actors.Meetings;
using Pipeline.Api.Bodies;
using Pipeline.Api.Json;
using Pipeline.Api.Meetings;
using Pipeline.Transcribe.Captions;

namespace Pipeline.Api.Captions;

/// <param name="Confidence">0 … 1.</param>
internal sealed record WordDto(string Text, long StartMs, long EndMs, double Confidence)
{
    public static IReadOnlyList<WordDto> Of(IReadOnlyList<Word> words) =>
        [.. words.Select(word => new WordDto(word.Text, Milliseconds.Of(word.Start), Milliseconds.Of(word.End), Math.Round(word.Confidence, 3)))];
}

/// <summary>One revision of a segment; a higher one replaces it.</summary>
internal sealed record CaptionDto
{
    public required string Id { get; init; }
    public required int Rev { get; init; }
    public required bool Final { get; init; }
    /// <summary>So many characters (Unicode code points) of the text never change.</summary>
    public required int StableChars { get; init; }
    public required bool Late { get; init; }
    public required SpeakerDto Participant { get; init; }
    public required string TrackId { get; init; }
    public required long StartMs { get; init; }
    public required long EndMs { get; init; }
    public required string Text { get; init; }
    public required string Language { get; init; }
    public required IReadOnlyList<WordDto> Words { get; init; }

    /// <summary>A final: its first revision and its last, all of it stable.</summary>
    public static CaptionDto Of(Segment segment) => new()
    {
        Id = segment.Id.ToString(),
        Rev = 1,
        Final = true,
        StableChars = JsonFields.Characters(segment.Text),
        Late = segment.Late,
        Participant = SpeakerDto.Of(segment.Participant),
        TrackId = segment.Track.ToString(),
        StartMs = Milliseconds.Of(segment.Start),
        EndMs = Milliseconds.Of(segment.End),
        Text = segment.Text,
        Language = segment.Language,
        Words = WordDto.Of(segment.Words),
    };
}
