using System.Buffers.Text;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.OpenApi;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Search;

/// <summary>One segment that was found.</summary>
internal sealed record SearchHitDto
{
    public required string MeetingId { get; init; }
    public required string Title { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required string SegmentId { get; init; }
    public required Meetings.SpeakerDto Participant { get; init; }
    public required long StartMs { get; init; }
    /// <summary>HTML: escaped text, what was found between `&lt;mark&gt;` and `&lt;/mark&gt;`, and no other element.</summary>
    public required string Snippet { get; init; }
    /// <summary>Higher is better; 0 where hits come newest first.</summary>
    public required double Score { get; init; }

    public static SearchHitDto Of(SearchHit hit) => new()
    {
        MeetingId = hit.Segment.Meeting.ToString(),
        Title = hit.Title,
        StartedAt = hit.StartedAt,
        SegmentId = hit.Segment.Id.ToString(),
        Participant = Meetings.SpeakerDto.Of(hit.Segment.Participant),
        StartMs = Milliseconds.Of(hit.Segment.Start),
        Snippet = Html(hit.Snippet),
        Score = Math.Round(hit.Score, 4),
    };

    private static string Html(IReadOnlyList<SnippetPart> parts)
    {
        var html = new StringBuilder();
        foreach (var part in parts)
        {
            if (part.IsHit) html.Append("<mark>");
            html.Append(part.Text).Replace("&", "&amp;", html.Length - part.Text.Length, part.Text.Length);
            int from = html.Length;
            while (from > 0 && html[from - 1] != '>') from--;
            if (part.IsHit) html.Append("</mark>");
        }
        return html.ToString();
    }
}

internal sealed record SearchPageDto(IReadOnlyList<SearchHitDto> Data, string? NextCursor);
