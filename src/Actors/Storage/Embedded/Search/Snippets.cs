using Microsoft.Data.Sqlite;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded.Search;

/// <summary>
/// Finds the hits within texts: by the same engine with the same rules as the index, over a table in memory that lives as long as
/// the question.
/// </summary>
internal static class Snippets
{
    /// <summary>Half a minute of speech; of what is longer, the piece with the most hits.</summary>
    private const int MostWords = 48;
    /// <summary>Control characters, which no text of the archive needs.</summary>
    private const char Begin = '\u0002', End = '\u0003';

    /// <summary>One for each text, in order. A text without a hit is shown without marks.</summary>
    public static List<IReadOnlyList<SnippetPart>> Of(SearchExpression words, IReadOnlyList<string> texts)
    {
        SystemSqlite.Use();
        using var connection = new SqliteConnection("Data Source=:memory:;Pooling=False");
        connection.Open();
        connection.Run("CREATE VIRTUAL TABLE spoken USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')");
        for (int i = 0; i < texts.Count; i++)
            connection.Run("INSERT INTO spoken (rowid, text) VALUES ($row, $text)", ("$row", i), ("$text", texts[i].Replace(Begin, ' ').Replace(End, ' ')));

        var parts = new IReadOnlyList<SnippetPart>?[texts.Count];
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT rowid, snippet(spoken, 0, char({(int)Begin}), char({(int)End}), '…', {MostWords}) FROM spoken WHERE spoken MATCH $match";
        command.Parameters.AddWithValue("$match", MatchText.Of(words, speaker: null));
        using (var reader = command.ExecuteReader())
            while (reader.Read()) parts[reader.GetInt32(0)] = Split(reader.GetString(1));
        return [.. parts.Select((part, i) => part ?? [new SnippetPart(texts[i], false)])];
    }

    private static List<SnippetPart> Split(string marked)
    {
        List<SnippetPart> parts = [];
        bool hit = false;
        for (int at = 0; at < marked.Length;)
        {
            int end = marked.IndexOf(hit ? End : Begin, at);
            if (end < 0) end = marked.Length;
            if (end > at) parts.Add(new SnippetPart(marked[at..end], hit));
            (at, hit) = (end + 1, !hit);
        }
        return parts;
    }
}
