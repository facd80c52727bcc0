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
    /// <summary>Characters. The engine's time for one text grows with the square of its hits; of a longer one the first piece with a hit is shown.</summary>
    private const int Piece = 1000;
    /// <summary>Control characters, which no text of the archive needs.</summary>
    private const char Begin = '\u0002', End = '\u0003';

    /// <summary>One for each text, in order. A text without a hit is shown without marks, its beginning if it is long.</summary>
    /// <exception cref="SqliteException">SQLITE_INTERRUPT: when cancelled.</exception>
    public static List<IReadOnlyList<SnippetPart>> Of(SearchExpression words, IReadOnlyList<string> texts, CancellationToken ct)
    {
        SystemSqlite.Use();
        using var connection = new SqliteConnection("Data Source=:memory:;Pooling=False");
        connection.Open();
        connection.InterruptOn(ct);
        connection.Run("CREATE VIRTUAL TABLE spoken USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')");
        List<(int Text, int At, int Length)> pieces = [];
        for (int i = 0; i < texts.Count; i++)
            foreach (var (at, length) in Pieces(texts[i]))
            {
                string piece = texts[i].Substring(at, length).Replace(Begin, ' ').Replace(End, ' ');
                connection.Run("INSERT INTO spoken (rowid, text) VALUES ($row, $text)", ("$row", pieces.Count), ("$text", piece));
                pieces.Add((i, at, length));
            }

        var parts = new IReadOnlyList<SnippetPart>?[texts.Count];
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT rowid, snippet(spoken, 0, char({(int)Begin}), char({(int)End}), '…', {MostWords}) FROM spoken WHERE spoken MATCH $match ORDER BY rowid";
        command.Parameters.AddWithValue("$match", MatchText.Of(words, speaker: null));
        using (var reader = command.ExecuteReader())
            while (reader.Read())
            {
                var (text, at, length) = pieces[reader.GetInt32(0)];
                if (parts[text] is null) parts[text] = Split(Cut(reader.GetString(1), at > 0, at + length < texts[text].Length));
            }
        return [.. parts.Select((part, i) => part ?? [new SnippetPart(Beginning(texts[i]), false)])];
    }

    /// <summary>Cut at spaces where there are some.</summary>
    private static IEnumerable<(int At, int Length)> Pieces(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            int length = Math.Min(Piece, text.Length - at);
            if (at + length < text.Length && text.LastIndexOf(' ', at + length - 1, length) is var space && space > at) length = space - at;
            yield return (at, length);
            at += length;
        }
    }

    private static string Beginning(string text) => Pieces(text).FirstOrDefault() is var (_, length) && length < text.Length ? Cut(text[..length], false, true) : text;

    private static string Cut(string piece, bool before, bool after) => $"{(before ? "…" : "")}{piece}{(after ? "…" : "")}";

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
