using System.Buffers.Text;
using System.ComponentModel;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Pipeline.Actors.Storage.Search;
using Pipeline.Api.Meetings;
using Pipeline.Api.Problems;

namespace Pipeline.Api.Search;

/// <summary>What is looked for, said by whom and when.</summary>
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
    public Problem? TryRead(IQueryCollection parameters, out SearchQuery? query)
    {
        var errors = new List<FieldError>();
        foreach (var (name, values) in parameters)
        {
            if (name is not ("q" or "participant" or "from" or "to" or "limit" or "cursor")) errors.Add(new FieldError($"?{name}", "is not a parameter of this"));
            if (values.Count > 1) errors.Add(new FieldError($"?{name}", "is there more than once"));
        }
        SearchExpression? words = null;
        if (Q is null) errors.Add(new FieldError("?q", "is required"));
        else if (!SearchSyntax.TryParse(Q, out words, out string wrong)) errors.Add(new FieldError("?q", wrong));

        var from = Read("from", From, "must be a time such as 2026-01-02T03:04:05.678Z", MeetingListParameters.ParseTime);
        var to = Read("to", To, "must be a time such as 2026-01-02T03:04:05.678Z", MeetingListParameters.ParseTime);
        var limit = Read("limit", Limit, "must be an integer from 1 to 200", MeetingListParameters.ParseLimit);
        var after = Read("cursor", After, "must be a `next_cursor` of this search", ParseCursor);
        query = words is null ? null : new SearchQuery { Words = words, Participant = Participant, From = from, To = to, Limit = limit ?? 50, After = after };
        return errors.Count == 0 ? null : Problem.BadQuery(errors);

        T? Read<T>(string name, string? text, string otherwise, Func<string, T?> parse) where T : struct
        {
            if (text is null) return null;
            var value = parse(text);
            if (value is null) errors.Add(new FieldError($"?{name}", otherwise));
            return value;
        }
    }

    private static SearchPlace? ParseCursor(string text)
    {
        Span<byte> bytes = stackalloc byte[32];
        return text.Length <= 40 && Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out int length)
            && SearchPlace.TryParse(Encoding.ASCII.GetString(bytes[..length]), out var place) ? place : null;
    }
}
