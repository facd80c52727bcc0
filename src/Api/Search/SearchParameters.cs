using System.Buffers.Text;
using System.ComponentModel;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Storage.Search;
using Pipeline.Api.Bodies;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Search;

/// <summary>What is looked for, said by whom and when. For the API's description: <see cref="TryRead"/> does the reading.</summary>
internal sealed record SearchParameters(
    [property: FromQuery(Name = "q"), Description("Words, \"phrases\", prefix*, AND, OR, NOT, parentheses; required")] string? Q,
    [property: FromQuery(Name = "participant"), Description("A participant's id")] string? Participant,
    [property: FromQuery(Name = "from"), Description("Said at this time or later (ISO 8601)")] string? From,
    [property: FromQuery(Name = "to"), Description("Said before this (ISO 8601)")] string? To,
    [property: FromQuery(Name = "limit"), Description("How many at most")] string? Limit,
    [property: FromQuery(Name = "cursor"), Description("The `next_cursor` of the page before")] string? After)
{
    public static string Cursor(SearchPlace place) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(place.ToString()));

    /// <summary>Null when it is a search; else everything that is wrong with it.</summary>
    public static Problem? TryRead(IQueryCollection parameters, out SearchQuery? query)
    {
        var fields = new QueryFields(parameters);
        SearchExpression? words = null;
        if (fields.Text("q") is not { } q) fields.Invalid("q", "is required");
        else if (!SearchSyntax.TryParse(q, out words, out string wrong)) fields.Invalid("q", wrong);

        var (participant, from, to) = (fields.Text("participant"), fields.Time("from"), fields.Time("to"));
        int limit = (int)fields.Integer("limit", 50, 1, 200);
        var after = fields.Read<SearchPlace>("cursor", "must be a `next_cursor` of this search", ParseCursor);
        query = words is null ? null : new SearchQuery { Words = words, Participant = participant, From = from, To = to, Limit = limit, After = after };
        return fields.Refusal();
    }

    private static SearchPlace? ParseCursor(string text)
    {
        Span<byte> bytes = stackalloc byte[32];
        return text.Length <= 40 && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int length)
            && SearchPlace.TryParse(Encoding.ASCII.GetString(bytes[..length]), out var place) ? place : null;
    }
}
