using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Pipeline.Actors.Storage.Search;
using Pipeline.Api.Auth;
using Pipeline.Api.Json;
using Pipeline.Api.Meetings;
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
    public required SpeakerDto Participant { get; init; }
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
        Participant = SpeakerDto.Of(hit.Segment.Participant),
        StartMs = Milliseconds.Of(hit.Segment.Start),
        Snippet = Html(hit.Snippet),
        Score = Math.Round(hit.Score, 4),
    };

    private static string Html(IReadOnlyList<SnippetPart> parts) =>
        string.Concat(parts.Select(part => part.IsHit ? $"<mark>{Escape(part.Text)}</mark>" : Escape(part.Text)));

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;").Replace("\"", "&quot;");
}

internal sealed record SearchPageDto(IReadOnlyList<SearchHitDto> Data, string? NextCursor);

/// <summary>What was said, in all of a tenant's meetings.</summary>
internal static class SearchApi
{
    /// <summary>An index of a million segments takes minutes; most are small.</summary>
    private static readonly TimeSpan SoonMade = TimeSpan.FromSeconds(5);

    public static void MapSearch(this IEndpointRouteBuilder v1) =>
        v1.MapGet("/search", Find).RequireScope(Scopes.ArchiveRead).WithName("search")
            .WithSummary("Find what was said: words, \"phrases\", prefix*, AND, OR, NOT and parentheses")
            .AddOpenApiOperationTransformer(ApiDocument.WithLimit);

    private static async Task<Results<Ok<SearchPageDto>, Problem>> Find(
        Caller caller, [AsParameters] SearchParameters asked, HttpRequest request, ISearch search, CancellationToken ct)
    {
        if (SearchParameters.TryRead(request.Query, out var query) is { } refused) return refused;
        return await search.SearchAsync(caller.Tenant, query!, ct) switch
        {
            SearchResult.Found(var hits, var next) => TypedResults.Ok(new SearchPageDto([.. hits.Select(SearchHitDto.Of)], next is { } place ? SearchParameters.Cursor(place) : null)),
            SearchResult.NotReady => new Problem(ProblemKind.Unavailable, "The search index is being made anew.") { RetryAfter = SoonMade },
            SearchResult.TooBroad => Problem.BadQuery([new FieldError("?q", "takes too long: look for longer words, or fewer, or within a shorter time")]),
            var other => throw new UnreachableException(other.ToString()),
        };
    }
}
