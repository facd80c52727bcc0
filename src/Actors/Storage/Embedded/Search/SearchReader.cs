using Microsoft.Data.Sqlite;
using Pipeline.Actors.Meetings;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Storage.Embedded.Search;

/// <summary>Where a hit is: its segment is read from the archive.</summary>
internal readonly record struct FoundPlace(MeetingId Meeting, long Sequence, long Place, double Score);

/// <summary>
/// Hits of one search, best first, or newest first where a ranking would say little and cost much: when a word of it is in a tenth
/// of all segments, or when it hits more than <see cref="MostRanked"/>.
/// </summary>
internal sealed class SearchReader(SqliteConnection connection)
{
    /// <summary>A score is worked out for every hit, some microseconds each; nobody pages through more than this.</summary>
    public const int MostRanked = 10_000;
    /// <summary>A tenth of all is many only where there are many.</summary>
    private const int FewestFrequent = 1000;

    /// <summary>Opened for each search, some tenths of a millisecond: what was open would keep a file that is made anew.</summary>
    /// <param name="path">The tenant's index.</param>
    public static string ConnectionString(string path) =>
        new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString();

    /// <param name="byTime">How they are sorted: as the query's cursor says, or as the words are.</param>
    /// <returns>At most one more than the query's limit; null where there is no index of this version.</returns>
    public List<FoundPlace>? Find(SearchQuery query, out bool byTime)
    {
        connection.Run("PRAGMA query_only = ON");
        byTime = query.After is { ByTime: true };
        if (connection.Scalar<long>("PRAGMA user_version") != SearchIndex.Version) return null;
        string? speaker = null;
        if (query.Participant is { } participant)
        {
            if (Rows("SELECT number FROM speakers WHERE participant = $participant", row => row.GetInt64(0), ("$participant", participant)) is not [var number]) return [];
            speaker = SearchIndex.SpeakerToken(number);
        }
        (string, object?)[] values =
        [
            ("$match", MatchText.Of(query.Words, speaker)),
            ("$from", query.From is { } from ? CeilingPlace(from) : 0),
            ("$to", query.To is { } to ? CeilingPlace(to) : long.MaxValue),
            ("$limit", query.Limit + 1),
        ];
        byTime = query.After?.ByTime ?? (HasFrequentWord(query.Words) || IsOver(MostRanked, "rowid >= $from AND rowid < $to", values));
        return byTime ? Newest(query.After?.Value ?? long.MaxValue, values) : Best(query.After?.Value ?? 0, values);
    }

    private List<FoundPlace> Newest(long before, (string, object?)[] values) => Rows("""
        SELECT m.id, d.sequence, d.place, 0.0 FROM
            (SELECT rowid AS place FROM spoken WHERE spoken MATCH $match AND rowid >= $from AND rowid < min($to, $before) ORDER BY rowid DESC LIMIT $limit) AS hit
        JOIN documents d ON d.place = hit.place JOIN meetings m ON m.number = d.meeting ORDER BY d.place DESC
        """, Place, [.. values, ("$before", before)]);

    private List<FoundPlace> Best(long skip, (string, object?)[] values) => Rows("""
        SELECT m.id, d.sequence, d.place, hit.score FROM
            (SELECT rowid AS place, -bm25(spoken, 1.0, 0.0) AS score FROM spoken WHERE spoken MATCH $match AND rowid >= $from AND rowid < $to
             ORDER BY score DESC, rowid DESC LIMIT $limit OFFSET $skip) AS hit
        JOIN documents d ON d.place = hit.place JOIN meetings m ON m.number = d.meeting ORDER BY hit.score DESC, d.place DESC
        """, Place, [.. values, ("$skip", skip)]);

    private bool HasFrequentWord(SearchExpression expression)
    {
        long frequent = Math.Max(FewestFrequent, connection.Scalar<long>("SELECT documents FROM source") / 10);
        foreach (var words in expression.Wanted())
        {
            string[] all = [.. SearchSyntax.WordsIn(words.Text)];
            for (int i = 0; i < all.Length; i++)
                if (IsOver(frequent, "true", ("$match", MatchText.OfWord(all[i], words.IsPrefix && i == all.Length - 1)))) return true;
        }
        return false;
    }

    /// <summary>Counts no further than it must.</summary>
    private bool IsOver(long most, string where, params ReadOnlySpan<(string, object?)> values) => connection.Scalar<long>(
        $"SELECT count(*) FROM (SELECT 1 FROM spoken WHERE spoken MATCH $match AND {where} LIMIT $most + 1)", [.. values, ("$most", most)]) > most;

    private List<T> Rows<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values) command.Parameters.AddWithValue(name, value);
        using var reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read()) rows.Add(row(reader));
        return rows;
    }

    private static FoundPlace Place(SqliteDataReader row) => new(
        MeetingId.TryParse(row.GetString(0), out var id) ? id : throw new FormatException("Not a meeting's id."),
        row.GetInt64(1), row.GetInt64(2), row.GetDouble(3));

    /// <summary>Places are of whole milliseconds: a bound between two of them is the upper one's.</summary>
    private static long CeilingPlace(DateTimeOffset at) =>
        SearchIndex.PlaceOf(at.ToUnixTimeMilliseconds() + (at.UtcTicks % TimeSpan.TicksPerMillisecond == 0 ? 0 : 1));
}
