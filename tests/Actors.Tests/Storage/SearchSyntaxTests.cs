using Microsoft.Data.Sqlite;
using Pipeline.Actors.Storage.Embedded;
using Pipeline.Actors.Storage.Embedded.Search;
using Pipeline.Actors.Storage.Search;

namespace Pipeline.Actors.Tests.Storage;

public sealed class SearchSyntaxTests
{
    [Theory]
    [InlineData("release", """text : ("release")""")]
    [InlineData("  release\u00a0 ", """text : ("release")""")]
    [InlineData("a b", """text : (("a") AND ("b"))""")]
    [InlineData("a AND b", """text : (("a") AND ("b"))""")]
    [InlineData("a OR b c", """text : (("a") OR (("b") AND ("c")))""")]
    [InlineData("(a OR b) c", """text : ((("a") OR ("b")) AND ("c"))""")]
    [InlineData("a NOT b", """text : (("a") NOT ("b"))""")]
    [InlineData("a AND NOT b", """text : (("a") NOT ("b"))""")]
    [InlineData("a b AND NOT c d", """text : (((("a") AND ("b")) NOT ("c")) AND ("d"))""")]
    [InlineData("a NOT b NOT c", """text : ((("a") NOT ("b")) NOT ("c"))""")]
    [InlineData("a NOT (b OR c)", """text : (("a") NOT (("b") OR ("c")))""")]
    [InlineData("\"go live\" now", """text : (("go live") AND ("now"))""")]
    [InlineData("\"go li\"*", """text : ("go li" *)""")]
    [InlineData("rel*", """text : ("rel" *)""")]
    [InlineData("a\"b\"c", """text : (("a") AND ("b") AND ("c"))""")]
    [InlineData("\"AND\" and or not", """text : (("AND") AND ("and") AND ("or") AND ("not"))""")]
    [InlineData("don't", """text : ("don't")""")]
    [InlineData("3.5%", """text : ("3.5%")""")]
    public void A_search_is_read_as_people_mean_it(string query, string match)
    {
        Assert.True(SearchSyntax.TryParse(query, out var expression, out _));
        Assert.Equal(match, MatchText.Of(expression!, speaker: null));
    }

    [Theory]
    [InlineData("", "must have a word to look for")]
    [InlineData("   ", "must have a word to look for")]
    [InlineData("NOT a", "has a NOT with nothing before it: say what to look for, then NOT what must not be there")]
    [InlineData("b (NOT a)", "has a NOT with nothing before it: say what to look for, then NOT what must not be there")]
    [InlineData("a AND", "ends where a word should follow")]
    [InlineData("a NOT", "ends where a word should follow")]
    [InlineData("OR a", "has OR where a word should be; to look for the word itself, put it in quotation marks")]
    [InlineData("a OR NOT b", "has NOT where a word should be; to look for the word itself, put it in quotation marks")]
    [InlineData("a AND OR b", "has OR where a word should be; to look for the word itself, put it in quotation marks")]
    [InlineData("(a", "has a parenthesis that is not closed")]
    [InlineData("a)", "closes a parenthesis that was not opened")]
    [InlineData("()", "has a parenthesis with nothing in it, or one that was not opened")]
    [InlineData("\"a", "has a quotation mark that is not closed")]
    [InlineData("\"\"", "has quotation marks without a letter or digit to look for")]
    [InlineData("+++", "has +++ without a letter or digit to look for")]
    [InlineData("*", "has * without a letter or digit to look for")]
    [InlineData("a*", "must have at least 2 letters before a *")]
    [InlineData("don't*", "must have at least 2 letters before a *")]
    [InlineData("*ab", "has a * that is not at the end of a word")]
    [InlineData("ab**", "has a * that is not at the end of a word")]
    [InlineData("a -b", "has -b: to exclude a word, write NOT before it")]
    [InlineData("a\0b", "must not hold control characters")]
    public void What_is_no_search_is_told_in_a_sentence(string query, string sentence)
    {
        Assert.False(SearchSyntax.TryParse(query, out _, out string wrong));
        Assert.Equal(sentence, wrong);
    }

    [Fact]
    public void A_search_has_bounds()
    {
        Assert.True(SearchSyntax.TryParse(string.Join(' ', Enumerable.Repeat("a", SearchSyntax.MostWords)), out _, out _));
        Assert.False(SearchSyntax.TryParse(string.Join(' ', Enumerable.Repeat("a", SearchSyntax.MostWords + 1)), out _, out _));
        Assert.True(SearchSyntax.TryParse(new string('a', SearchSyntax.LongestQuery), out _, out _));
        Assert.False(SearchSyntax.TryParse(new string('a', SearchSyntax.LongestQuery + 1), out _, out _));
        Assert.True(SearchSyntax.TryParse(new string('(', 16) + "a" + new string(')', 16), out _, out _));
        Assert.False(SearchSyntax.TryParse(new string('(', 17) + "a" + new string(')', 17), out _, out _));
    }

    /// <summary>Pieces that mean something to FTS5, to SQL or to nobody, put together at random.</summary>
    [Fact]
    public void Whatever_is_typed_is_refused_in_a_sentence_or_understood_by_the_engine()
    {
        string[] pieces =
        [
            "a", "bc", "word", "über", "e\u0301", "日本", "\ud83d\ude00", "\ud83d", "\udc00", "\uffff", "½", "٣", "AND", "OR", "NOT", "NEAR", "NEAR(a b, 2)", "(", ")", "\"", "\"", "*", " ", " ", " ",
            "^", ":", "text:", "speaker:p1", "{text speaker}:", "-", "+", "'", "''", ";--", "\\", "%", "_", "$match", "?1", "\0", "\u0002", "\u200b", "“", "”", "\u00a0", "--", "/*", "a\"b", "rank", "'); DROP TABLE spoken", "0x", "1e9",
        ];
        SystemSqlite.Use();
        using var connection = new SqliteConnection("Data Source=:memory:;Pooling=False");
        connection.Open();
        connection.Run("CREATE VIRTUAL TABLE spoken USING fts5 (text, speaker, content = '', prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2')");
        connection.Run("INSERT INTO spoken (rowid, text, speaker) VALUES (1, 'a bc word p1', 'p1')");

        var random = new Random(20250303);
        int understood = 0;
        for (int i = 0; i < 20_000; i++)
        {
            string query = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => pieces[random.Next(pieces.Length)] + (random.Next(2) == 0 ? " " : "")));
            if (!SearchSyntax.TryParse(query, out var expression, out string wrong))
            {
                Assert.NotEmpty(wrong);
                continue;
            }
            understood++;
            try
            {
                connection.Scalar<long>("SELECT count(*) FROM spoken WHERE spoken MATCH $match", ("$match", MatchText.Of(expression!, i % 2 == 0 ? null : "p1")));
                foreach (var words in expression!.Wanted()) Assert.NotEmpty(SearchSyntax.WordsIn(words.Text));
            }
            catch (SqliteException e)
            {
                Assert.Fail($"{query} → {MatchText.Of(expression!, null)}: {e.Message}");
            }
        }
        Assert.InRange(understood, 1000, 19_000);
    }
}
