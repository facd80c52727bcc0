using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded.Search;

/// <summary>A search as SQLite's FTS5 reads it: every word is a quoted string, so that none of it can be an operator.</summary>
internal static class MatchText
{
    /// <param name="speaker">The token of who must have said it; null: anybody.</param>
    public static string Of(SearchExpression expression, string? speaker) =>
        speaker is null ? $"text : {Of(expression)}" : $"(text : {Of(expression)}) AND (speaker : \"{speaker}\")";

    public static string OfWord(string word, bool isPrefix) => $"text : {Quoted(word, isPrefix)}";

    private static string Of(SearchExpression expression) => expression switch
    {
        SearchExpression.Words words => $"({Quoted(words.Text, words.IsPrefix)})",
        SearchExpression.All all => $"({string.Join(" AND ", all.Parts.Select(Of))})",
        SearchExpression.Any any => $"({string.Join(" OR ", any.Parts.Select(Of))})",
        SearchExpression.Without without => $"({Of(without.Found)} NOT {Of(without.Excluded)})",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Quoted(string text, bool isPrefix) => $"\"{text.Replace("\"", "\"\"")}\"{(isPrefix ? " *" : "")}";
}
