using System.Diagnostics;
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

    public static CaptionDto Of(SegmentUpdate update) => update switch
    {
        SegmentUpdate.Final final => Of(final.Segment),
        SegmentUpdate.Partial partial => Of(partial.Track, partial.Caption),
        // What was promised of it goes too: it is in no transcript.
        SegmentUpdate.Withdrawn gone => Of(gone.Track, gone.Last) with { Rev = gone.Last.Revision + 1, Final = true, StableChars = 0, Text = "", Words = [] },
        _ => throw new UnreachableException(),
    };

    /// <summary>Of a final every character is stable.</summary>
    private static CaptionDto Of(Segment segment) => new()
    {
        Id = segment.Id.ToString(),
        Rev = segment.Rev,
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

    private static CaptionDto Of(Track track, Caption partial) => new()
    {
        Id = new SegmentId(partial.Segment).ToString(),
        Rev = partial.Revision,
        Final = false,
        StableChars = JsonFields.Characters(string.Join(' ', partial.Words.Take(partial.StableWords).Select(word => word.Text))),
        Late = partial.Late,
        Participant = SpeakerDto.Of(track.Spec.Participant),
        TrackId = track.Id.ToString(),
        StartMs = Milliseconds.Of(partial.Start),
        EndMs = Milliseconds.Of(partial.End),
        Text = partial.Text,
        Language = partial.Language,
        Words = WordDto.Of(partial.Words),
    };
}
